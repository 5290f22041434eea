// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/list.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace leat {
namespace {

Bytes random_value(std::mt19937_64& dice) {
  const size_t kind = dice() % 20;
  const size_t size = kind == 0 ? dice() % 5000 : kind < 4 ? dice() % 300 : dice() % 20;
  Bytes value(size, 0);
  for (char& byte : value) byte = static_cast<char>(dice());
  return value;
}

void expect_same(const List& list, const std::deque<Bytes>& model) {
  ASSERT_EQ(list.size(), model.size());
  uint64_t index = 0;
  for (auto at = list.cursor(0); at.valid(); at.next(), ++index) {
    ASSERT_EQ(at.index(), index);
    ASSERT_EQ(at.value(), model[index]);
  }
  ASSERT_EQ(index, model.size());
  if (model.empty()) return;
  for (auto at = list.cursor(model.size() - 1); at.valid(); at.previous()) ASSERT_EQ(at.value(), model[--index]);
  ASSERT_EQ(index, 0u);
  ASSERT_EQ(list.front(), model.front());
  ASSERT_EQ(list.back(), model.back());
}

// One random change to both.
void change(List& list, std::deque<Bytes>& model, std::mt19937_64& dice) {
  const Side side = dice() % 2 ? Side::kLeft : Side::kRight;
  const auto some = [&](uint64_t from) {
    return std::min<uint64_t>(model.size() - from, dice() % 30 == 0 ? dice() % 400 : dice() % 4);
  };
  switch (dice() % 8) {
    case 0:
    case 1:
    case 2: {
      const Bytes value = random_value(dice);
      list.push(side, value);
      if (side == Side::kLeft)
        model.push_front(value);
      else
        model.push_back(value);
      return;
    }
    case 3: {
      const uint64_t count = some(0);
      list.drop(side, count);
      if (side == Side::kLeft)
        model.erase(model.begin(), model.begin() + count);
      else
        model.erase(model.end() - count, model.end());
      return;
    }
    case 4:
    case 5: {
      const uint64_t index = dice() % (model.size() + 1);
      const Bytes value = random_value(dice);
      list.insert(index, value);
      model.insert(model.begin() + index, value);
      return;
    }
    case 6: {
      if (model.empty()) return;
      const uint64_t index = dice() % model.size();
      model[index] = random_value(dice);
      list.set(index, model[index]);
      return;
    }
    default: {
      const uint64_t index = dice() % (model.size() + 1), count = some(index);
      list.erase(index, count);
      model.erase(model.begin() + index, model.begin() + index + count);
    }
  }
}

TEST(ListTest, DoesWhatADequeDoes) {
  for (const uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    ChunkStore chunks;
    {
      List list(chunks, 1, 0);
      std::deque<Bytes> model;
      for (int round = 0; round < 20000; ++round) {
        change(list, model, dice);
        if (!model.empty()) {
          const uint64_t index = dice() % model.size();
          ASSERT_EQ(list.at(index), model[index]);
        }
        if (round % 1000 == 0) expect_same(list, model);
      }
      expect_same(list, model);
      list.drop(Side::kLeft, list.size());
      EXPECT_TRUE(list.empty());
      EXPECT_EQ(chunks.bytes(), 0u);
    }
    EXPECT_EQ(chunks.chunks(), 0u);
    EXPECT_EQ(chunks.changes().changed_chunks(), 0u);
  }
}

TEST(ListTest, ACloneGoesItsOwnWay) {
  std::mt19937_64 dice(4);
  ChunkStore chunks;
  List list(chunks, 1, 0);
  std::deque<Bytes> model;
  for (int round = 0; round < 3000; ++round) change(list, model, dice);
  const auto copied = list.clone(2);
  List& twin = static_cast<List&>(*copied);
  EXPECT_EQ(twin.digest(), list.digest());
  std::deque<Bytes> twin_model = model;
  for (int round = 0; round < 3000; ++round) {
    change(list, model, dice);
    change(twin, twin_model, dice);
  }
  expect_same(list, model);
  expect_same(twin, twin_model);
  while (!twin.free_some(1)) continue;
  expect_same(list, model);
  EXPECT_TRUE(list.free_some(SIZE_MAX));
  EXPECT_EQ(chunks.bytes(), 0u);
}

// Chunk boundaries are an accident of history.
TEST(ListTest, TheDigestIsOfTheContent) {
  ChunkStore chunks;
  List forwards(chunks, 1, 0), backwards(chunks, 2, 0);
  for (int i = 0; i < 5000; ++i) forwards.push(Side::kRight, std::to_string(i));
  for (int i = 5000; i-- > 0;) backwards.push(Side::kLeft, std::to_string(i));
  EXPECT_EQ(forwards.digest(), backwards.digest());
  backwards.set(7, "x");
  EXPECT_NE(forwards.digest(), backwards.digest());
}

// Every insertion falls on the same spot, so the labels there run out of room again and again.
TEST(ListTest, ChunksInTheMiddleKeepTheirOrderByLabel) {
  ChunkStore chunks;
  List list(chunks, 1, 0);
  std::deque<Bytes> model;
  for (int i = 0; i < 100; ++i) {
    list.push(Side::kRight, Bytes(900, 'a'));
    model.push_back(Bytes(900, 'a'));
  }
  for (int i = 0; i < 5000; ++i) {
    const Bytes value = std::to_string(i) + Bytes(1000, 'b');
    list.insert(50, value);
    model.insert(model.begin() + 50, value);
  }
  expect_same(list, model);
  EXPECT_TRUE(list.labels_rise());
}

TEST(ListTest, AQueueHoldsNoMoreThanItsContent) {
  ChunkStore chunks;
  List list(chunks, 1, 0);
  for (int i = 0; i < 1000; ++i) list.push(Side::kLeft, Bytes(100, 'j'));
  const size_t before = chunks.bytes();
  for (int i = 0; i < 100000; ++i) {
    list.push(Side::kLeft, Bytes(100, 'j'));
    list.drop(Side::kRight, 1);
  }
  EXPECT_LT(chunks.bytes(), before + 4 * kChunkBytesTarget);
  EXPECT_LT(list.memory(), 1000 * 100 * 5 / 4);
  EXPECT_GT(list.memory(), 1000u * 100);
}

}  // namespace
}  // namespace leat
