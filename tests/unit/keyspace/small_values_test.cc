// SPDX-License-Identifier: Apache-2.0
// Small hashes and sets lie in their key's row, and nobody can tell.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "broker/keyspace/apply.h"
#include "broker/keyspace/hash.h"
#include "broker/keyspace/keyspace.h"
#include "broker/keyspace/set.h"
#include "tests/support/memory_snapshot.h"

namespace leat {
namespace {

using Fields = std::map<Bytes, Bytes>;

class SmallValues : public ::testing::Test {
 protected:
  void set(View key, std::vector<View> pairs, DbIndex at = 0) {
    apply_one(keyspace, at, HashSet{.key = key, .pairs = pairs});
  }
  void erase(View key, std::vector<View> names, DbIndex at = 0) {
    apply_one(keyspace, at, HashDelete{.key = key, .names = names});
  }
  void add(View key, std::vector<View> members) { apply_one(keyspace, 0, SetAdd{.key = key, .members = members}); }
  void remove(View key, std::vector<View> members) {
    apply_one(keyspace, 0, SetRemove{.key = key, .members = members});
  }

  bool in_row(View key, DbIndex at = 0) const { return keyspace.database(at).find(key)->value == nullptr; }
  Fields fields(View key, DbIndex at = 0) const {
    Fields all;
    const auto hash = keyspace.database(at).see<Hash>(key);
    if (hash != nullptr) hash->for_each([&](View field, View value) { all.emplace(field, value); });
    return all;
  }
  Encoding encoding(View key) const { return keyspace.database(0).find(key)->encoding(); }

