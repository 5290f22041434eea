// SPDX-License-Identifier: Apache-2.0
// string.h: a string too long for its key's row.
//
// Used by: the keyspace, which decides what is too long; handlers see its bytes through Found::text.
// Always:  - contiguous, in one chunk however long; appending costs amortised what is appended.
#pragma once

#include "broker/keyspace/value.h"
#include "chunks/chunk_store.h"

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
  size_t memory() const override { return sizeof *this - sizeof(Chunk) + chunk_.memory(); }
  std::unique_ptr<Value> clone(ValueId id) const override;
  uint64_t digest() const override { return digest::of(bytes()); }
  bool free_some(size_t) override { return true; }  // one chunk; the destructor does it
  bool load(std::vector<std::unique_ptr<Chunk>> chunks) override;

 private:
  ChunkStore& chunks_;
  Chunk chunk_;
};

}  // namespace leat
