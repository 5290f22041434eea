// SPDX-License-Identifier: Apache-2.0
#include "chunks/pause.h"

#include <gtest/gtest.h>

#include <random>

namespace leat {
namespace {

TEST(Pause, RestsAfterEachStretch) {
  int rests = 0;
  Pause pause([&] { ++rests; });
  for (size_t i = 0; i < 10; ++i) pause.after(Pause::kStretchBytes / 2);
  EXPECT_EQ(rests, 5);
  pause.after(100 * Pause::kStretchBytes);
  EXPECT_EQ(rests, 6) << "what was done in one go cannot be cut up afterwards";
}

using Pairs = std::vector<std::pair<uint64_t, uint64_t>>;  // sorted by the first, the second tells them apart

struct Sorted {
  size_t compared = 0, longest = 0;  // in all, and between two rests
};

Sorted sort(Pairs& pairs) {
  Sorted seen;
  size_t at_rest = 0;
  Pause pause([&] {
    seen.longest = std::max(seen.longest, seen.compared - at_rest);
    at_rest = seen.compared;
  });
  const auto less = [&](const auto& a, const auto& b) {
    ++seen.compared;
    return a.first < b.first;
  };
  sort_with_pauses(pairs, less, pause);
  seen.longest = std::max(seen.longest, seen.compared - at_rest);
  return seen;
}

Pairs random_pairs(size_t size, uint64_t different) {
  std::mt19937_64 dice(size);
  Pairs pairs;
  for (size_t i = 0; i < size; ++i) pairs.emplace_back(dice() % different, i);
  return pairs;
}

TEST(PausedSort, IsAStableSort) {
  for (const size_t size : {0, 1, 2, 1000, 1023, 1024, 1025, 2048, 2049, 5000, 100'000}) {
    for (const uint64_t different : {uint64_t{1}, uint64_t{50}, UINT64_MAX}) {
      Pairs pairs = random_pairs(size, different), expected = pairs;
      std::stable_sort(expected.begin(), expected.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      sort(pairs);
      ASSERT_EQ(pairs, expected) << size << " of " << different;
    }
  }
}

TEST(PausedSort, NoStretchIsLong) {
  Pairs pairs = random_pairs(1'000'000, UINT64_MAX);
  EXPECT_LT(sort(pairs).longest, 200'000u);  // the short runs are the costlier part: ten comparisons an item
}

TEST(PausedSort, WhatIsSortedCostsALook) {
  Pairs pairs;
  for (size_t i = 0; i < 100'000; ++i) pairs.emplace_back(i / 3, i);
  EXPECT_LT(sort(pairs).compared, 101'000u);
}

}  // namespace
}  // namespace leat
