// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/set.h"

#include <gtest/gtest.h>

#include <set>

namespace leat {
namespace {

TEST(Set, AddContainsRemove) {
  ChunkStore chunks;
  Set set(chunks, 1);
  EXPECT_TRUE(set.add("a"));
  EXPECT_FALSE(set.add("a"));
  EXPECT_TRUE(set.add(""));
  EXPECT_TRUE(set.contains("a"));
  EXPECT_TRUE(set.contains(""));
  EXPECT_FALSE(set.contains("b"));
  EXPECT_TRUE(set.remove("a"));
  EXPECT_FALSE(set.remove("a"));
  EXPECT_EQ(set.size(), 1u);
}

TEST(Set, VisitsEveryMemberOnce) {
  ChunkStore chunks;
  Set set(chunks, 1);
  for (int i = 0; i < 20000; ++i) set.add(std::to_string(i));
  std::set<Bytes> walked, scanned;
  set.for_each([&](View member) { EXPECT_TRUE(walked.emplace(member).second); });
  uint64_t cursor = 0;
  do cursor = set.scan(cursor, 100, [&](View member) { EXPECT_TRUE(scanned.emplace(member).second); });
  while (cursor != 0);
  EXPECT_EQ(walked.size(), 20000u);
  EXPECT_EQ(scanned, walked);
  EXPECT_TRUE(set.contains(set.random(4)));
  size_t sampled = 0;
  set.sample(7, 1, [&](View member) { sampled += set.contains(member); });
  EXPECT_EQ(sampled, 7u);
}

TEST(Set, DigestAndClone) {
  ChunkStore chunks;
  Set up(chunks, 1), down(chunks, 2);
  for (int i = 0; i < 3000; ++i) up.add(std::to_string(i));
  for (int i = 3000; i-- > 0;) down.add(std::to_string(i));
  EXPECT_EQ(up.digest(), down.digest());
  EXPECT_EQ(up.clone(3)->digest(), up.digest());
  down.add("more");
  EXPECT_NE(up.digest(), down.digest());
}

// A member costs its bytes, two for the entry, three for the index, and what is free in segments.
TEST(Set, LargeOnesAreCompact) {
  ChunkStore chunks;
  Set set(chunks, 1);
  size_t payload = 0;
  for (int i = 100000; i < 200000; ++i) {
    set.add(std::to_string(i));
    payload += 6;
  }
  EXPECT_LT(set.memory(), payload + 100000 * 7);
}

}  // namespace
}  // namespace leat
