// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/output.h"

#include <algorithm>

#include "broker/protocol/numbers.h"
#include "broker/rdb/format.h"
#include "broker/rdb/lzf.h"

namespace leat::rdb {

namespace {
constexpr size_t kNumberTextMax = 11;      // of an i32
constexpr size_t kCompressedFrom = 21;     // shorter ones are not worth the time
constexpr size_t kCompressedSaves = 4;     // bytes at least
constexpr size_t kLengthBytesMax = 1 + 8;
}  // namespace

void Output::big_endian(uint64_t value, size_t bytes) {
  for (size_t i = bytes; i-- > 0;) byte(static_cast<uint8_t>(value >> 8 * i));
}

void Output::length(uint64_t value) {
  if (value < kLength14) {
    byte(static_cast<uint8_t>(value));
  } else if (value < 1 << 14) {
    big_endian(kLength14 << 8 | value, 2);
  } else if (value <= UINT32_MAX) {
    byte(kLength32);
    big_endian(value, 4);
  } else {
    byte(kLength64);
    big_endian(value, 8);
  }
}

void Output::id(StreamId id) {
  big_endian(id.ms, 8);
  big_endian(id.seq, 8);
}

bool Output::number(View bytes) {
  if (bytes.size() > kNumberTextMax) return false;
  const auto value = parse_integer(bytes);
  if (!value || *value < INT32_MIN || *value > INT32_MAX) return false;
  if (*value >= INT8_MIN && *value <= INT8_MAX) byte(kText8), fixed(static_cast<int8_t>(*value));
  else if (*value >= INT16_MIN && *value <= INT16_MAX) byte(kText16), fixed(static_cast<int16_t>(*value));
  else byte(kText32), fixed(static_cast<int32_t>(*value));
  return true;
}

// The two lengths stand before the bytes: those come first, and are then moved to make room for what they came to.
bool Output::compressed(View bytes) {
  if (bytes.size() < kCompressedFrom) return false;
  const size_t start = out_.size();
  const size_t took = lzf_append(out_, bytes, kCompressedSaves);
  if (took == 0) return false;
  Bytes head;
  head.reserve(1 + 2 * kLengthBytesMax);
  Output lengths(head);
  lengths.byte(kTextLzf);
  lengths.length(took);
  lengths.length(bytes.size());
  out_.insert(start, head);
  return true;
}

void Output::string(View bytes) {
  if (number(bytes) || compressed(bytes)) return;
  length(bytes.size());
  raw(bytes);
}

}  // namespace leat::rdb
