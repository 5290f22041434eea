// SPDX-License-Identifier: Apache-2.0
#include "consumers/pending.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace leat::consumers {
namespace {

TEST(PendingTest, DoesWhatAMapDoes) {
  for (const uint64_t range : {100, 20000}) {
    SCOPED_TRACE(range);
    std::mt19937_64 dice(range);
    ChunkStore chunks;
  Pending pending(Pending::Home{&chunks, 1, ChunkKind::kPending});
    std::map<StreamId, uint32_t> model;
    for (int round = 0; round < 200000; ++round) {
      const StreamId id{dice() % range, dice() % 2};
      if (dice() % 2) {
        const uint32_t count = dice() % 100;
        ASSERT_EQ(pending.insert({.id = id, .delivery_count = count}), model.emplace(id, count).second);
      } else {
        ASSERT_EQ(pending.erase(id), model.erase(id) == 1);
      }
      const StreamId sought{dice() % range, 0};
      const PendingEntry* found = pending.find(sought);
      ASSERT_EQ(found != nullptr, model.contains(sought));
      if (found != nullptr) {
        ASSERT_EQ(found->delivery_count, model[sought]);
      }
      if (round % 10000 != 0) continue;
      ASSERT_EQ(pending.size(), model.size());
      const auto after = model.lower_bound(sought);
      ASSERT_EQ(pending.count_before(sought), static_cast<uint64_t>(std::distance(model.begin(), after)));
      auto at = pending.from(sought);
      for (auto expected = after; expected != model.end(); ++expected, at.next()) {
        ASSERT_TRUE(at.valid());
        ASSERT_EQ(at->id, expected->first);
      }
      ASSERT_FALSE(at.valid());
    }
    ASSERT_EQ(pending.first_id(), model.begin()->first);
    ASSERT_EQ(pending.last_id(), model.rbegin()->first);
    for (const auto& [id, count] : model) ASSERT_TRUE(pending.erase(id));
    EXPECT_TRUE(pending.empty());
    EXPECT_FALSE(pending.begin().valid());
  }
}

TEST(PendingTest, IdsInOrderFillTheirArrays) {
  ChunkStore chunks;
  Pending pending(Pending::Home{&chunks, 1, ChunkKind::kPending});
  for (uint64_t ms = 1; ms <= 100000; ++ms) pending.insert({.id = {ms, 0}});
  EXPECT_LT(pending.memory(), 100000 * 34u);
  for (uint64_t ms = 1; ms <= 99000; ++ms) pending.erase({ms, 0});
  EXPECT_LT(pending.memory(), 1200 * 34u);
  while (!pending.free_some(1)) continue;
  EXPECT_TRUE(pending.empty());
}

}  // namespace
}  // namespace leat::consumers
