// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/keyspace.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "broker/keyspace/hash.h"
#include "broker/keyspace/list.h"
#include "broker/keyspace/set.h"
#include "broker/keyspace/sorted_set.h"
#include "broker/keyspace/stream.h"
#include "broker/keyspace/string.h"

namespace leat {
namespace {

Bytes text_of(const Database& db, View key) {
  const auto found = db.find(key);
  return found ? Bytes(found->text) : "(none)";
}

void put(Database& db, View key, View field, View value) {
  const View pair[] = {field, value};
  db.edit<Hash>(key, pair, [&](Hash& hash) { hash.put(field, value); });
}

void add(Database& db, View key, View member) {
  db.edit<Set>(key, {&member, 1}, [&](Set& set) { set.add(member); });
}

TEST(Database, StringsShortAndLong) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  EXPECT_FALSE(db.find("k"));
  for (const size_t size : {0, 1, 511, 512, 513, 1024, 1025, 100000, 3}) {
    const Bytes value(size, 'v');
    db.set_string("k", value);
    const auto found = db.find("k");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->type, Type::kString);
    EXPECT_EQ(found->text, value);
    EXPECT_EQ(found->value != nullptr, size > kRowTextMax);
    EXPECT_FALSE(found->written);
  }
  EXPECT_EQ(db.size(), 1u);
  EXPECT_TRUE(db.erase("k"));
  EXPECT_FALSE(db.erase("k"));
  EXPECT_EQ(db.size(), 0u);
}

TEST(Database, WriteStringDoesWhatItSays) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  std::mt19937_64 dice(7);
  for (int round = 0; round < 60; ++round) {
    Bytes model;
    db.erase("k");
    for (int i = 0; i < 60; ++i) {
      const size_t offset = dice() % 3 == 0 ? dice() % 900 : model.size();
      const Bytes bytes(dice() % 40, static_cast<char>('a' + i % 26));
      db.write_string("k", offset, bytes);
      if (!bytes.empty()) {
        if (model.size() < offset + bytes.size()) model.resize(offset + bytes.size());
        model.replace(offset, bytes.size(), bytes);
      }
      ASSERT_EQ(text_of(db, "k"), model);
    }
  }
  db.set_expiry("k", 500);
  db.write_string("k", 0, "x");
  EXPECT_EQ(db.find("k")->expire_at_ms, 500);
  db.write_string("short", 0, "abc");
  EXPECT_TRUE(db.find("short")->written);
  db.set_string("short", "abc");
  EXPECT_FALSE(db.find("short")->written);
}

TEST(Database, OpensValuesByType) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  EXPECT_EQ(db.find_as<List>("l"), nullptr);
  db.open<List>("l").push(Side::kLeft, "v");
  EXPECT_EQ(db.open<List>("l").size(), 1u);
  EXPECT_EQ(db.find_as<List>("l"), &db.open<List>("l"));
  EXPECT_EQ(db.find("l")->type, Type::kList);
  EXPECT_NE(db.open<List>("other").id(), db.find_as<List>("l")->id());
  db.set_string("s", "a string");
  EXPECT_DEATH(db.find_as<List>("s"), "kType");
  db.set_string("l", "now a string");
  EXPECT_EQ(text_of(db, "l"), "now a string");
}

TEST(Database, WhatIsNotedStaysWithTheKey) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  db.set_string("a", "1");
  EXPECT_EQ(*db.find("a")->use, 0u);
  *db.find("a")->use = 9;
  db.set_string("a", "a longer one");
  EXPECT_EQ(*db.find("a")->use, 9u);
  db.rename("a", "b");
  EXPECT_EQ(*db.find("b")->use, 9u);
  db.note_writes_as(20, 0);
  db.set_string("b", "replaced");
  db.set_string("c", "made");
  EXPECT_EQ(*db.find("b")->use, 9u);
  EXPECT_EQ(*db.find("c")->use, 20u);
  db.note_writes_as(21, 22);
  db.set_string("b", "replaced again");
  EXPECT_EQ(*db.find("b")->use, 22u);
}

