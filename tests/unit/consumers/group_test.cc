// SPDX-License-Identifier: Apache-2.0
#include "consumers/group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace leat::consumers {
namespace {

struct Held {
  Bytes consumer;
  TimeMs at_ms;
  uint64_t count;
};

void expect_same(const Group& group, const std::map<StreamId, Held>& model) {
  ASSERT_EQ(group.pending().size(), model.size());
  std::map<Bytes, std::vector<StreamId>> by_consumer;
  auto at = group.pending().begin();
  for (const auto& [id, held] : model) {
    ASSERT_EQ(at->id, id);
    ASSERT_EQ(group.consumer_of(*at).name(), held.consumer);
    ASSERT_EQ(at->delivered_at_ms, held.at_ms);
    ASSERT_EQ(at->delivery_count, held.count);
    by_consumer[held.consumer].push_back(id);
    at.next();
  }
  std::vector<PendingTime> times;
  for (const auto& [id, held] : model) times.push_back({held.at_ms, id});
  std::sort(times.begin(), times.end());
  auto time = group.pending_times().begin();
  for (const PendingTime& expected : times) {
    ASSERT_EQ(*time, expected);
    time.next();
  }
  ASSERT_FALSE(time.valid());
  for (const auto& [name, consumer] : group.consumers()) {
    std::vector<StreamId> ids;
    for (auto own = consumer->pending_ids().begin(); own.valid(); own.next()) ids.push_back(*own);
    ASSERT_EQ(ids, by_consumer[name]);
    ASSERT_EQ(consumer->pending_count(), ids.size());
  }
}

TEST(GroupTest, AnIdIsPendingForOneConsumer) {
  std::mt19937_64 dice(1);
  ChunkStore chunks;
  Group group(chunks, 1, "g", {}, 0);
  std::map<StreamId, Held> model;
  const Bytes names[] = {"alice", "bob", "carol", "dave"};
  for (int round = 0; round < 50000; ++round) {
    const StreamId id{dice() % 3000, 0};
    const Bytes& name = names[dice() % 4];
    switch (dice() % 8) {
      case 0:
      case 1: {
        const StreamId ids[] = {id, id.next()};
        group.deliver(ids, name, round);
        for (const StreamId one : ids) model[one] = {name, round, 1};
        break;
      }
      case 2:
      case 3:
        group.claim(id, name, round, round % 7);
        model[id] = {name, round, static_cast<uint64_t>(round % 7)};
        break;
      case 4:
        if (dice() % 500 == 0) {
          const Consumer* consumer = group.find_consumer(name);
          const uint64_t held = consumer != nullptr ? consumer->pending_count() : 0;
          ASSERT_EQ(group.remove_consumer(name), held);
          ASSERT_EQ(std::erase_if(model, [&](const auto& one) { return one.second.consumer == name; }), held);
          ASSERT_EQ(group.find_consumer(name), nullptr);
        }
        break;
      default:
        ASSERT_EQ(group.ack(id), model.erase(id) == 1);
    }
    if (round % 5000 == 0) expect_same(group, model);
  }
  expect_same(group, model);
  const auto twin = group.clone(2);
  expect_same(*twin, model);
  EXPECT_EQ(twin->digest(), group.digest());
  const StreamId first = model.begin()->first;
  twin->ack(first);
  expect_same(group, model);
  EXPECT_NE(twin->digest(), group.digest());
  while (!twin->free_some(1)) continue;
  expect_same(group, model);
}

TEST(GroupTest, TheDigestLeavesSlotsAndSeenTimesOut) {
  ChunkStore chunks;
  Group one(chunks, 1, "g", {1, 1}, 5), two(chunks, 1, "g", {1, 1}, 5);
  const StreamId id[] = {{7, 0}};
  one.create_consumer("alice", 1);
  one.deliver(id, "bob", 10);
  two.create_consumer("gone", 3);
  two.create_consumer("bob", 2);
  two.remove_consumer("gone");
  two.create_consumer("alice", 2);
  two.deliver(id, "bob", 10);
  two.find_consumer("bob")->seen_time_ms = 99;
  EXPECT_EQ(one.digest(), two.digest());
  two.claim({7, 0}, "bob", 10, 2);
  EXPECT_NE(one.digest(), two.digest());
  two.claim({7, 0}, "bob", 10, 1);
  EXPECT_EQ(one.digest(), two.digest());
  two.set_last({1, 2}, kEntriesReadUnknown);
  EXPECT_NE(one.digest(), two.digest());
}

TEST(GroupTest, ConsumersKeepTheirTimes) {
  ChunkStore chunks;
  Group group(chunks, 1, "g", {}, 0);
  group.create_consumer("alice", 100);
  EXPECT_EQ(group.find_consumer("alice")->seen_time_ms, 100);
  EXPECT_EQ(group.find_consumer("alice")->active_time_ms, -1);
  const StreamId id[] = {{1, 0}};
  group.deliver(id, "alice", 200);
  EXPECT_EQ(group.find_consumer("alice")->active_time_ms, 200);
  EXPECT_EQ(&group.create_consumer("alice", 300), group.find_consumer("alice"));
  EXPECT_EQ(group.find_consumer("alice")->seen_time_ms, 100);
}

}  // namespace
}  // namespace leat::consumers
