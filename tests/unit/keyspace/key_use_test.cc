// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/key_use.h"

#include <gtest/gtest.h>

#include <random>

namespace leat {

constexpr TimeMs kNow = 1'700'000'000'000;
constexpr TimeMs kMinute = 60'000;

TEST(LastUse, IsOfTenthsOfASecondAndWraps) {
  const uint32_t use = LastUse::at(kNow);
  EXPECT_EQ(LastUse::idle_ms(use, kNow + 12'345), 12'300);
  EXPECT_EQ(LastUse::idle_ms(use, kNow - 60'000), 0);  // the wall was turned back
  const TimeMs before_wrap = (int64_t{1} << 32) * LastUse::kStepMs - 1000;
  EXPECT_EQ(LastUse::idle_ms(LastUse::at(before_wrap), before_wrap + 5000), 5000);
  EXPECT_NE(LastUse::at((int64_t{1} << 32) * LastUse::kStepMs), 0u);  // that would be "not known"
}

TEST(UseCount, RisesLikeALogarithm) {
  const UseCount counter{.factor = 10, .decay_minutes = 1};
  std::mt19937_64 dice(1);
  uint32_t use = counter.first(kNow);
  EXPECT_EQ(counter.count(use, kNow), UseCount::kFirst);
  const auto after = [&](int uses) {
    for (int i = 0; i < uses; ++i) use = counter.used(use, kNow, dice());
    return counter.count(use, kNow);
  };
  // Redis' table for a factor of 10: 10, 18, 142, 255 after a hundred, a thousand, a hundred thousand, a million.
  EXPECT_NEAR(after(100), 10, 3);
  EXPECT_NEAR(after(900), 18, 5);
  EXPECT_NEAR(after(99'000), 142, 12);
  EXPECT_EQ(after(900'000), 255);
}

TEST(UseCount, FallsWithTime) {
  const UseCount counter{.factor = 0, .decay_minutes = 2};
  uint32_t use = counter.first(kNow);
  for (int i = 0; i < 20; ++i) use = counter.used(use, kNow, 0);
  EXPECT_EQ(counter.count(use, kNow), 25);
  EXPECT_EQ(counter.count(use, kNow + 7 * kMinute), 22);
  EXPECT_EQ(counter.count(use, kNow + 1000 * kMinute), 0);
  use = counter.used(use, kNow + 7 * kMinute, 0);  // what fell, fell
  EXPECT_EQ(counter.count(use, kNow + 7 * kMinute), 23);
  const UseCount lasting{.factor = 0, .decay_minutes = 0};
  EXPECT_EQ(lasting.count(use, kNow + 1000 * kMinute), 23);
  EXPECT_EQ(counter.count(0, kNow), UseCount::kFirst);  // not known
}

}  // namespace leat
