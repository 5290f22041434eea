// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/crc64.h"

#include <gtest/gtest.h>

namespace leat::rdb {

TEST(Crc64Test, IsTheOneThatRedisWrites) {
  EXPECT_EQ(crc64(""), 0u);
  EXPECT_EQ(crc64("123456789"), 0xe9c6d914c4b8d9cau);
}

TEST(Crc64Test, EightAtOnceIsOneByOne) {
  Bytes bytes;
  for (int i = 0; i < 100; ++i) bytes += static_cast<char>(i * 37);
  uint64_t sum = 0;
  for (size_t size = 0; size <= bytes.size(); ++size) {
    uint64_t slow = 0;
    for (size_t i = 0; i < size; ++i) {
      slow ^= static_cast<uint8_t>(bytes[i]);
      for (int bit = 0; bit < 8; ++bit) slow = slow >> 1 ^ (slow & 1 ? 0x95ac9329ac4bc9b5 : 0);
    }
    ASSERT_EQ(crc64(View(bytes).substr(0, size)), slow) << size;
    sum ^= slow;
  }
  EXPECT_NE(sum, 0u);
}

}  // namespace leat::rdb
