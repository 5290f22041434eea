// SPDX-License-Identifier: Apache-2.0
#include "broker/protocol/numbers.h"

#include <gtest/gtest.h>

#include <cmath>

namespace leat {

TEST(NumbersTest, IntegersAreWrittenAsTheLibraryDoes) {
  for (int64_t value = -1100; value < 1100; ++value) EXPECT_EQ(integer_text(value), std::to_string(value));
  for (const int64_t value : {INT64_MIN, INT64_MAX, int64_t{1'000'000'007}})
    EXPECT_EQ(integer_text(value), std::to_string(value));
}

TEST(NumbersTest, IntegersAreStrict) {
  EXPECT_EQ(parse_integer("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(parse_integer("0"), 0);
  for (const View text :
       {"", "-", "+1", " 1", "1 ", "01", "-0", "9223372036854775808", "1.0", "0x1", "99999999999999999999999"}) {
    EXPECT_FALSE(parse_integer(text)) << text;
  }
}

TEST(NumbersTest, RealsAsRedisReadsThem) {
  EXPECT_EQ(parse_real("1e3"), 1000);
  EXPECT_EQ(parse_real("+inf"), INFINITY);
  EXPECT_EQ(parse_real("-Infinity"), -INFINITY);
  EXPECT_EQ(parse_real(Bytes(300, '0') + "1"), 1);
  EXPECT_EQ(parse_long_real("1" + Bytes(1000, '0')), 1e1000L);
  EXPECT_FALSE(parse_long_real(Bytes(5 * 1024, '1')).has_value());
  for (const View text : {"", "nan", " 1", "1 ", "x", "1e400"}) EXPECT_FALSE(parse_real(text)) << text;
}

TEST(NumbersTest, RealsAsRedisWritesThem) {
  EXPECT_EQ(real_text(3), "3");
  EXPECT_EQ(real_text(0.1), "0.1");
  EXPECT_EQ(real_text(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(real_text(-INFINITY), "-inf");
  EXPECT_EQ(real_text(1e17), "100000000000000000");
  EXPECT_EQ(real_text(4611686018427387904.0), "4611686018427388000");
  EXPECT_EQ(real_text(1e20), "1e+20");
  EXPECT_EQ(real_text(123456789012345680000.0), "123456789012345680000");
  EXPECT_EQ(real_text(1.5e300), "1.5e+300");
  EXPECT_EQ(real_text(-1.7976931348623157e308), "-1.7976931348623157e+308");
  EXPECT_EQ(real_text(5e-324), "5e-324");
  EXPECT_EQ(real_text(-3e-5), "-0.00003");
  EXPECT_EQ(real_text(1e-7), "1e-7");
  EXPECT_EQ(real_text(1.2345e-4), "1.2345e-4");
  EXPECT_EQ(real_text(123.4560000000012), "123.4560000000012");
  for (double value = 1e-320; value < 1e300; value *= 7.3) EXPECT_EQ(parse_real(real_text(value)), value);
  EXPECT_EQ(real_text(4503599627370495.0), "4503599627370495");
  EXPECT_EQ(long_real_text(10.5L + 0.1L), "10.6");
}

}  // namespace leat
