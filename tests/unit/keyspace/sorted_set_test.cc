// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/sorted_set.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

namespace leat {
namespace {

struct Model {
  std::map<Bytes, double> scores;
  std::set<std::pair<double, Bytes>> order;

  void add(const Bytes& member, double score) {
    const auto [at, created] = scores.emplace(member, score);
    if (!created && at->second == score) return;
    if (!created) order.erase({at->second, member});
    at->second = score;
    order.insert({score, member});
  }
  bool remove(const Bytes& member) {
    const auto at = scores.find(member);
    if (at == scores.end()) return false;
    order.erase({at->second, member});
    scores.erase(at);
    return true;
  }
  void erase_range(uint64_t rank, uint64_t count) {
    auto at = std::next(order.begin(), rank);
    for (; count > 0; --count, at = order.erase(at)) scores.erase(at->second);
  }
};

Bytes member_of(uint64_t number) {
  Bytes member = std::to_string(number * 0x9e3779b97f4a7c15);
  if (number % 50 == 0) member += Bytes(number % 5000, 'm');
  if (number % 7 == 0) member.insert(0, "a common prefix:");
  return member;
}

double random_score(std::mt19937_64& dice) {
  switch (dice() % 6) {
    case 0:
      return static_cast<double>(dice() % 4);
    case 1:
      return dice() % 2 ? INFINITY : -INFINITY;
    case 2:
      return dice() % 2 ? 0.0 : -0.0;
    default:
      return static_cast<double>(static_cast<int64_t>(dice())) / 1e12;
  }
}

void expect_same(const SortedSet& set, const Model& model) {
  ASSERT_EQ(set.size(), model.order.size());
  auto expected = model.order.begin();
  uint64_t rank = 0;
  for (auto at = set.front(); at.valid(); at.next(), ++expected, ++rank) {
    ASSERT_EQ(at.rank(), rank);
    ASSERT_EQ(at.score(), expected->first);
    ASSERT_EQ(at.member(), expected->second);
  }
  ASSERT_EQ(rank, model.order.size());
  auto backwards = model.order.rbegin();
  for (auto at = set.back(); at.valid(); at.previous(), ++backwards) ASSERT_EQ(at.member(), backwards->second);
  ASSERT_EQ(backwards, model.order.rend());
}

void change(SortedSet& set, Model& model, std::mt19937_64& dice, uint64_t members) {
  const Bytes member = member_of(dice() % members);
  switch (dice() % 16) {
    case 0:
    case 1:
    case 2:
    case 3:
      ASSERT_EQ(set.remove(member), model.remove(member));
      return;
    case 4: {
      if (dice() % 8 != 0) return;
      const uint64_t rank = dice() % (model.order.size() + 1);
      const uint64_t count = std::min<uint64_t>(model.order.size() - rank, dice() % 100);
      set.erase_range(rank, count);
      model.erase_range(rank, count);
      return;
    }
    default: {
      const double score = random_score(dice);
      ASSERT_EQ(set.add(member, score), !model.scores.contains(member));
      model.add(member, score);
    }
  }
}

void look(const SortedSet& set, const Model& model, const Bytes& member) {
  const auto known = model.scores.find(member);
  const auto score = set.score(member);
  ASSERT_EQ(score.has_value(), known != model.scores.end());
  if (!score) {
    ASSERT_FALSE(set.rank(member).has_value());
    return;
  }
  ASSERT_EQ(*score, known->second);
  const uint64_t rank = *set.rank(member);
  const auto at = set.cursor(rank);
  ASSERT_TRUE(at.valid());
  ASSERT_EQ(at.member(), member);
  ASSERT_EQ(at.score(), known->second);
}

TEST(SortedSetTest, DoesWhatAnOrderedSetDoes) {
  for (const uint64_t members : {20, 200, 5000}) {
    SCOPED_TRACE(members);
    std::mt19937_64 dice(members);
    ChunkStore chunks;
    SortedSet set(chunks, 1, 42);
    Model model;
    for (int round = 0; round < 60000; ++round) {
      change(set, model, dice, members);
      if (HasFatalFailure()) return;
      look(set, model, member_of(dice() % members));
      if (HasFatalFailure()) return;
      if (round % 5000 == 0) expect_same(set, model);
    }
    expect_same(set, model);
    for (int i = 0; i < 50; ++i) {
      const Bytes member = member_of(dice() % members);
      if (const auto rank = set.rank(member)) {
        const auto at = model.order.find({model.scores[member], member});
        ASSERT_EQ(*rank, static_cast<uint64_t>(std::distance(model.order.begin(), at)));
      }
    }
    while (!model.scores.empty()) {
      const Bytes member = model.scores.begin()->first;
      ASSERT_TRUE(set.remove(member));
      model.remove(member);
    }
    EXPECT_EQ(chunks.bytes(), 0u);
    EXPECT_TRUE(set.empty());
  }
}

TEST(SortedSetTest, BoundsOfScoresAreRanks) {
  std::mt19937_64 dice(5);
  ChunkStore chunks;
  SortedSet set(chunks, 1, 42);
  Model model;
  EXPECT_EQ(set.lower_rank(ScoreBound{0}), 0u);
  for (int round = 0; round < 6000; ++round) {
    const Bytes member = std::to_string(round);
    const double score = static_cast<double>(dice() % 300) - 150;
    set.add(member, score);
    model.add(member, score);
  }
  const auto below = [&](double score) {
    return static_cast<uint64_t>(std::distance(model.order.begin(), model.order.lower_bound({score, Bytes()})));
  };
  for (double score = -152; score < 152; score += 0.5) {
    const double above = std::nextafter(score, INFINITY);
    ASSERT_EQ(set.lower_rank(ScoreBound{score, false}), below(score));
    ASSERT_EQ(set.lower_rank(ScoreBound{score, true}), below(above));
    ASSERT_EQ(set.upper_rank(ScoreBound{score, false}), below(above));
    ASSERT_EQ(set.upper_rank(ScoreBound{score, true}), below(score));
  }
  EXPECT_EQ(set.lower_rank(ScoreBound{-INFINITY}), 0u);
  EXPECT_EQ(set.upper_rank(ScoreBound{INFINITY}), set.size());
}

TEST(SortedSetTest, BoundsOfMembersAreRanks) {
  std::mt19937_64 dice(6);
  ChunkStore chunks;
  SortedSet set(chunks, 1, 42);
  std::set<Bytes> model;
  for (int round = 0; round < 5000; ++round) {
    Bytes member = dice() % 2 ? "prefix-longer-than-eight:" : "";
    const size_t size = dice() % 6;
    for (size_t i = 0; i < size; ++i) member.push_back(static_cast<char>(dice() % 3 ? 'a' + dice() % 3 : dice()));
    set.add(member, 0);
    model.insert(member);
  }
  const auto rank = [&](auto at) { return static_cast<uint64_t>(std::distance(model.begin(), at)); };
  std::vector<Bytes> probes(model.begin(), model.end());
  for (int i = 0; i < 500; ++i) probes.push_back(probes[dice() % model.size()] + "b");
  for (const Bytes& probe : probes) {
    if (dice() % 4 != 0) continue;
    ASSERT_EQ(set.lower_rank(LexBound{LexBound::kInclusive, probe}), rank(model.lower_bound(probe)));
    ASSERT_EQ(set.lower_rank(LexBound{LexBound::kExclusive, probe}), rank(model.upper_bound(probe)));
    ASSERT_EQ(set.upper_rank(LexBound{LexBound::kInclusive, probe}), rank(model.upper_bound(probe)));
    ASSERT_EQ(set.upper_rank(LexBound{LexBound::kExclusive, probe}), rank(model.lower_bound(probe)));
  }
  EXPECT_EQ(set.lower_rank(LexBound{LexBound::kMin, {}}), 0u);
  EXPECT_EQ(set.upper_rank(LexBound{LexBound::kMax, {}}), set.size());
  EXPECT_EQ(set.lower_rank(LexBound{LexBound::kMax, {}}), set.size());
  EXPECT_EQ(set.upper_rank(LexBound{LexBound::kMin, {}}), 0u);
}

TEST(SortedSetTest, ACloneGoesItsOwnWay) {
  std::mt19937_64 dice(7);
  ChunkStore chunks;
  SortedSet set(chunks, 1, 42);
  Model model;
  for (int round = 0; round < 5000; ++round) change(set, model, dice, 2000);
  const auto copied = set.clone(2);
  SortedSet& twin = static_cast<SortedSet&>(*copied);
  EXPECT_EQ(twin.digest(), set.digest());
  Model twin_model = model;
  for (int round = 0; round < 5000; ++round) {
    change(set, model, dice, 2000);
    change(twin, twin_model, dice, 2000);
  }
  expect_same(set, model);
  expect_same(twin, twin_model);
  while (!twin.free_some(1)) continue;
  expect_same(set, model);
  EXPECT_TRUE(set.free_some(SIZE_MAX));
  EXPECT_EQ(chunks.bytes(), 0u);
}

// Enough members that tables split many times over, then fewer again.
TEST(SortedSetTest, TheIndexGrowsAndShrinks) {
  ChunkStore chunks;
  SortedSet set(chunks, 1, 42);
  for (uint64_t i = 0; i < 100000; ++i) set.add(std::to_string(i), static_cast<double>(i % 1000));
  for (uint64_t i = 0; i < 100000; ++i) ASSERT_EQ(set.score(std::to_string(i)), static_cast<double>(i % 1000)) << i;
  EXPECT_LT(set.memory(), 100000u * 55);
  for (uint64_t i = 0; i < 99950; ++i) ASSERT_TRUE(set.remove(std::to_string(i)));
  for (uint64_t i = 99950; i < 100000; ++i) ASSERT_EQ(set.score(std::to_string(i)), static_cast<double>(i % 1000)) << i;
  EXPECT_LT(set.memory(), 8000u);
}

TEST(ScoreIndexTest, KeepsWhatItWasTold) {
  std::mt19937_64 dice(8);
  ScoreIndex index;
  std::multimap<uint32_t, double> model;
  for (int round = 0; round < 300000; ++round) {
    const uint32_t tag = dice() % 64 == 0 ? dice() % 3 : dice();
    if (dice() % 3 != 0 || model.empty()) {
      const double score = static_cast<double>(dice() % 10);
      index.insert(tag, score);
      model.emplace(tag == 0 ? 1 : tag, score);
      continue;
    }
    auto at = model.lower_bound(tag);
    if (at == model.end()) at = model.begin();
    index.erase(at->first, at->second);
    model.erase(at);
  }
  ASSERT_EQ(index.size(), model.size());
  for (const auto& [tag, score] : model) {
    ASSERT_TRUE(index.find(tag, [wanted = score](double found) { return found == wanted; }));
  }
}

}  // namespace
}  // namespace leat
