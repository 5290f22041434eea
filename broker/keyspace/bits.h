// SPDX-License-Identifier: Apache-2.0
// bits.h: a string as an array of bits; bit 0 is the highest of the first byte, and behind the last byte all are 0.
//
// Used by: the bitmap commands.
// Always:  - eight bytes at a time: half a gigabyte is counted in a few tenths of a second;
//          - fields are big-endian, as everything between bits is: bit 0 of a field is its most significant.
#pragma once

#include <optional>

#include "schemas/bytes.h"

namespace leat {

// A run of bits, from `first` to `last`, both counted; empty when first > last.
struct BitRange {
  uint64_t first = 0, last = 0;
  bool empty() const { return first > last; }
};

bool bit_at(View bytes, uint64_t position);
// The range must lie within the bytes, unless it is empty.
uint64_t count_bits(View bytes, BitRange range);
std::optional<uint64_t> find_bit(View bytes, bool bit, BitRange range);

// An unsigned field of 1 to 64 bits.
constexpr unsigned kFieldBitsMax = 64;
uint64_t field_at(View bytes, uint64_t position, unsigned width);
// The bytes that hold the field, from byte position / 8 on, once it has that value; the rest of them stays as it is.
Bytes with_field(View bytes, uint64_t position, unsigned width, uint64_t value);

}  // namespace leat
