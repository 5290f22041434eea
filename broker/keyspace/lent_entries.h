// SPDX-License-Identifier: Apache-2.0
// lent_entries.h: the packed entries of a small map in memory that is somebody else's: a key's row, to look at them, or
// a bench, to change them.
//
// Used by: ByteMap, which reads and changes them like a chunk of its own; Database, which lends the memory.
// Always:  - no entry is a blob, so they own nothing and there is nothing to release: they may be copied and forgotten.
#pragma once

#include <cstring>

#include "schemas/bytes.h"
#include "schemas/check.h"

namespace leat {

class LentEntries {
 public:
  // To look at.
  explicit LentEntries(View entries)
      : data_(const_cast<char*>(entries.data())), size_(static_cast<uint32_t>(entries.size())), room_(0) {}
  // To change: `entries`, copied to a bench of `room` bytes.
  LentEntries(View entries, char* bench, size_t room)
      : data_(bench), size_(static_cast<uint32_t>(entries.size())), room_(static_cast<uint32_t>(room)) {
    CHECK(size_ <= room_);
    if (size_ > 0) std::memcpy(data_, entries.data(), size_);
  }

  View bytes() const { return {data_, size_}; }
  size_t size() const { return size_; }
  char* data() { return data_; }
  // Makes the `from` bytes at `offset` into `to` bytes and returns where they start; what lies behind them moves.
  char* resize(size_t offset, size_t from, size_t to) {
    CHECK(offset + from <= size_ && size_ - from + to <= room_);
    char* const at = data_ + offset;
    if (from != to) std::memmove(at + to, at + from, size_ - offset - from);
    size_ = static_cast<uint32_t>(size_ - from + to);
    return at;
  }

 private:
  char* data_;
  uint32_t size_;
  uint32_t room_;  // 0: only to look at
};

}  // namespace leat
