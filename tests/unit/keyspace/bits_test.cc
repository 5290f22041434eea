// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/bits.h"

#include <gtest/gtest.h>

#include <random>

namespace leat {
namespace {

// Everything against the slow and obvious way, over strings with long runs of the same.
class BitsTest : public ::testing::Test {
 protected:
  Bytes draw_text() {
    Bytes text;
    while (text.size() < 40 && dice_() % 8 != 0) text.append(dice_() % 20, "\0\xff\x10\xef"[dice_() % 4]);
    return text;
  }
  BitRange draw_range(const Bytes& text) {
    const uint64_t a = dice_() % (text.size() * 8), b = dice_() % (text.size() * 8);
    return {std::min(a, b), std::max(a, b)};
  }
  std::mt19937_64 dice_{7};
};

TEST_F(BitsTest, CountsAndFinds) {
  for (int i = 0; i < 3000; ++i) {
    const Bytes text = draw_text();
    if (text.empty()) continue;
    const BitRange range = draw_range(text);
    uint64_t count = 0;
    std::optional<uint64_t> found[2];
    for (uint64_t at = range.first; at <= range.last; ++at) {
      const bool bit = (static_cast<uint8_t>(text[at / 8]) >> (7 - at % 8) & 1) != 0;
      EXPECT_EQ(bit_at(text, at), bit);
      count += bit;
      if (!found[bit]) found[bit] = at;
    }
    EXPECT_EQ(count_bits(text, range), count);
    EXPECT_EQ(find_bit(text, true, range), found[1]);
    EXPECT_EQ(find_bit(text, false, range), found[0]);
  }
  EXPECT_EQ(count_bits("", {1, 0}), 0u);
  EXPECT_EQ(find_bit("", false, {1, 0}), std::nullopt);
  EXPECT_FALSE(bit_at("\xff", 8));
}

TEST_F(BitsTest, FieldsGoInAndOut) {
  for (int i = 0; i < 3000; ++i) {
    Bytes text = draw_text();
    const auto width = static_cast<unsigned>(1 + dice_() % kFieldBitsMax);
    const uint64_t position = dice_() % 200, value = dice_() & (~uint64_t{0} >> (kFieldBitsMax - width));
    const Bytes piece = with_field(text, position, width, value);
    EXPECT_LE(piece.size(), 9u);
    Bytes expected = text;
    expected.resize(std::max(text.size(), static_cast<size_t>((position + width + 7) / 8)));
    for (unsigned bit = 0; bit < width; ++bit) {
      const uint64_t at = position + bit;
      const auto mask = static_cast<char>(0x80 >> at % 8);
      const bool set = (value >> (width - 1 - bit) & 1) != 0;
      expected[at / 8] = static_cast<char>(set ? expected[at / 8] | mask : expected[at / 8] & ~mask);
    }
    text.resize(expected.size());
    text.replace(position / 8, piece.size(), piece);
    EXPECT_EQ(text, expected);
    EXPECT_EQ(field_at(text, position, width), value);
  }
}

}  // namespace
}  // namespace leat
