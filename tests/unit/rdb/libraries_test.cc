// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/libraries.h"

#include <gtest/gtest.h>

#include <random>

#include "broker/rdb/crc64.h"

namespace leat::rdb {
namespace {

// With a footer that fits.
Bytes sealed(Bytes body, uint16_t version = 10) {
  put_fixed(body, version);
  put_fixed(body, crc64(body));
  return body;
}

Bytes why(const Bytes& payload) { return Bytes(read_libraries(payload).status().text()); }

TEST(Libraries, OfEveryLength) {
  for (const size_t size : {0u, 1u, 63u, 64u, 16383u, 16384u, 100000u}) {
    const Bytes first(size, 'a'), second(size / 2, 'b');
    const View codes[] = {first, second};
    const auto read = read_libraries(dump_libraries(codes));
    ASSERT_TRUE(read.ok()) << size;
    EXPECT_EQ(*read, (std::vector<Bytes>{first, second}));
  }
  EXPECT_EQ(dump_libraries({}), Bytes("\n\0]\x9b\\@\x0f\x7f\xa2\xda", 10));
  EXPECT_TRUE(read_libraries(dump_libraries({}))->empty());
}

TEST(Libraries, WhatDoesNotFit) {
  const Bytes wrong = "ERR DUMP payload version or checksum are wrong", cut = "ERR Failed loading library data";
  const Bytes one(
      "\xf5\x03"
      "abc",
      5);
  EXPECT_EQ(why(sealed(one)), "");
  EXPECT_EQ(why(sealed(one, 12)), "");
  EXPECT_EQ(why(sealed(one, 13)), wrong);
  EXPECT_EQ(why(""), wrong);
  EXPECT_EQ(why("123456789"), wrong);
  EXPECT_EQ(why(sealed(Bytes("\xf6\x03"
                             "abc",
                             5))),
            "ERR Pre-GA function format not supported");
  EXPECT_EQ(why(sealed(Bytes("\0\1v", 3))), "ERR given type is not a function");
  EXPECT_EQ(why(sealed(one + "x")), "ERR given type is not a function");
  for (const Bytes& body : {Bytes("\xf5"),
                            Bytes("\xf5\x04"
                                  "abc"),
                            Bytes("\xf5\x81\xff\xff\xff\xff\xff\xff\xff\xff"
                                  "abc"),
                            Bytes("\xf5\xc3\x03\x84"
                                  "abc",
                                  7),
                            Bytes("\xf5\xc3\x01\x80\xff\xff\xff\xff"
                                  "a",
                                  9),
                            Bytes("\xf5\xc4")}) {
    EXPECT_EQ(why(sealed(body)), cut);
  }
}

TEST(Libraries, AnyBytesWithAFooterThatFits) {
  std::mt19937 dice(1);
  for (int round = 0; round < 20000; ++round) {
    Bytes body;
    for (size_t left = dice() % 40; left > 0; --left) body += static_cast<char>(dice() % 4 == 0 ? 0xf5 : dice() % 256);
    static_cast<void>(read_libraries(sealed(body)));  // that it comes back is what is asked
  }
}

}  // namespace
}  // namespace leat::rdb
