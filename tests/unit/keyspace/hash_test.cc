// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/hash.h"

#include <gtest/gtest.h>

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
  EXPECT_LE(sizeof(Hash), 72u);
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
