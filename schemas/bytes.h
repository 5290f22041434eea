// SPDX-License-Identifier: Apache-2.0
// bytes.h: Bytes owned, View borrowed, and the two ways integers are laid into them.
//
// Used by: everyone.
// Always:  - fixed-width integers are little-endian;
//          - a varint is unsigned LEB128 (7 bits a byte, low bits first), at most ten bytes;
//          - a View is valid for the call that receives it; whatever is stored is owned.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace leat {

using Bytes = std::string;
using View = std::string_view;
using Views = std::span<const View>;

// Empties what is used over and over, and gives its memory back when one large use has made it hold more than
// `most` items.
template <typename Container>
inline void clear_keeping(Container& items, size_t most) {
  items.clear();
  if (items.capacity() > most) Container().swap(items);
}

template <typename Int>
inline void put_fixed(Bytes& out, Int value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);  // every target of ours is little-endian
}
inline void put_u8(Bytes& out, uint8_t value) { put_fixed(out, value); }
inline void put_u16(Bytes& out, uint16_t value) { put_fixed(out, value); }
inline void put_u32(Bytes& out, uint32_t value) { put_fixed(out, value); }
inline void put_u64(Bytes& out, uint64_t value) { put_fixed(out, value); }

template <typename Int>
inline Int get_fixed(const char* from) {
  Int value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <typename Int>
inline void set_fixed(char* to, Int value) {
  std::memcpy(to, &value, sizeof value);
}

constexpr size_t kVarintBytesMax = 10;

// Bytes that `value` takes as a varint.
inline size_t varint_size(uint64_t value) {
  size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

// Writes to `to`, which must have room; returns the bytes written.
inline size_t write_varint(char* to, uint64_t value) {
  size_t size = 0;
  while (value >= 0x80) {
    to[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  to[size++] = static_cast<char>(value);
  return size;
}

inline void put_varint(Bytes& out, uint64_t value) {
  char scratch[kVarintBytesMax];
  out.append(scratch, write_varint(scratch, value));
}

// Reads bytes that this process wrote (chunks): advances `from`, checks nothing.
inline uint64_t read_varint(const char*& from) {
  uint64_t value = static_cast<uint8_t>(*from++);
  if (value < 0x80) return value;
  value &= 0x7f;
  for (int shift = 7;; shift += 7) {
    const uint64_t byte = static_cast<uint8_t>(*from++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

}  // namespace leat
