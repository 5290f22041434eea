// SPDX-License-Identifier: Apache-2.0
#include "consumers/producers.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace leat::consumers {
namespace {

Remembered sent(uint64_t ms, TimeMs at_ms, uint64_t producer, uint64_t print) {
  return {.id = {ms, 0}, .at_ms = at_ms, .producer = producer, .print = {print, print}};
}

TEST(ProducersTest, RemembersForSoLongAndSoMany) {
  ChunkStore chunks;
  Producers producers(chunks, 1);
  producers.configure(1000, 2);
  producers.remember(sent(1, 100, 7, 1));
  EXPECT_EQ(producers.find({1, 1}, 1099), (StreamId{1, 0}));
  EXPECT_EQ(producers.find({1, 1}, 1100), std::nullopt);
  EXPECT_EQ(producers.find({1, 2}, 100), std::nullopt);
  producers.remember(sent(2, 200, 7, 2));
  producers.remember(sent(3, 300, 8, 3));
  producers.remember(sent(4, 400, 7, 4));  // one too many of the seventh
  EXPECT_EQ(producers.find({1, 1}, 400), std::nullopt);
  EXPECT_EQ(producers.find({2, 2}, 400), (StreamId{2, 0}));
  EXPECT_EQ(producers.tracked(400).ids, 3u);
  EXPECT_EQ(producers.tracked(1300).ids, 1u);
  EXPECT_EQ(producers.tracked(1300).producers, 1u);
  EXPECT_EQ(producers.added(), 4u);
  producers.configure(1000, 3);
  EXPECT_EQ(producers.tracked(400).ids, 0u);
  EXPECT_EQ(producers.added(), 4u);
}

// Against a model: what is found is what came last with that print, if it is young enough and among its producer's last
// ids_max.
TEST(ProducersTest, AnyOrderOfEvents) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 dice(seed);
    ChunkStore chunks;
    Producers producers(chunks, 1);
    uint64_t ids_max = 20;
    producers.configure(500, ids_max);
    std::map<uint64_t, std::vector<std::pair<uint64_t, StreamId>>> model;  // of a producer: print, id
    std::map<StreamId, TimeMs> times;
    TimeMs now_ms = 0;
    for (uint64_t i = 1; i <= 4000; ++i) {
      now_ms += static_cast<TimeMs>(dice() % 8);
      const uint64_t producer = dice() % 6, print = producer * 1000 + dice() % 60;
      producers.remember(sent(i, now_ms, producer, print));
      auto& own = model[producer];
      std::erase_if(own, [&](const auto& one) { return one.first == print; });
      if (own.size() == ids_max) own.erase(own.begin());
      own.emplace_back(print, StreamId{i, 0});
      times[{i, 0}] = now_ms;
      if (i % 100 != 0) continue;
      for (const auto& [name, remembered] : model) {
        for (const auto& [kept, id] : remembered) {
          const bool young = now_ms - times[id] < 500;
          EXPECT_EQ(producers.find({kept, kept}, now_ms), young ? std::optional(id) : std::nullopt) << seed << ' ' << i;
        }
      }
    }
    EXPECT_EQ(producers.clone(2)->digest(), producers.digest());
    EXPECT_TRUE(producers.free_some(SIZE_MAX));
  }
}

}  // namespace
}  // namespace leat::consumers
