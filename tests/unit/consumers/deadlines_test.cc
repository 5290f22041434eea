// SPDX-License-Identifier: Apache-2.0
#include "consumers/deadlines.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace leat::consumers {
namespace {

template <typename Queue>
std::vector<Deadline> all(const Queue& queue) {
  std::vector<Deadline> all;
  queue.for_due(INT64_MAX, [&](Deadline deadline) {
    all.push_back(deadline);
    return true;
  });
  return all;
}

template <typename Payload>
class DeadlinesModel : public testing::Test {};
using Payloads = testing::Types<uint32_t, uint64_t>;
TYPED_TEST_SUITE(DeadlinesModel, Payloads);

TYPED_TEST(DeadlinesModel, DoesWhatAMultisetDoes) {
  for (uint64_t seed = 1; seed <= 9; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    Deadlines<TypeParam> queue;
    std::multiset<Deadline> model;
    // The last of three are years apart: no block holds many of them.
    const uint64_t times = seed % 3 == 0 ? 5 : seed > 6 ? uint64_t{1} << 40 : 1000000, payloads = seed % 2 == 0 ? 3 : 1000000;
    for (int i = 0; i < 60000; ++i) {
      const bool growing = i / 10000 % 2 == 0;
      const auto any = [&] {
        auto at = model.lower_bound({static_cast<TimeMs>(dice() % times), 0});
        return at == model.end() ? model.begin() : at;
      };
      if (model.empty() || dice() % 10 < (growing ? 8 : 2)) {
        const Deadline deadline{static_cast<TimeMs>(dice() % times), dice() % payloads};
        queue.add(deadline.at_ms, static_cast<TypeParam>(deadline.payload));
        model.insert(deadline);
      } else if (dice() % 3 == 0) {
        const TimeMs now = model.begin()->at_ms + 1;
        ASSERT_EQ(queue.pop_due(now), *model.begin());
        model.erase(model.begin());
      } else {
        const auto gone = any();
        ASSERT_TRUE(queue.remove(gone->at_ms, static_cast<TypeParam>(gone->payload)));
        model.erase(gone);
      }
      ASSERT_EQ(queue.size(), model.size());
      ASSERT_EQ(queue.earliest_ms(), model.empty() ? kNever : model.begin()->at_ms);
      ASSERT_EQ(queue.latest_ms(), model.empty() ? kNever : model.rbegin()->at_ms);
      if (i % 5000 == 0) {
        const auto now = static_cast<TimeMs>(dice() % times);
        const auto due = std::distance(model.begin(), model.upper_bound({now, UINT64_MAX}));
        ASSERT_EQ(queue.count_due(now), static_cast<size_t>(due));
        __int128 sum = 0;
        for (const Deadline& one : model) sum += one.at_ms;
        ASSERT_EQ(queue.average_ms(), model.empty() ? 0 : static_cast<TimeMs>(sum / static_cast<__int128>(model.size())));
        const std::set<Deadline> once(model.begin(), model.end());
        ASSERT_EQ(all(queue), std::vector<Deadline>(once.begin(), once.end()));
      }
    }
    while (!model.empty()) {
      ASSERT_EQ(queue.pop_due(INT64_MAX), *model.begin());
      model.erase(model.begin());
    }
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.memory(), 0u);
  }
}

TEST(Deadlines, DueAreThoseWhoseTimeHasCome) {
  Deadlines<uint64_t> queue;
  EXPECT_EQ(queue.earliest_ms(), kNever);
  EXPECT_FALSE(queue.pop_due(INT64_MAX));
  for (const TimeMs at : {30, 10, 20}) queue.add(at, static_cast<uint64_t>(at));
  EXPECT_FALSE(queue.pop_due(9));
  EXPECT_FALSE(queue.remove(10, 11));
  EXPECT_FALSE(queue.remove(11, 10));
  EXPECT_EQ(queue.pop_due(10), (Deadline{10, 10}));
  std::vector<TimeMs> due;
  queue.for_due(25, [&](Deadline deadline) { return due.push_back(deadline.at_ms), true; });
  EXPECT_EQ(due, std::vector<TimeMs>{20});
}

TEST(Deadlines, MayBeAsFarApartAsTimeIsLong) {
  Deadlines<uint32_t> queue;
  const TimeMs times[] = {5, INT64_MAX - 1, 5, TimeMs{1} << 40, INT64_MIN + 1, 0, -7, (TimeMs{1} << 40) + 1};
  std::multiset<TimeMs> model(std::begin(times), std::end(times));
  for (const TimeMs at : times) queue.add(at, 1);
  for (const TimeMs at : model) ASSERT_EQ(queue.pop_due(INT64_MAX), (Deadline{at, 1}));
  EXPECT_TRUE(queue.empty());
}

TEST(Deadlines, AreCompact) {
  std::mt19937_64 dice(1);
  Deadlines<uint32_t> rising, random;
  for (int i = 0; i < 100000; ++i) {
    rising.add(i, static_cast<uint32_t>(dice()));
    random.add(static_cast<TimeMs>(dice() % 1000000), static_cast<uint32_t>(dice()));
  }
  Deadlines<uint32_t> sessions;  // hundreds within each millisecond, in no order there
  for (int i = 0; i < 100000; ++i) sessions.add(i / 300, static_cast<uint32_t>(dice()));
  EXPECT_LT(rising.memory(), 100000u * 10);
  EXPECT_LT(random.memory(), 100000u * 11);
  EXPECT_LT(sessions.memory(), 100000u * 9);
  int slices = 1;
  while (!random.clear_some(50)) ++slices;
  EXPECT_GT(slices, 5);
  EXPECT_TRUE(random.empty());
}

}  // namespace
}  // namespace leat::consumers
