// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/hyperloglog.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

namespace leat {
namespace {

// What is added to a sparse one, to a dense one and to plain registers comes to the same.
TEST(HyperLogLog, SparseDenseAndPlainAgree) {
  std::mt19937_64 dice(1);
  for (const size_t limit : {size_t{0}, size_t{100}, size_t{3000}, size_t{40000}}) {
    HyperLogLog sparse, dense;
    dense.make_dense();
    HyperLogLog::Registers plain{};
    for (int i = 0; i < 20000; ++i) {
      const size_t index = dice() % 16384;
      const auto value = static_cast<uint8_t>(1 + std::countr_zero(dice() | uint64_t{1} << 40));
      const bool rises = value > plain[index];
      plain[index] = std::max(plain[index], value);
      EXPECT_EQ(sparse.raise(index, value, limit), rises);
      EXPECT_EQ(dense.raise(index, value, limit), rises);
      if (i % 997 != 0) continue;
      ASSERT_TRUE(HyperLogLog::looks_like(sparse.bytes()));
      ASSERT_TRUE(HyperLogLog::parse(sparse.bytes()).has_value());
      EXPECT_TRUE(sparse.dense() || sparse.bytes().size() <= std::max<size_t>(limit, 18));
      HyperLogLog::Registers a{}, b{};
      sparse.merge_into(a);
      dense.merge_into(b);
      ASSERT_EQ(a, plain);
      ASSERT_EQ(b, plain);
    }
    sparse.make_dense();
    EXPECT_EQ(sparse.bytes(), dense.bytes());
  }
}

TEST(HyperLogLog, CountsAboutRight) {
  HyperLogLog counter;
  for (int64_t added = 1; added <= 1'000'000; ++added) {
    counter.add("element " + std::to_string(added), 3000);
    if ((added & (added - 1)) != 0) continue;
    const auto truth = static_cast<double>(added);
    EXPECT_NEAR(static_cast<double>(counter.estimate()), truth, truth * 0.0081 * 4);
  }
}

TEST(HyperLogLog, TheStoredCountGoesStale) {
  HyperLogLog counter;
  EXPECT_EQ(HyperLogLog::stored_count(counter.bytes()), 0u);
  counter.mark_stale();
  EXPECT_EQ(HyperLogLog::stored_count(counter.bytes()), std::nullopt);
  Bytes bytes(counter.bytes());
  bytes.replace(HyperLogLog::kCountAt, 8, HyperLogLog::stored_form(77));
  EXPECT_EQ(HyperLogLog::stored_count(bytes), 77u);
}

}  // namespace
}  // namespace leat
