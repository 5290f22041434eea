// SPDX-License-Identifier: Apache-2.0
#include "broker/protocol/keys_ahead.h"

#include <gtest/gtest.h>

#include <vector>

namespace leat {
namespace {

std::vector<Bytes> ahead(View input) {
  const KeysAhead keys(input);
  return {keys.views().begin(), keys.views().end()};
}

constexpr View kGet = "*2\r\n$3\r\nGET\r\n$2\r\nk1\r\n";
constexpr View kPing = "*1\r\n$4\r\nPING\r\n";
constexpr View kSet = "*3\r\n$3\r\nSET\r\n$2\r\nk2\r\n$5\r\nv\r\n*1\r\n";

TEST(KeysAhead, AreTheFirstKeysOfWholeRequests) {
  EXPECT_EQ(ahead(Bytes(kGet) + Bytes(kPing) + Bytes(kSet) + Bytes(kGet)), (std::vector<Bytes>{"k1", "k2", "k1"}));
  EXPECT_EQ(ahead("*5\r\n$7\r\nevalsha\r\n$2\r\nab\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\nx\r\n"), std::vector<Bytes>{"k"});
  EXPECT_TRUE(ahead("*3\r\n$4\r\nEVAL\r\n$2\r\nab\r\n$1\r\n0\r\n").empty());
  EXPECT_TRUE(ahead("").empty());
  EXPECT_TRUE(ahead(kPing).empty());
}

TEST(KeysAhead, EndWhereARequestIsCutShortOrIsNone) {
  const Bytes both = Bytes(kSet) + Bytes(kGet);
  for (size_t size = 0; size < both.size(); ++size)
    EXPECT_EQ(ahead(View(both).substr(0, size)).size(), size >= kSet.size() ? 1u : 0u) << size;
  for (const View bad : {"GET k\r\n", "*-1\r\n", "*\r\n", "*2\r\n:1\r\n", "*2\r\n$99999999999999999999\r\n", "*2\r\n$-1\r\n",
                         "*9999999\r\n$1\r\na\r\n"})
    EXPECT_EQ(ahead(Bytes(kGet) + Bytes(bad) + Bytes(kGet)).size(), 1u) << bad;
}

TEST(KeysAhead, AreNoMoreThanItHasRoomFor) {
  Bytes many;
  for (int i = 0; i < 100; ++i) many += kGet;
  EXPECT_EQ(ahead(many).size(), KeysAhead::kMax);
}

}  // namespace
}  // namespace leat