  Keyspace keyspace{1};
  Database& db = keyspace.database(0);
};

TEST_F(SmallValues, CostOnlyTheirRow) {
  const size_t chunks = keyspace.chunks().chunks();
  const ValueId next = keyspace.chunks().next_value_id();
  set("h", {"name", "leat", "age", "1"});
  set("h", {"age", "2"});
  add("s", {"a", "b"});
  remove("s", {"a"});
  EXPECT_TRUE(in_row("h"));
  EXPECT_TRUE(in_row("s"));
  EXPECT_EQ(fields("h"), (Fields{{"name", "leat"}, {"age", "2"}}));
  EXPECT_TRUE(db.see<Set>("s")->contains("b"));
  EXPECT_EQ(db.see<Set>("s")->size(), 1u);
  EXPECT_EQ(keyspace.chunks().chunks(), chunks) << "the tables'";
  EXPECT_EQ(keyspace.chunks().next_value_id(), next + 1) << "none was spent";
  erase("h", {"name", "age", "none"});
  remove("s", {"b"});
  EXPECT_EQ(db.size(), 0u);
}

TEST_F(SmallValues, KeepTheOrderOfArrival) {
  set("h", {"z", "1", "a", "2", "m", "3"});
  set("h", {"a", "a longer one"});
  erase("h", {"z"});
  set("h", {"z", "4"});
  Bytes order;
  db.see<Hash>("h")->for_each([&](View field, View) { order += field; });
  EXPECT_EQ(order, "amz");
}

// One byte at a time across the row's limit, by a new field, by a longer value, and by a first value.
TEST_F(SmallValues, GrowOutOfTheRowAtItsLimit) {
  for (size_t size = kRowTextMax - 20; size < kRowTextMax + 20; ++size) {
    const Bytes value(size, 'v');
    set("first", {"f", value});
    set("longer", {"f", "v", "g", ""});
    set("longer", {"f", value});
    const size_t entries = 2 + 2 + size;  // the field, the head of a long value, the value
    EXPECT_EQ(in_row("first"), entries <= kRowTextMax);
    EXPECT_EQ(in_row("longer"), entries + 3 <= kRowTextMax);
    set("half", {"f", value.substr(0, size / 2), "g", value.substr(size / 2)});
    EXPECT_EQ(in_row("half"), 2 * entries - size <= kRowTextMax);
    EXPECT_EQ(fields("first"), (Fields{{"f", value}}));
    EXPECT_EQ(fields("longer"), (Fields{{"f", value}, {"g", ""}}));
    for (const View key : {"first", "longer", "half"}) db.erase(key);
  }
}

TEST_F(SmallValues, GrowOutOfTheRowByNumber) {
  for (size_t number = 1; number <= ByteMap::kFewMax + 1; ++number) {
    const Bytes member = std::to_string(number);
    add("one by one", {member});
    EXPECT_EQ(in_row("one by one"), number <= ByteMap::kFewMax);
  }
  std::vector<Bytes> members;
  for (int i = 0; i < 200; ++i) members.push_back(std::to_string(i));
  for (const size_t count : {32, 33, 64, 65, 200}) {
    add("at once", {members.begin(), members.begin() + count});
    EXPECT_EQ(in_row("at once"), count <= ByteMap::kFewMax);
    EXPECT_EQ(db.see<Set>("at once")->size(), count);
    db.erase("at once");
  }
}

// All fields of a full row named again replace each other: they do not add up.
TEST_F(SmallValues, MayBeRewrittenWhole) {
  std::vector<Bytes> words;
  for (size_t i = 0; i < ByteMap::kFewMax; ++i) words.push_back("f" + std::to_string(i)), words.emplace_back(10, 'v');
  const std::vector<View> pairs(words.begin(), words.end());
  for (int round = 0; round < 3; ++round) {
    set("h", pairs);
    EXPECT_TRUE(in_row("h"));
    EXPECT_EQ(db.see<Hash>("h")->size(), ByteMap::kFewMax);
  }
}

TEST_F(SmallValues, AnEntryForABlobMakesAValue) {
  const size_t empty = keyspace.chunks().bytes();
  set("h", {"f", "v"});
  set("h", {"long", Bytes(5000, 'x')});
  EXPECT_FALSE(in_row("h"));
  EXPECT_EQ(db.see<Hash>("h")->get("f"), "v");
  EXPECT_EQ(db.see<Hash>("h")->get("long"), Bytes(5000, 'x'));
  add("s", {Bytes(2000, 'm')});
  EXPECT_FALSE(in_row("s"));
  set("only", {Bytes(1500, 'k'), "v"});
  EXPECT_FALSE(in_row("only"));
  for (const View key : {"h", "s", "only"}) db.erase(key);
  EXPECT_EQ(keyspace.chunks().bytes(), empty);
}

// Once a Value it stays one, and its digest says nothing of it.
TEST_F(SmallValues, DigestIsTheSameInsideAndOutside) {
  set("h", {"a", "1", "b", "2"});
  add("s", {"1", "2"});
  const uint64_t digest = keyspace.digest();
  set("h", {"large", Bytes(600, 'x')});
  add("s", {Bytes(600, 'x')});
  EXPECT_NE(keyspace.digest(), digest);
  erase("h", {"large"});
  remove("s", {Bytes(600, 'x')});
  EXPECT_FALSE(in_row("h"));
  EXPECT_FALSE(in_row("s"));
  EXPECT_EQ(keyspace.digest(), digest);
  erase("h", {"a", "b"});
  set("h", {"b", "2", "a", "1"});
  EXPECT_TRUE(in_row("h")) << "a new one";
  EXPECT_EQ(keyspace.digest(), digest);
}

TEST_F(SmallValues, ExpireWithTheirKey) {
  set("h", {"f", "v"});
  db.set_expiry("h", 500);
  set("h", {"f", "longer", "g", "v"});
  EXPECT_EQ(db.find("h")->expire_at_ms, 500);
  ASSERT_EQ(db.due(500, 10).size(), 1u);
  EXPECT_EQ(db.due(500, 10).front().key, "h");
  EXPECT_EQ(db.due(500, 10).front().type, Type::kHash);
  set("h", {"large", Bytes(600, 'x')});
  EXPECT_EQ(db.find("h")->expire_at_ms, 500) << "it moved out with its expiry";
  EXPECT_EQ(db.with_expiry(), 1u);
  db.set_expiry("h", 0);
  erase("h", {"f", "g", "large"});
  set("h", {"f", "v"});
  db.set_expiry("h", 700);
  erase("h", {"f"});
  EXPECT_EQ(db.with_expiry(), 0u);
}

TEST_F(SmallValues, MoveAndCopyWithTheirKey) {
  Database& other = keyspace.database(1);
  set("h", {"f", Bytes(100, 'v')});
  ASSERT_EQ(encoding("h"), Encoding::kHashtable);
  db.set_expiry("h", 77);
  db.rename("h", "renamed");
  db.copy("renamed", db, "copy");
  db.copy("renamed", other, "copy");
  set("copy", {"f", "changed"});
  db.move("copy", other, "moved");
  EXPECT_EQ(fields("renamed"), (Fields{{"f", Bytes(100, 'v')}}));
  EXPECT_EQ(encoding("renamed"), Encoding::kHashtable);
  EXPECT_EQ(fields("copy", 1), fields("renamed"));
  EXPECT_EQ(fields("moved", 1), (Fields{{"f", "changed"}}));
  EXPECT_EQ(other.find("moved")->encoding(), Encoding::kHashtable);
  EXPECT_EQ(other.find("moved")->expire_at_ms, 77);
  EXPECT_EQ(other.with_expiry(), 2u);
  EXPECT_TRUE(in_row("moved", 1));
  db.set_string("renamed", "in the way");
  EXPECT_EQ(db.with_expiry(), 0u);
  other.rename("moved", "copy");
  EXPECT_EQ(other.size(), 1u);
  keyspace.swap(0, 1);
  EXPECT_EQ(fields("copy"), (Fields{{"f", "changed"}}));
  keyspace.flush(0);
  EXPECT_EQ(keyspace.database(0).size(), 0u);
}

TEST_F(SmallValues, LabelsStick) {
  add("s", {"1", "2"});
  EXPECT_EQ(encoding("s"), Encoding::kIntset);
  add("s", {"x"});
  EXPECT_EQ(encoding("s"), Encoding::kListpack);
  remove("s", {"x"});
  EXPECT_EQ(encoding("s"), Encoding::kListpack);
  add("s", {Bytes(65, 'x')});
  EXPECT_EQ(encoding("s"), Encoding::kHashtable);
  remove("s", {Bytes(65, 'x')});
  EXPECT_TRUE(in_row("s"));
  EXPECT_EQ(encoding("s"), Encoding::kHashtable);
  remove("s", {"1", "2"});
  add("s", {"1"});
  EXPECT_EQ(encoding("s"), Encoding::kIntset) << "a new one";
  std::vector<Bytes> numbers;
  for (int i = 0; i < 40; ++i) numbers.push_back(std::to_string(i));
  add("s", {numbers.begin(), numbers.end()});
  EXPECT_FALSE(in_row("s"));
  EXPECT_EQ(encoding("s"), Encoding::kIntset);
}

// A scan that began in the row goes on in the Value: its cursor is a place among the hashes.
TEST_F(SmallValues, ScansAcrossGrowth) {
  for (int start = 0; start < 20; ++start) {
    std::set<Bytes> stays, seen;
    for (int i = 0; i < 20; ++i) stays.insert("m" + std::to_string(start) + "." + std::to_string(i));
    add("s", {stays.begin(), stays.end()});
    ASSERT_TRUE(in_row("s"));
    const auto visit = [&](View member) {
      EXPECT_TRUE(!stays.contains(Bytes(member)) || seen.emplace(member).second) << member;
    };
    uint64_t cursor = db.see<Set>("s")->scan(0, 5, visit);
    ASSERT_NE(cursor, 0u);
    for (int i = 0; i < 3000; ++i) add("s", {"more" + std::to_string(i)});
    ASSERT_FALSE(in_row("s"));
    while (cursor != 0) cursor = db.see<Set>("s")->scan(cursor, 5, visit);
    EXPECT_EQ(seen, stays);
    db.erase("s");
  }
}

// A row is its table's business: a snapshot takes and brings it with the table's chunks.
TEST_F(SmallValues, LiveOnOutOfASnapshot) {
  set("h", {"f", "v", "long", Bytes(100, 'x')});
  erase("h", {"long"});
  add("ints", {"1", "2"});
  db.set_expiry("ints", 9);
  set("outside", {"f", Bytes(600, 'x')});
  leat::testing::MemorySnapshot snapshot;
  snapshot.take(keyspace);
  EXPECT_EQ(snapshot.rows(), kDatabases + 1) << "the tables and one hash";
  Keyspace loaded(0);
  snapshot.load(loaded);
  EXPECT_EQ(loaded.digest(), keyspace.digest());
  Database& anew = loaded.database(0);
  EXPECT_EQ(anew.find("h")->encoding(), Encoding::kHashtable);
  EXPECT_EQ(anew.find("ints")->encoding(), Encoding::kIntset);
  EXPECT_EQ(anew.with_expiry(), 1u);
  const View more[] = {"g", "w"};
  apply_one(loaded, 0, HashSet{.key = "h", .pairs = more});
  EXPECT_EQ(anew.see<Hash>("h")->size(), 2u);
  EXPECT_EQ(anew.find("h")->value, nullptr);
}

TEST_F(SmallValues, SightsStandSideBySide) {
  add("a", {"1", "2"});
  add("b", {"2", "3"});
  std::vector<Sight<Set>> sights;
  for (const View key : {"a", "none", "b", "a"}) sights.push_back(db.see<Set>(key));
  EXPECT_TRUE(sights[0]->contains("1"));
  EXPECT_EQ(sights[1], nullptr);
  EXPECT_TRUE(sights[2]->contains("3"));
  std::swap(sights[0], sights[1]);
  sights[3] = sights[2];
  EXPECT_EQ(sights[0], nullptr);
  EXPECT_TRUE(sights[1]->contains("1"));
  EXPECT_TRUE((*sights[3]).contains("3"));
}

// Any order of changes, against a model, around the limits of the row; at the end nothing is left behind.
TEST_F(SmallValues, DoWhatAMapDoes) {
  const size_t empty = keyspace.chunks().bytes();
  for (const uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    std::map<Bytes, Fields> models[2];
    size_t inside = 0, outside = 0;
    for (int i = 0; i < 40000; ++i) {
      const DbIndex at = dice() % 2, to = 1 - at;
      const Bytes key = "key" + std::to_string(dice() % 60);
      Fields& model = models[at][key];
      switch (dice() % 16) {
        case 0:
          if (model.empty()) break;
          keyspace.database(at).move(key, keyspace.database(to), key);
          models[to][key] = std::move(model);
          model.clear();
          break;
        case 1:
          if (model.empty()) break;
          keyspace.database(at).copy(key, keyspace.database(to), key);
          models[to][key] = model;
          break;
        case 2:
          if (!model.empty()) keyspace.database(at).set_expiry(key, static_cast<TimeMs>(dice() % 3));
          break;
        case 3:
          keyspace.database(at).erase(key);
          model.clear();
          break;
        case 4:
        case 5:
        case 6:
        case 7: {
          if (model.empty()) break;
          std::vector<Bytes> names;
          for (size_t n = dice() % 8; n-- > 0;) names.push_back(std::to_string(dice() % 50));
          erase(key, {names.begin(), names.end()}, at);
          for (const Bytes& name : names) model.erase(name);
          break;
        }
        default: {
          std::vector<Bytes> words;
          for (size_t n = 1 + dice() % 6; n-- > 0;) {
            words.push_back(std::to_string(dice() % 50));
            words.emplace_back(dice() % 40 == 0 ? dice() % 1500 : dice() % 40, 'a' + i % 26);
            model[words[words.size() - 2]] = words.back();
          }
          set(key, {words.begin(), words.end()}, at);
        }
      }
      ASSERT_EQ(fields(key, at), models[at][key]);
      ASSERT_EQ(keyspace.database(at).find(key).has_value(), !models[at][key].empty());
      if (!models[at][key].empty()) ++(in_row(key, at) ? inside : outside);
    }
    EXPECT_GT(inside, 5000u);
    EXPECT_GT(outside, 5000u);
    for (DbIndex at = 0; at < 2; ++at) {
      for (const auto& [key, model] : models[at]) {
        ASSERT_EQ(fields(key, at), model);
        ASSERT_EQ(keyspace.database(at).erase(key), !model.empty());
      }
      EXPECT_EQ(keyspace.database(at).with_expiry(), 0u);
    }
    while (!keyspace.free_some(8)) {
    }
    EXPECT_EQ(keyspace.chunks().bytes(), empty);
  }
}

}  // namespace
}  // namespace leat
