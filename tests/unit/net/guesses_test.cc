// SPDX-License-Identifier: Apache-2.0
#include "broker/guesses.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

constexpr TimeMs kWindow = 10'000;
constexpr size_t kMost = 3;

IpAddress address(View text) { return *IpAddress::parse(text); }

TEST(GuessesTest, PastTheBoundNobodyFromThereIsListenedTo) {
  Guesses guesses;
  const IpAddress bad = address("192.0.2.1"), good = address("192.0.2.2");
  for (size_t i = 1; i <= kMost; ++i) {
    EXPECT_TRUE(guesses.may_try(bad, 1000, kWindow, kMost));
    EXPECT_EQ(guesses.failed(bad, 1000, kWindow), i);
  }
  EXPECT_FALSE(guesses.may_try(bad, 1000 + kWindow - 1, kWindow, kMost));
  EXPECT_TRUE(guesses.may_try(good, 1000, kWindow, kMost));
  EXPECT_TRUE(guesses.may_try(bad, 1000, kWindow, 0)) << "no bound";
  EXPECT_TRUE(guesses.may_try(bad, 1000 + kWindow, kWindow, kMost)) << "the window is over";
  EXPECT_EQ(guesses.failed(bad, 1000 + kWindow, kWindow), 1u);
}

TEST(GuessesTest, AMachineCannotChooseAnotherAddressOfItsOwn) {
  Guesses guesses;
  for (size_t i = 0; i < kMost; ++i) guesses.failed(address("2001:db8:1:2::" + std::to_string(i)), 0, kWindow);
  EXPECT_FALSE(guesses.may_try(address("2001:db8:1:2::ffff"), 0, kWindow, kMost));
  EXPECT_TRUE(guesses.may_try(address("2001:db8:1:3::"), 0, kWindow, kMost));
}

TEST(GuessesTest, MemoryIsBounded) {
  Guesses guesses;
  for (int i = 0; i < 10'000; ++i) {
    guesses.failed(address("10.0." + std::to_string(i / 256) + '.' + std::to_string(i % 256)), i / 100, kWindow);
  }
  EXPECT_EQ(guesses.addresses(), Guesses::kAddressesMax);
  EXPECT_EQ(guesses.failed(address("10.0.39.15"), 99, kWindow), 2u) << "the last one is remembered";
  EXPECT_EQ(guesses.failed(address("10.0.0.0"), 99, kWindow), 1u) << "the first one is not";
}

TEST(IpAddressTest, OfAPeer) {
  EXPECT_EQ(IpAddress::of_peer("192.0.2.1:50000"), IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(IpAddress::of_peer("[2001:db8::1]:50000"), IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(IpAddress::of_peer("[::ffff:192.0.2.1]:1"), IpAddress::parse("192.0.2.1"));
  EXPECT_FALSE(IpAddress::of_peer(""));
}

}  // namespace
}  // namespace leat