// Rows come by whole segments, each with what is noted beside it, and every row has its turn.
TEST(Database, SomeRowsByChance) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  constexpr uint32_t kKeys = 5000;
  for (uint32_t i = 1; i <= kKeys; ++i) {
    const Bytes key = std::to_string(i);
    db.note_writes_as(i, 0);
    db.set_string(key, "value");
    if (i % 3 == 0) db.set_expiry(key, 1000);
  }
  std::set<uint32_t> seen;
  std::mt19937_64 dice(7);
  for (int i = 0; i < 3000; ++i) {
    db.visit_some(dice(), [&](View key, bool expires, uint32_t use) {
      ASSERT_EQ(key, std::to_string(use));
      ASSERT_EQ(expires, use % 3 == 0);
      seen.insert(use);
    });
  }
  EXPECT_EQ(seen.size(), kKeys);
}

// What lists, sorted sets and streams say they weigh is what their chunks come to, whatever was done to them.
template <typename T, typename Change>
void expect_weight_of_chunks(Change change) {
  ChunkStore chunks;
  T value(chunks, chunks.next_value_id(), chunks.hash_seed());
  std::mt19937_64 dice(5);
  for (int i = 0; i < 4000; ++i) {
    change(value, dice, Bytes(1 + dice() % 300, 'x'));
    if (i % 100 != 0) continue;
    const size_t beside = 1024 + chunks.chunk_bytes() / 4;  // leaves, indexes
    EXPECT_GE(value.weight(), chunks.chunk_bytes()) << i;
    EXPECT_LT(value.weight(), chunks.chunk_bytes() + beside) << i;
    const size_t before = chunks.chunk_bytes();
    const auto copy = value.clone(chunks.next_value_id());
    EXPECT_GE(copy->weight(), chunks.chunk_bytes() - before) << i;
    EXPECT_LT(copy->weight(), chunks.chunk_bytes() - before + beside) << i;
  }
}

TEST(Database, ValuesWeighWhatTheirChunksDo) {
  expect_weight_of_chunks<List>([](List& list, auto& dice, const Bytes& text) {
    const uint64_t at = list.empty() ? 0 : dice() % list.size();
    switch (list.empty() ? 0 : dice() % 8) {
      case 5: return list.set(at, text);
      case 6: return list.insert(at, text);
      case 7: return list.erase(at, std::min<uint64_t>(dice() % 5, list.size() - at));
      default: return list.push(dice() % 2 == 0 ? Side::kLeft : Side::kRight, text);
    }
  });
  expect_weight_of_chunks<SortedSet>([](SortedSet& set, auto& dice, const Bytes& text) {
    if (dice() % 4 != 0 || set.empty())
      set.add(text + std::to_string(dice() % 5000), static_cast<double>(dice() % 100));
    else
      set.erase_range(dice() % set.size(), 1);
  });
  expect_weight_of_chunks<Stream>([](Stream& stream, auto& dice, const Bytes& text) {
    const View pair[] = {"field", text};
    stream.append({stream.last_id().ms + 1, 0}, pair);
    if (dice() % 4 == 0) stream.erase({1 + dice() % stream.last_id().ms, 0});
    if (dice() % 40 == 0) stream.drop_front(stream.size() / 4);
  });
}

