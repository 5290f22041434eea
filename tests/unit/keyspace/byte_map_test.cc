// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/byte_map.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <unordered_map>

namespace leat {
namespace {

using Model = std::map<Bytes, Bytes>;
using Holds = ByteMap::Holds;

Model content(const ByteMap& map) {
  Model content;
  map.for_each([&](View key, View value) { EXPECT_TRUE(content.emplace(key, value).second) << "twice: " << key; });
  return content;
}

// Mostly short, sometimes around the border to a blob, sometimes far beyond.
size_t some_size(std::mt19937_64& dice, size_t largest) {
  switch (dice() % 16) {
    case 0:
      return dice() % (largest + 1);
    case 1:
      return std::min(largest, kInlineEntryMax - 2 + dice() % 5);
    case 2:
      return 0;
    default:
      return dice() % std::min<size_t>(largest + 1, 40);
  }
}

struct Shape {
  const char* name;
  Holds holds;
  uint64_t hash_mask;
  size_t keys;  // that may be there
  size_t largest_key;
  size_t largest_value;
  int operations;
};

class ByteMapModel : public testing::TestWithParam<Shape> {};

// Phases that mostly put alternate with phases that mostly erase, so that everything splits and merges many times.
TEST_P(ByteMapModel, DoesWhatAMapDoes) {
  const Shape& shape = GetParam();
  for (const uint64_t seed : {1, 2}) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    ChunkStore chunks(seed, shape.hash_mask);
    const size_t at_start = chunks.bytes();
    {
      ByteMap map(chunks, 7, shape.holds);
      Model model;
      for (int i = 0; i < shape.operations; ++i) {
        const bool growing = i / (shape.operations / 6) % 2 == 0;
        const uint64_t number = dice() % shape.keys;
        std::mt19937_64 key_dice(number);
        Bytes key = std::to_string(number);
        key.resize(std::max(key.size(), some_size(key_dice, shape.largest_key)), '.');
        if (dice() % 100 < (growing ? 80u : 12u)) {
          Bytes value =
              shape.holds == Holds::kKeys ? Bytes() : Bytes(some_size(dice, shape.largest_value), 'a' + i % 26);
          ASSERT_EQ(map.put(key, value), model.insert_or_assign(key, value).second);
        } else {
          ASSERT_EQ(map.erase(key), model.erase(key) == 1);
        }
        ASSERT_EQ(map.size(), model.size());
        const auto found = map.find(key);
        const auto expected = model.find(key);
        ASSERT_EQ(found.has_value(), expected != model.end());
        if (found) {
          ASSERT_EQ(*found, expected->second);
        }
        if (i % (shape.operations / 20) == 0) {
          ASSERT_EQ(content(map), model);
        }
      }
      ASSERT_EQ(content(map), model);

      ByteMap copy(map, 8);
      EXPECT_EQ(copy.size(), map.size());
      EXPECT_EQ(content(copy), model);
      EXPECT_LE(copy.memory(), map.memory() + map.memory() / 16 + 4096) << "a copy is packed anew";
      copy.put("only here", "1");
      EXPECT_FALSE(map.find("only here"));

      for (const auto& [key, value] : model) ASSERT_TRUE(map.erase(key));
      EXPECT_TRUE(map.empty());
      EXPECT_LE(map.memory(), shape.holds == Holds::kPairsAndNotes ? 400u : 0u) << "empties give memory back";
      while (!copy.clear_some(3)) {
      }
      EXPECT_EQ(copy.memory(), 0u);
    }
    EXPECT_EQ(chunks.bytes(), at_start) << "every chunk and blob is gone";
    EXPECT_EQ(chunks.chunks(), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ByteMapModel,
    testing::Values(Shape{"pairs", Holds::kPairs, UINT64_MAX, 6000, 60, 5000, 60000},
                    Shape{"small", Holds::kPairs, UINT64_MAX, 40, 60, 200, 20000},
                    Shape{"long_keys", Holds::kPairs, UINT64_MAX, 3000, 5000, 60, 30000},
                    Shape{"set", Holds::kKeys, UINT64_MAX, 20000, 60, 0, 100000},
                    Shape{"notes", Holds::kPairsAndNotes, UINT64_MAX, 10000, 30, 300, 60000},
                    // Twenty bits tell keys apart only at the bottom: three levels of directories.
                    Shape{"deep", Holds::kPairs, 0xfffff, 5000, 60, 500, 30000},
                    Shape{"deep_notes", Holds::kPairsAndNotes, uint64_t{0xff} << 24, 5000, 60, 500, 30000},
                    // Sixteen hashes for all: segments that cannot split, past what an index covers, and back.
                    Shape{"unsplittable", Holds::kPairs, uint64_t{0xf} << 60, 3000, 60, 1000, 20000},
                    Shape{"one_hash", Holds::kPairsAndNotes, 0, 1500, 60, 300, 10000}),
    [](const auto& info) { return info.param.name; });

TEST(ByteMap, SmallOnesKeepTheOrderOfArrival) {
  ChunkStore chunks;
  ByteMap map(chunks, 1, Holds::kPairs);
  for (int i = 0; i < 60; ++i) map.put("field" + std::to_string(i * 7919 % 60), "v");
  map.put("field0", "a longer value than before");
  map.erase("field1");
  map.put("field1", "back, at the end");
  std::vector<Bytes> keys;
  map.for_each([&](View key, View) { keys.emplace_back(key); });
  ASSERT_EQ(keys.size(), 60u);
  EXPECT_EQ(keys.front(), "field0");
  EXPECT_EQ(keys.back(), "field1");
  EXPECT_EQ(keys[1], "field" + std::to_string(7919 % 60));
}

TEST(ByteMap, NotesStayWithTheirKeys) {
  ChunkStore chunks(5);
  ByteMap map(chunks, 1, Holds::kPairsAndNotes);
  std::mt19937_64 dice(5);
  std::unordered_map<Bytes, uint32_t> model;
  for (int i = 0; i < 50000; ++i) {
    const Bytes key = std::to_string(dice() % 8000);
    if (i % 20000 < 12000) {
      if (map.put(key, Bytes(dice() % 80, 'x'))) {
        EXPECT_EQ(*map.locate(key, map.hash_of(key))->note, 0u);
      }
      *map.locate(key, map.hash_of(key))->note = model[key] = static_cast<uint32_t>(dice());
    } else {
      map.erase(key);
      model.erase(key);
    }
  }
  ASSERT_EQ(map.size(), model.size());
  for (const auto& [key, note] : model) EXPECT_EQ(*map.locate(key, map.hash_of(key))->note, note);
}

// What is there from the first call to the last is seen exactly once, whatever else comes and goes.
TEST(ByteMap, ScanSeesWhatStaysExactlyOnce) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    ChunkStore chunks(seed);
    ByteMap map(chunks, 1, seed % 2 == 0 ? Holds::kPairs : Holds::kPairsAndNotes);
    const size_t staying = seed % 5 == 0 ? 3 : 100 + dice() % 2000;
    const bool growing = seed % 3 == 0;
    for (size_t i = 0; i < staying; ++i) map.put("stays" + std::to_string(i), "1");
    size_t others = growing ? 0 : 20000;
    for (size_t i = 0; i < others; ++i) map.put("other" + std::to_string(i), "1");
    std::multiset<Bytes> seen;
    uint64_t cursor = 0;
    do {
      const size_t count = 1 + dice() % 50;
      const auto pages = dice() % 2 == 0 ? ByteMap::Pages::kExact : ByteMap::Pages::kOfSegments;
      size_t visited = 0;
      const auto visit = [&](View key, View) {
        ++visited;
        if (key.substr(0, 5) == "stays") seen.emplace(key);
      };
      cursor = map.scan(cursor, count, visit, pages);
      if (pages == ByteMap::Pages::kExact) EXPECT_LE(visited, count) << "no two hashes begin alike here";
      EXPECT_EQ(cursor >> 48, 0u);
      for (int i = 0; i < 400; ++i) {
        if (growing)
          map.put("other" + std::to_string(others++), Bytes(dice() % 30, 'x'));
        else if (others > 0)
          map.erase("other" + std::to_string(--others));
      }
    } while (cursor != 0);
    EXPECT_EQ(seen.size(), staying);
    EXPECT_EQ(std::set<Bytes>(seen.begin(), seen.end()).size(), staying);
  }
}

TEST(ByteMap, ScanEndsWhateverTheCursor) {
  ChunkStore chunks;
  ByteMap map(chunks, 1, Holds::kKeys);
  for (int i = 0; i < 5000; ++i) map.put(std::to_string(i));
  for (const uint64_t start :
       {uint64_t{1}, uint64_t{1} << 47, (uint64_t{1} << 48) - 1, uint64_t{1} << 48, UINT64_MAX}) {
    uint64_t cursor = start;
    int calls = 0;
    do cursor = map.scan(cursor, 10, [](View, View) {});
    while (cursor != 0 && ++calls < 10000);
    EXPECT_EQ(cursor, 0u);
  }
}

TEST(ByteMap, RandomIsFair) {
  for (const size_t count : {5, 50, 2000}) {
    ChunkStore chunks(count);
    ByteMap map(chunks, 1, Holds::kPairs);
    for (size_t i = 0; i < count; ++i) map.put(std::to_string(i), Bytes(i % 10 == 0 ? 700 : 5, 'v'));
    std::unordered_map<Bytes, int> drawn;
    std::mt19937_64 dice(count);
    for (size_t i = 0; i < count * 200; ++i) ++drawn[Bytes(map.random(dice()).key)];
    EXPECT_EQ(drawn.size(), count);
    for (const auto& [key, times] : drawn) EXPECT_TRUE(times > 100 && times < 320) << key << ' ' << times;
  }
}

TEST(ByteMap, SampleDrawsDifferentOnes) {
  for (const size_t count : {5, 50, 3000}) {
    ChunkStore chunks(count);
    ByteMap map(chunks, 1, Holds::kKeys);
    for (size_t i = 0; i < count; ++i) map.put(std::to_string(i));
    for (const size_t wanted : {size_t{0}, size_t{1}, size_t{4}, count / 10, count / 2, count, count + 5}) {
      std::set<Bytes> drawn;
      size_t visits = 0;
      map.sample(wanted, count + wanted, [&](View key, View) {
        drawn.emplace(key);
        ++visits;
      });
      EXPECT_EQ(visits, std::min(wanted, count));
      EXPECT_EQ(drawn.size(), visits);
    }
  }
}

TEST(ByteMap, BlobsAreSharedByCopiesAndFreedWithTheLast) {
  ChunkStore chunks;
  const Bytes large(100000, 'b');
  auto first = std::make_unique<ByteMap>(chunks, 1, Holds::kPairs);
  first->put("key", large);
  const size_t one = chunks.bytes();
  auto second = std::make_unique<ByteMap>(*first, 2);
  EXPECT_LT(chunks.bytes() - one, 1000u);
  first->put("key", "small");
  EXPECT_EQ(second->find("key"), large);
  second.reset();
  EXPECT_LT(chunks.bytes(), 1000u);
  first.reset();
  EXPECT_EQ(chunks.bytes(), 0u);
}

TEST(ByteMap, FindsByHighBitsOfTheHash) {
  ChunkStore chunks(1, uint64_t{0xff} << 24);  // many keys to a hash; the high bits of all are the same
  ByteMap map(chunks, 1, Holds::kPairs);
  std::set<Bytes> expected, found;
  for (int i = 0; i < 3000; ++i) {
    const Bytes key = std::to_string(i);
    map.put(key, "v");
    expected.insert(key);
  }
  map.for_high_bits(0, [&](View key, View) { EXPECT_TRUE(found.emplace(key).second); });
  map.for_high_bits(1, [&](View key, View) { ADD_FAILURE() << key; });
  EXPECT_EQ(found, expected);
  EXPECT_FALSE(found.empty());
}

}  // namespace
}  // namespace leat
