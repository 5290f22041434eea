// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/loader.h"

#include <gtest/gtest.h>

#include "broker/keyspace/hash.h"
#include "broker/keyspace/list.h"
#include "broker/keyspace/set.h"
#include "broker/keyspace/sorted_set.h"
#include "broker/keyspace/stream.h"
#include "tests/support/memory_snapshot.h"

namespace leat {
namespace {

// Loads what `fill` puts into a database and returns how often the loop got its turn.
class LoaderTest : public ::testing::Test {
 protected:
  static constexpr int kMany = 100'000;

  template <typename Fill>
  void expect_pauses(Fill fill) {
    fill(keyspace.database(0));
    snapshot.take(keyspace);
    Keyspace loaded(0);
    size_t rests = 0;
    snapshot.load(loaded, [&] { ++rests; });
    EXPECT_EQ(loaded.digest(), keyspace.digest());
    const size_t stretches = keyspace.chunks().bytes() / Pause::kStretchBytes;
    EXPECT_GE(stretches, 4u);
    EXPECT_GE(rests, stretches);
    EXPECT_LE(rests, 20 * stretches) << "each costs a system call";
  }
  static Bytes name(int i) { return "some-name-of-thirty-bytes:" + std::to_string(i); }

  Keyspace keyspace{1};
  testing::MemorySnapshot snapshot;
};

// What was deleted and not freed yet when the snapshot was taken goes with its long entries, once: they were dropped
// twice, which took the page of their table, and the entries of others in it, away.
TEST_F(LoaderTest, LongEntriesOfTheDeadAreDroppedOnce) {
  const Bytes entry(kInlineEntryMax + 1, 'x');
  constexpr int kDying = 400;
  Database& database = keyspace.database(0);
  database.open<List>("stays").push(Side::kRight, entry);
  for (int i = 0; i < kDying; ++i) database.open<List>("dies").push(Side::kRight, entry);
  ASSERT_TRUE(database.erase("dies"));
  snapshot.take(keyspace);
  ASSERT_GT(snapshot.blobs(), 1u) << "nothing is dead, or it was freed at once";
  Keyspace loaded(0);
  snapshot.load(loaded);
  EXPECT_EQ(loaded.digest(), keyspace.digest());
  List* const list = loaded.database(0).find_as<List>("stays");
  EXPECT_EQ(list->front(), entry);
  list->drop(Side::kLeft, 1);  // and may go
}

TEST_F(LoaderTest, BuildsAListInStretches) {
  expect_pauses([](Database& database) {
    List& list = database.open<List>("key");
    for (int i = 0; i < kMany; ++i) list.push(i % 2 == 0 ? Side::kLeft : Side::kRight, name(i));
  });
}

TEST_F(LoaderTest, BuildsAHashInStretches) {
  expect_pauses([](Database& database) {
    for (int i = 0; i < kMany; ++i) {
      const Bytes field = name(i);
      const View pair[] = {field, "value"};
      database.edit<Hash>("key", pair, [&](Hash& hash) { hash.put(pair[0], pair[1]); });
    }
  });
}

TEST_F(LoaderTest, BuildsAHashWithLifetimesInStretches) {
  expect_pauses([](Database& database) {
    auto hash = database.make<Hash>();
    for (int i = 0; i < kMany; ++i) {
      hash->put(name(i), "value");
      hash->set_lifetime(name(i), 1000 + i);
    }
    database.adopt("key", std::move(hash), 0);
  });
}

// Which is freed before its fields are: none is of a field that is gone.
TEST_F(LoaderTest, TakesAHashWithLifetimesThatIsBeingFreed) {
  Database& database = keyspace.database(0);
  auto hash = database.make<Hash>();
  for (int i = 0; i < kMany / 5; ++i) {
    hash->put(name(i), "value");
    if (i % 2 == 0) hash->set_lifetime(name(i), 1000 + i);
  }
  database.adopt("key", std::move(hash), 0);
  EXPECT_EQ(database.next_field_expiry_ms(), 1000);
  database.erase("key");
  EXPECT_EQ(database.next_field_expiry_ms(), consumers::kNever);
  int slices = 0;
  for (; !keyspace.free_some(50); ++slices) {
    snapshot.take(keyspace);
    Keyspace loaded(0);
    snapshot.load(loaded);
    EXPECT_EQ(loaded.digest(), keyspace.digest());
  }
  EXPECT_GT(slices, 5);
}

// Its windows go one by one: what is left of them is no string any more, and no reason to refuse a start.
TEST_F(LoaderTest, TakesALongStringThatIsBeingFreed) {
  Database& database = keyspace.database(0);
  database.set_string("key", Bytes(2'000'000, 'x'));
  database.set_string("other", Bytes(300'000, 'y'));
  database.erase("key");
  int slices = 0;
  for (; !keyspace.free_some(50); ++slices) {
    snapshot.take(keyspace);
    Keyspace loaded(0);
    snapshot.load(loaded);
    EXPECT_EQ(loaded.digest(), keyspace.digest());
  }
  EXPECT_GT(slices, 5);
}

TEST_F(LoaderTest, RefusesALongStringThatHasLostAWindow) {
  keyspace.database(0).set_string("key", Bytes(200'000, 'x'));
  snapshot.take(keyspace);
  for (const uint32_t window : {1u, 20u, 51u}) {
    testing::MemorySnapshot damaged = snapshot;
    damaged.lose(ChunkKind::kString, window);
    Keyspace loaded(0);
    const Status refused = damaged.try_load(loaded);
    EXPECT_NE(refused.text().find("has chunks that do not fit together"), View::npos) << window << refused.text();
  }
}

TEST_F(LoaderTest, RefusesALifetimeWithoutItsField) {
  Keyspace loaded(0);
  KeyspaceLoader loader(loaded);
  ASSERT_TRUE(loader.begin(keyspace.state()).ok());
  const auto entry = [](View text) { return Bytes(1, static_cast<char>(text.size() << 1)) + Bytes(text); };
  const auto add = [&](ChunkId id, ChunkKind kind, View bytes) {
    EXPECT_TRUE(loader.add({.id = id, .owner = 1, .kind = kind, .detail = 0, .bytes = bytes, .keeper = nullptr}).ok());
  };
  const Bytes field = entry("a") + entry("1"), lifetime = entry("b") + entry("12345678");
  add(1, ChunkKind::kHashFields, field);
  add(2, ChunkKind::kHashLifetimes, lifetime);
  EXPECT_EQ(loader.finish([] {}).text(), "the snapshot's value 1 has chunks that do not fit together");
}

TEST_F(LoaderTest, BuildsASetInStretches) {
  expect_pauses([](Database& database) {
    for (int i = 0; i < kMany; ++i) {
      const Bytes member = name(i);
      const View added[] = {member};
      database.edit<Set>("key", added, [&](Set& set) { set.add(member); });
    }
  });
}

TEST_F(LoaderTest, BuildsASortedSetInStretches) {
  expect_pauses([](Database& database) {
    SortedSet& set = database.open<SortedSet>("key");
    for (int i = 0; i < kMany; ++i) set.add(name(i), i * 7919 % kMany);
  });
}

TEST_F(LoaderTest, BuildsAStreamAndItsGroupInStretches) {
  expect_pauses([](Database& database) {
    Stream& stream = database.open<Stream>("key");
    consumers::Group& group = stream.create_group("group", {}, 0);
    for (int i = 0; i < kMany; ++i) {
      const Bytes value = name(i);
      const View fields[] = {"field", value};
      const StreamId id{static_cast<uint64_t>(i) + 1, 0};
      stream.append(id, fields);
      group.deliver({&id, 1}, "consumer", 1);
    }
  });
}

TEST_F(LoaderTest, BuildsAStringInStretches) {
  expect_pauses([](Database& database) { database.set_string("key", Bytes(3'000'000, 'x')); });
}

TEST_F(LoaderTest, BuildsManySmallKeysInStretches) {
  expect_pauses([](Database& database) {
    for (int i = 0; i < kMany; ++i) database.set_string(name(i), "value");
  });
}

TEST_F(LoaderTest, FreesTheDeadInStretches) {
  List& list = keyspace.database(0).open<List>("key");
  for (int i = 0; i < kMany; ++i) list.push(Side::kRight, name(i));
  keyspace.database(0).erase("key");
  snapshot.take(keyspace);
  Keyspace loaded(0);
  size_t rests = 0;
  snapshot.load(loaded, [&] { ++rests; });
  EXPECT_EQ(loaded.chunks().chunks(), kDatabases) << "the tables";
  EXPECT_GE(rests, 3 * keyspace.chunks().bytes() / Pause::kStretchBytes / 2) << "it was built, and then freed";
}

TEST_F(LoaderTest, RefusesAMixture) {
  Keyspace loaded(0);
  KeyspaceLoader loader(loaded);
  ASSERT_TRUE(loader.begin(keyspace.state()).ok());
  const auto add = [&](ChunkId id, ChunkKind kind, uint32_t detail) {
    return loader.add({.id = id, .owner = 1, .kind = kind, .detail = detail, .bytes = "12345678", .keeper = nullptr});
  };
  EXPECT_FALSE(add(1, ChunkKind::kKeyRows, 256).ok()) << "nothing is as deep";
  ASSERT_TRUE(add(1, ChunkKind::kKeyRows, 0).ok());
  ASSERT_TRUE(add(2, ChunkKind::kListItems, 0).ok());
  const Status done = loader.finish([] {});
  EXPECT_EQ(done.text(), "the snapshot's value 1 mixes chunks of several types");
}

}  // namespace
}  // namespace leat