TEST(Database, ExpiresInOrder) {
  Keyspace keyspace(3);
  Database& db = keyspace.database(0);
  std::mt19937_64 dice(3);
  std::map<Bytes, TimeMs> model;
  EXPECT_EQ(db.next_expiry_ms(), INT64_MAX);
  for (int i = 0; i < 20000; ++i) {
    const Bytes key = std::to_string(dice() % 3000);
    switch (dice() % 5) {
      case 0:
        db.set_string(key, "v");
        model[key] = 0;
        break;
      case 1:
        if (db.erase(key)) model.erase(key);
        break;
      case 2:
        if (model.contains(key)) db.set_expiry(key, model[key] = static_cast<TimeMs>(dice() % 1000));
        break;
      case 3: {
        const Bytes to = std::to_string(dice() % 3000);
        if (!model.contains(key) || key == to) break;
        db.rename(key, to);
        model[to] = model[key];
        model.erase(key);
        break;
      }
      case 4: {
        const Bytes to = std::to_string(dice() % 3000);
        if (!model.contains(key)) break;
        db.copy(key, db, to);
        model[to] = model[key];
      }
    }
  }
  std::multimap<TimeMs, Bytes> expected;
  for (const auto& [key, at] : model) {
    ASSERT_TRUE(db.find(key));
    ASSERT_EQ(db.find(key)->expire_at_ms, at);
    if (at != 0) expected.emplace(at, key);
  }
  EXPECT_EQ(db.size(), model.size());
  ASSERT_EQ(db.with_expiry(), expected.size());
  while (!expected.empty()) {
    ASSERT_EQ(db.next_expiry_ms(), expected.begin()->first);
    const TimeMs now = expected.begin()->first + 20;
    const auto due = db.due(now, 50);
    const size_t really = std::distance(expected.begin(), expected.upper_bound(now));
    ASSERT_EQ(due.size(), std::min<size_t>(50, really));
    auto at = expected.begin()->first;
    for (const auto& [key, type] : due) {
      ASSERT_LE(at, model[key]);
      at = model[key];
      const auto [first, last] = expected.equal_range(at);
      const auto gone = std::find_if(first, last, [&, name = key](const auto& one) { return one.second == name; });
      ASSERT_NE(gone, last);
      expected.erase(gone);
      ASSERT_TRUE(db.erase(key));
    }
  }
  EXPECT_EQ(db.with_expiry(), 0u);
}

TEST(Database, MovesAndCopies) {
  Keyspace keyspace(1);
  Database &a = keyspace.database(0), &b = keyspace.database(1);
  put(a, "h", "f", Bytes(3000, 'v'));
  a.set_expiry("h", 77);
  a.copy("h", b, "c");
  put(a, "h", "f", "changed");
  EXPECT_EQ(b.see<Hash>("c")->get("f"), Bytes(3000, 'v'));
  EXPECT_EQ(b.find("c")->expire_at_ms, 77);
  b.set_string("h", "in the way");
  a.move("h", b, "h");
  EXPECT_FALSE(a.find("h"));
  EXPECT_EQ(a.with_expiry(), 0u);
  EXPECT_EQ(b.see<Hash>("h")->get("f"), "changed");
  EXPECT_EQ(b.with_expiry(), 2u);
  b.rename("h", "h");
  EXPECT_TRUE(b.find("h"));
  b.rename("h", "c");
  EXPECT_EQ(b.size(), 1u);
  EXPECT_EQ(b.see<Hash>("c")->get("f"), "changed");
  b.set_string("long", Bytes(2000, 'x'));
  b.move("long", a, "long");
  EXPECT_EQ(text_of(a, "long"), Bytes(2000, 'x'));
}

TEST(Keyspace, SwapAndFlush) {
  Keyspace keyspace(1);
  keyspace.database(0).set_string("in", "0");
  keyspace.database(1).set_string("in", "1");
  const uint64_t before = keyspace.digest();
  keyspace.swap(0, 1);
  EXPECT_EQ(text_of(keyspace.database(0), "in"), "1");
  EXPECT_NE(keyspace.digest(), before);
  keyspace.swap(1, 0);
  EXPECT_EQ(keyspace.digest(), before);
  keyspace.flush(0);
  EXPECT_EQ(keyspace.database(0).size(), 0u);
  EXPECT_EQ(text_of(keyspace.database(1), "in"), "1");
}

