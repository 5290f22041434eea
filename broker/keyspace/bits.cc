// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/bits.h"

#include <bit>

namespace leat {

namespace {

constexpr size_t kWord = sizeof(uint64_t);
constexpr uint64_t kOnes = ~uint64_t{0};

// Without the processor's own instruction, which the oldest of our targets lack: pairs, nibbles, bytes, their sum.
uint64_t count_word(uint64_t word) {
  word -= (word >> 1) & 0x5555555555555555u;
  word = (word & 0x3333333333333333u) + ((word >> 2) & 0x3333333333333333u);
  word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  return (word * 0x0101010101010101u) >> 56;
}

uint64_t count_bytes(View bytes) {
  uint64_t count = 0;
  size_t at = 0;
  for (; at + kWord <= bytes.size(); at += kWord) count += count_word(get_fixed<uint64_t>(bytes.data() + at));
  for (; at < bytes.size(); ++at) count += count_word(static_cast<uint8_t>(bytes[at]));
  return count;
}

uint8_t byte_at(View bytes, uint64_t at) { return at < bytes.size() ? static_cast<uint8_t>(bytes[at]) : 0; }

// Of the byte at `at`, the bits that lie in the range: 1s in a mask.
uint8_t mask_of(BitRange range, uint64_t at) {
  unsigned mask = 0xff;
  if (range.first / 8 == at) mask &= 0xffu >> (range.first % 8);
  if (range.last / 8 == at) mask &= 0xffu << (7 - range.last % 8);
  return static_cast<uint8_t>(mask);
}

// The first byte from `at` to before `end` that is not `skipped`, eight times in a row.
uint64_t skip_bytes(View bytes, uint64_t at, uint64_t end, uint8_t skipped) {
  const uint64_t word = skipped == 0 ? 0 : kOnes;
  while (at + kWord <= end && get_fixed<uint64_t>(bytes.data() + at) == word) at += kWord;
  while (at < end && byte_at(bytes, at) == skipped) ++at;
  return at;
}

}  // namespace

bool bit_at(View bytes, uint64_t position) { return (byte_at(bytes, position / 8) >> (7 - position % 8) & 1) != 0; }

uint64_t count_bits(View bytes, BitRange range) {
  if (range.empty()) return 0;
  const uint64_t first = range.first / 8, last = range.last / 8;
  uint64_t count = count_word(byte_at(bytes, first) & mask_of(range, first));
  if (first == last) return count;
  count += count_bytes(bytes.substr(first + 1, last - first - 1));
  return count + count_word(byte_at(bytes, last) & mask_of(range, last));
}

std::optional<uint64_t> find_bit(View bytes, bool bit, BitRange range) {
  if (range.empty()) return std::nullopt;
  const uint64_t last = range.last / 8;
  for (uint64_t at = range.first / 8; at <= last; ++at) {
    const unsigned wanted = (bit ? byte_at(bytes, at) : byte_at(bytes, at) ^ 0xffu) & mask_of(range, at);
    if (wanted != 0) return at * 8 + static_cast<uint64_t>(std::countl_zero(static_cast<uint8_t>(wanted)));
    if (at < last) at = skip_bytes(bytes, at + 1, last, bit ? 0 : 0xff) - 1;
  }
  return std::nullopt;
}

uint64_t field_at(View bytes, uint64_t position, unsigned width) {
  unsigned __int128 wide = 0;  // the field and what shares its bytes: nine of them at most
  const uint64_t last = (position + width - 1) / 8;
  for (uint64_t at = position / 8; at <= last; ++at) wide = wide << 8 | byte_at(bytes, at);
  wide >>= 7 - (position + width - 1) % 8;
  return static_cast<uint64_t>(wide) & (kOnes >> (kFieldBitsMax - width));
}

Bytes with_field(View bytes, uint64_t position, unsigned width, uint64_t value) {
  const uint64_t first = position / 8, last = (position + width - 1) / 8;
  const unsigned shift = static_cast<unsigned>(7 - (position + width - 1) % 8);
  unsigned __int128 wide = 0;
  for (uint64_t at = first; at <= last; ++at) wide = wide << 8 | byte_at(bytes, at);
  const unsigned __int128 mask = static_cast<unsigned __int128>(kOnes >> (kFieldBitsMax - width)) << shift;
  wide = (wide & ~mask) | (static_cast<unsigned __int128>(value) << shift & mask);
  Bytes out(last - first + 1, 0);
  for (size_t at = out.size(); at-- > 0; wide >>= 8) out[at] = static_cast<char>(wide & 0xff);
  return out;
}

}  // namespace leat
