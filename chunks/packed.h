// SPDX-License-Identifier: Apache-2.0
// packed.h: items that can be walked in both directions, and an entry written straight into its chunk.
//
// Used by: lists, sorted sets and streams.
// Always:  - an item is its bytes and then `back`, how many bytes those were; `back` is one byte below 128, else two:
//            the high seven bits, then the low seven with the top bit set. It is read from its end, so that the item
//            before a place is found without walking from the front: RPOP is as cheap as LPOP.
#pragma once

#include "chunks/chunk_store.h"
#include "schemas/bytes.h"

namespace leat::packed {

constexpr size_t kBodyMax = (1 << 14) - 1;  // bytes of an item that `back` can express

constexpr size_t kItemOverheadMax = kVarintBytesMax + 2;  // what an item takes beyond its value, at most

inline size_t back_size(size_t body) { return body < 0x80 ? 1 : 2; }
inline size_t item_size(size_t body) { return body + back_size(body); }

// Returns where the item ends.
inline char* write_back(char* to, size_t body) {
  if (body >= 0x80) {
    *to++ = static_cast<char>(body >> 7);
    body = (body & 0x7f) | 0x80;
  }
  *to++ = static_cast<char>(body);
  return to;
}

inline void skip_back(const char*& from, size_t body) { from += back_size(body); }

// The size of the whole item that ends here.
inline size_t size_before(const char* end) {
  const size_t low = static_cast<uint8_t>(end[-1]);
  if (low < 0x80) return low + 1;
  return ((low & 0x7f) | static_cast<size_t>(static_cast<uint8_t>(end[-2])) << 7) + 2;
}

inline bool is_blob(const char* entry) { return *entry & 1; }

// An entry about to be written (chunk.h tells its bytes); makes the blob where the value is long.
class Entry {
 public:
  Entry(ChunkStore& chunks, View value) : value_(value) {
    if (value.size() > kInlineEntryMax) {
      head_ = chunks.keep(value) << 1 | 1;
      value_ = View();
    } else {
      head_ = value.size() << 1;
    }
    size_ = varint_size(head_) + value_.size();
  }
  size_t size() const { return size_; }
  bool blob() const { return head_ & 1; }
  char* write(char* to) const {
    to += write_varint(to, head_);
    if (!value_.empty()) std::memcpy(to, value_.data(), value_.size());
    return to + value_.size();
  }

 private:
  View value_;
  uint64_t head_;
  size_t size_;
};

}  // namespace leat::packed