TEST(Keyspace, FreesInSlicesAndEverything) {
  Keyspace keyspace(1);
  const size_t empty = keyspace.chunks().bytes();
  Database* db = &keyspace.database(0);
  for (int i = 0; i < 20000; ++i) {
    db->set_string("s" + std::to_string(i), Bytes(i % 50 == 0 ? 3000 : 30, 'v'));
    if (i % 3 == 0) db->set_expiry("s" + std::to_string(i), i + 1);
    if (i % 10 == 0) put(*db, "h" + std::to_string(i), "f", Bytes(i % 2000, 'v'));
  }
  for (int i = 0; i < 50000; ++i) add(*db, "large", "member" + std::to_string(i));
  EXPECT_TRUE(keyspace.free_some(10));
  const size_t full = keyspace.chunks().bytes();
  db->erase("large");
  EXPECT_GE(keyspace.chunks().bytes() + 64, full) << "a large value does not die at once";  // its row does
  size_t last = full;
  int slices = 0;
  while (!keyspace.free_some(32)) {
    ASSERT_LE(last - keyspace.chunks().bytes(), 32 * 8 * 1024u);
    last = keyspace.chunks().bytes();
    ++slices;
  }
  EXPECT_GT(slices, 3);
  keyspace.flush(0);
  db = &keyspace.database(0);
  db->set_string("new", "1");
  slices = 0;
  while (!keyspace.free_some(32)) ++slices;
  EXPECT_GT(slices, 20);
  EXPECT_EQ(text_of(*db, "new"), "1");
  db->erase("new");
  EXPECT_EQ(keyspace.chunks().bytes(), empty);
  EXPECT_LT(keyspace.memory(), 64u * 1024);
}

TEST(Keyspace, DigestIsOfContentAlone) {
  Keyspace one(1), other(2);
  for (int i = 0; i < 5000; ++i) {
    one.database(2).set_string("s" + std::to_string(i), Bytes(i % 600, 'v'));
    add(one.database(2), "set" + std::to_string(i % 7), std::to_string(i));
    const int j = 4999 - i;
    put(other.database(2), "gone" + std::to_string(j), "f", "v");
    add(other.database(2), "set" + std::to_string(j % 7), std::to_string(j));
    other.database(2).write_string("s" + std::to_string(j), 0, Bytes(j % 600, 'v'));
  }
  EXPECT_NE(one.digest(), other.digest());
  for (int i = 0; i < 5000; ++i) other.database(2).erase("gone" + std::to_string(i));
  EXPECT_EQ(one.digest(), other.digest());
  EXPECT_EQ(one.database(2).digest_of("s7"), other.database(2).digest_of("s7"));
  one.database(2).set_expiry("s1", 5);
  EXPECT_NE(one.digest(), other.digest());
  other.database(2).set_expiry("s1", 5);
  EXPECT_EQ(one.digest(), other.digest());
  EXPECT_EQ(one.database(2).digest_of("none"), 0u);
}

TEST(Database, ScansAndDrawsKeys) {
  Keyspace keyspace(1);
  Database& db = keyspace.database(0);
  EXPECT_FALSE(db.random_key(1));
  for (int i = 0; i < 3000; ++i) db.set_string("k" + std::to_string(i), Bytes(i % 700, 'v'));
  std::set<Bytes> seen;
  uint64_t cursor = 0;
  do {
    cursor = db.scan(cursor, 10, [&](View key, const Found& found) {
      EXPECT_TRUE(seen.emplace(key).second);
      EXPECT_EQ(found.text.size(), std::stoul(Bytes(key.substr(1))) % 700);
    });
  } while (cursor != 0);
  EXPECT_EQ(seen.size(), 3000u);
  EXPECT_TRUE(seen.contains(*db.random_key(5)));
}

