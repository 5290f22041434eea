// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/hash.h"

#include <gtest/gtest.h>

#include <set>

namespace leat {
namespace {

TEST(Hash, PutGetErase) {
  ChunkStore chunks;
  Hash hash(chunks, 1);
  EXPECT_TRUE(hash.empty());
  EXPECT_TRUE(hash.put("name", "leat"));
  EXPECT_FALSE(hash.put("name", "a leat"));
  EXPECT_TRUE(hash.put("", ""));
  EXPECT_EQ(hash.get("name"), "a leat");
  EXPECT_EQ(hash.get(""), "");
  EXPECT_EQ(hash.get("other"), std::nullopt);
  EXPECT_EQ(hash.size(), 2u);
  EXPECT_TRUE(hash.erase("name"));
  EXPECT_FALSE(hash.erase("name"));
  EXPECT_EQ(hash.size(), 1u);
}

TEST(Hash, DigestIsOfContentAlone) {
  ChunkStore one(1), other(2);
  Hash up(one, 1), down(other, 9);
  for (int i = 0; i < 3000; ++i) up.put("f" + std::to_string(i), std::to_string(i));
  for (int i = 3500; i-- > 0;) down.put("f" + std::to_string(i), "x");
  for (int i = 3500; i-- > 0;) down.put("f" + std::to_string(i), std::to_string(i));
  EXPECT_NE(up.digest(), down.digest());
  for (int i = 3000; i < 3500; ++i) down.erase("f" + std::to_string(i));
  EXPECT_EQ(up.digest(), down.digest());
  down.put("f1", "2");
  EXPECT_NE(up.digest(), down.digest());
  const auto copy = up.clone(5);
  EXPECT_EQ(copy->digest(), up.digest());
  EXPECT_EQ(copy->id(), 5u);
  Hash swapped(one, 6), straight(one, 7);
  swapped.put("a", "b");
  straight.put("b", "a");
  EXPECT_NE(swapped.digest(), straight.digest());
}

// Memory is a feature: a small hash is one object and its bytes.
TEST(Hash, SmallOnesAreSmall) {
  EXPECT_LE(sizeof(Hash), 80u) << "the size in which an allocator has it";
  ChunkStore chunks;
  Hash hash(chunks, 1);
  size_t payload = 0;
  for (int i = 0; i < 5; ++i) {
    const Bytes field = "field" + std::to_string(i), value = "value-" + std::to_string(i);
    payload += field.size() + value.size();
    hash.put(field, value);
  }
  EXPECT_LE(hash.memory(), payload + 100);
}

TEST(Hash, LifetimesComeAndGoWithTheirFields) {
  ChunkStore chunks;
  Hash hash(chunks, 1);
  for (const char* name : {"a", "b", "c"}) hash.put(name, "1");
  const uint64_t without = hash.digest();
  EXPECT_EQ(hash.next_due_ms(), consumers::kNever);
  hash.set_lifetime("a", 500);
  hash.set_lifetime("b", 300);
  hash.set_lifetime("b", 400);
  EXPECT_NE(hash.digest(), without);
  EXPECT_EQ(hash.next_due_ms(), 400);
  EXPECT_EQ(hash.lifetime("a"), 500);
  EXPECT_EQ(hash.lifetime("c"), 0);
  EXPECT_EQ(hash.due(450, 10), std::vector<Bytes>{"b"});
  EXPECT_EQ(hash.count_due(500), 2u);
  EXPECT_FALSE(hash.is_due(500)) << "c lives on";
  EXPECT_FALSE(hash.revise("b", "2"));
  EXPECT_EQ(hash.lifetime("b"), 400);
  EXPECT_FALSE(hash.put("b", "3"));
  EXPECT_EQ(hash.lifetime("b"), 0);
  const auto copy = hash.clone(2);
  EXPECT_EQ(static_cast<Hash&>(*copy).lifetime("a"), 500);
  EXPECT_EQ(copy->digest(), hash.digest());
  EXPECT_TRUE(hash.erase("b"));
  EXPECT_TRUE(hash.erase("c"));
  EXPECT_TRUE(hash.is_due(500));
  EXPECT_FALSE(hash.is_due(499));
  hash.set_lifetime("a", 0);
  EXPECT_FALSE(hash.has_lifetimes());
  EXPECT_EQ(chunks.chunks(), 3u) << "the hash's, the copy's and that of its lifetimes";
}

TEST(Hash, ManyLifetimes) {
  constexpr int kMany = 20000;
  ChunkStore chunks;
  {
    Hash hash(chunks, 1);
    for (int i = 0; i < kMany; ++i) hash.put(std::to_string(i), "v");
    const size_t memory = hash.memory();
    for (int i = 0; i < kMany; ++i) hash.set_lifetime(std::to_string(i), 1 + i / 2);  // two each
    EXPECT_LT(hash.memory(), memory + 48 * kMany);
    EXPECT_EQ(hash.count_due(100), 200u);
    EXPECT_EQ(hash.due(100, 1000).size(), 200u);
    EXPECT_EQ(hash.due(kMany, 64).size(), 64u);
    for (TimeMs now = 1; !hash.due(now, 2).empty() && now <= 500; ++now) {
      const std::vector<Bytes> due = hash.due(now, 2);
      ASSERT_EQ(std::set<Bytes>(due.begin(), due.end()),
                (std::set<Bytes>{std::to_string(2 * now - 2), std::to_string(2 * now - 1)}));
      for (const Bytes& name : due) hash.erase(name);
    }
    EXPECT_EQ(hash.size(), kMany - 1000u);
    int slices = 1;
    while (!hash.free_some(10)) ++slices;
    EXPECT_GT(slices, 10);
  }
  EXPECT_EQ(chunks.bytes(), 0u);
}

TEST(Hash, FreesItselfInSlices) {
  ChunkStore chunks;
  {
    Hash hash(chunks, 1);
    for (int i = 0; i < 30000; ++i) hash.put(std::to_string(i), Bytes(i % 100 == 0 ? 2000 : 20, 'v'));
    int slices = 1;
    while (!hash.free_some(10)) ++slices;
    EXPECT_GT(slices, 20);
    EXPECT_EQ(chunks.bytes(), sizeof(Chunk));
  }
  EXPECT_EQ(chunks.bytes(), 0u);
}

}  // namespace
}  // namespace leat
