// SPDX-License-Identifier: Apache-2.0
// string.h: a string too long for its key's row.
//
// Used by: the keyspace, which decides what is too long; handlers see its bytes through Found::text.
// Always:  - contiguous, however long; appending costs amortised what is appended;
//          - up to kSavedWholeMax it is one row of a snapshot; a longer one has windows (chunks/windows.h).
#pragma once

#include "broker/keyspace/value.h"
#include "chunks/windows.h"

namespace leat {

class String final : public Value {
 public:
  static constexpr Type kType = Type::kString;

  String(ChunkStore& chunks, ValueId id);
  ~String() override;

  View bytes() const { return chunk_.bytes(); }
  void assign(View bytes);  // fits the memory to the bytes
  void append(View bytes) { write(size(), bytes); }
  void write(size_t offset, View bytes);  // what lies between the end and offset becomes zeros

  size_t size() const override { return chunk_.size(); }
  size_t memory() const override;
  std::unique_ptr<Value> clone(ValueId id) const override;
  uint64_t digest() const override { return digest::of(bytes()); }
  bool free_some(size_t chunks) override { return windows_ == nullptr || windows_->free_some(chunks); }
  bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) override;
  // Whether load() will take them, which may be put in order for it.
  static bool fit_together(std::vector<std::unique_ptr<Chunk>>& chunks, Pause& pause);

 private:
  enum class Saved : uint8_t { kWhole, kInWindows };
  static Saved way_for(size_t size) { return size > kSavedWholeMax ? Saved::kInWindows : Saved::kWhole; }
  Saved way() const { return windows_ == nullptr ? Saved::kWhole : Saved::kInWindows; }
  void start_over(Saved way);

  ChunkStore& chunks_;
  Chunk chunk_;                       // the bytes; loose when there are windows
  std::unique_ptr<Windows> windows_;  // of a long string
};

}  // namespace leat