// Any order of changes, against a model; at the end nothing is left behind.
TEST(Database, DoesWhatAMapOfValuesDoes) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    Keyspace keyspace(seed);
    const size_t empty = keyspace.chunks().bytes();
    struct Expected {
      std::optional<Bytes> text;
      std::map<Bytes, Bytes> fields;
    };
    std::map<Bytes, Expected> models[2];
    for (int i = 0; i < 30000; ++i) {
      const size_t at = dice() % 2;
      Database &db = keyspace.database(at), &to = keyspace.database(1 - at);
      auto &model = models[at], &to_model = models[1 - at];
      const Bytes key = "key" + std::to_string(dice() % 500),
                  value(dice() % 8 == 0 ? dice() % 5000 : dice() % 50, 'a' + i % 26);
      switch (dice() % 6) {
        case 0:
          db.set_string(key, value);
          model[key] = {.text = value, .fields = {}};
          break;
        case 1:
          ASSERT_EQ(db.erase(key), model.erase(key) == 1);
          break;
        case 2:
        case 3: {
          if (model.contains(key) && model[key].text) break;
          const Bytes field = std::to_string(dice() % 100);
          put(db, key, field, value);
          model[key].fields[field] = value;
          break;
        }
        case 4:
          if (!model.contains(key)) break;
          db.move(key, to, key);
          to_model[key] = model[key];
          model.erase(key);
          break;
        case 5:
          if (!model.contains(key)) break;
          db.copy(key, to, key);
          to_model[key] = model[key];
      }
    }
    for (size_t at = 0; at < 2; ++at) {
      Database& db = keyspace.database(at);
      ASSERT_EQ(db.size(), models[at].size());
      for (const auto& [key, expected] : models[at]) {
        if (expected.text) {
          ASSERT_EQ(text_of(db, key), *expected.text);
        } else {
          std::map<Bytes, Bytes> fields;
          db.see<Hash>(key)->for_each([&](View field, View value) { fields.emplace(field, value); });
          ASSERT_EQ(fields, expected.fields);
        }
        ASSERT_TRUE(db.erase(key));
      }
    }
    while (!keyspace.free_some(8)) {
    }
    EXPECT_EQ(keyspace.chunks().bytes(), empty);
  }
}

// Libraries are of no database; a folder without any can be read by a leat that knows none.
TEST(Libraries, StayApart) {
  Keyspace keyspace(1);
  keyspace.database(0).set_string("k", "v");
  const uint64_t before = keyspace.digest();
  const size_t state_bytes = keyspace.state().size();
  EXPECT_EQ(keyspace.state()[0], 1);
  keyspace.set_library("a", "text");
  keyspace.set_library("b", Bytes(100'000, 'b'));
  EXPECT_EQ(keyspace.state()[0], 2);
  EXPECT_EQ(keyspace.state().size(), state_bytes + sizeof(uint64_t));
  EXPECT_NE(keyspace.digest(), before);
  const auto state = Keyspace::parse(keyspace.state());
  ASSERT_TRUE(state);
  EXPECT_EQ(state->roots.size(), size_t{kLibraries} + 1);
  EXPECT_EQ(Keyspace::encode(*state), keyspace.state());
  for (DbIndex db = 0; db < kDatabases; ++db) keyspace.flush(db);
  keyspace.swap(0, 1);
  EXPECT_EQ(keyspace.library("a"), "text");
  EXPECT_EQ(keyspace.library("b")->size(), 100'000u);
  EXPECT_EQ(keyspace.library_names().size(), 2u);
  keyspace.delete_library("b");
  EXPECT_FALSE(keyspace.library("b"));
  keyspace.flush_libraries();
  EXPECT_FALSE(keyspace.library("a"));
  EXPECT_EQ(keyspace.state()[0], 1);
  while (!keyspace.free_some(100)) continue;
}

// So do users; with them there is always a table of libraries, so that one form says what there is.
TEST(Users, StayApart) {
  Keyspace keyspace(1);
  const uint64_t before = keyspace.digest();
  keyspace.set_library("a", "text");
  const uint64_t library = keyspace.digest();
  keyspace.flush_libraries();
  keyspace.set_user("a", "text");
  EXPECT_NE(keyspace.digest(), library) << "a user is no library";
  EXPECT_EQ(keyspace.state()[0], 3);
  const auto state = Keyspace::parse(keyspace.state());
  ASSERT_TRUE(state);
  EXPECT_EQ(state->roots.size(), size_t{kUsers} + 1);
  EXPECT_EQ(Keyspace::encode(*state), keyspace.state());
  keyspace.flush_libraries();
  EXPECT_EQ(keyspace.state()[0], 3);
  for (DbIndex db = 0; db < kDatabases; ++db) keyspace.flush(db);
  EXPECT_EQ(keyspace.user("a"), "text");
  EXPECT_FALSE(keyspace.library("a"));
  EXPECT_EQ(keyspace.user_names(), std::vector<Bytes>{"a"});
  keyspace.delete_user("a");
  EXPECT_FALSE(keyspace.user("a"));
  EXPECT_EQ(keyspace.digest(), before);
  while (!keyspace.free_some(100)) continue;
}

}  // namespace
}  // namespace leat
