// SPDX-License-Identifier: Apache-2.0
// What does not fit is told; what fits is carried out and leaves a keyspace that a snapshot can hold. That what
// handlers emit fits, every command test shows: its log is replayed by `leat check`.
#include "broker/keyspace/applicable.h"

#include <gtest/gtest.h>

#include <random>

#include "broker/keyspace/apply.h"
#include "schemas/effect_codec.h"
#include "tests/support/memory_snapshot.h"

namespace leat {

namespace {

constexpr StreamId kId{.ms = 5, .seq = 1};

class Applicable : public ::testing::Test {
 protected:
  Applicable() {
    const View values[] = {"a", "b", "c"}, pairs[] = {"f", "v"};
    const ScoredMember members[] = {{1, "m"}, {2, "n"}};
    do_it(StringSet{.key = "string", .value = "text"});
    do_it(ListPush{.key = "list", .side = Side::kRight, .values = values});
    do_it(HashSet{.key = "hash", .pairs = pairs});
    do_it(SetAdd{.key = "set", .members = values});
    do_it(SortedSetAdd{.key = "zset", .entries = members});
    do_it(StreamAdd{.key = "stream", .id = kId, .pairs = pairs});
    do_it(GroupCreate{.key = "stream", .group = "g", .last_delivered = {}, .entries_read = 0});
  }

  template <typename E>
  void do_it(const E& effect) {
    ASSERT_EQ(why(effect), "");
    apply_one(keyspace_, 0, effect);
  }
  template <typename E>
  Bytes why(const E& effect, DbIndex db = 0) {
    return Bytes(fits_state(keyspace_, db, effect).text());
  }

  Keyspace keyspace_{1};
};

TEST_F(Applicable, Databases) {
  EXPECT_EQ(why(DatabaseFlush{}, kDatabases), "there is no such database");
  EXPECT_EQ(why(DatabaseSwap{.other = kDatabases}), "there is no such database");
  EXPECT_EQ(why(KeyMove{.key = "list", .to_db = kDatabases}), "there is no such database");
  EXPECT_EQ(why(KeyCopy{.key = "list", .to_db = kDatabases, .to = "x"}), "there is no such database");
  EXPECT_EQ(why(KeyCopy{.key = "list", .to_db = 15, .to = "x"}), "");
  EXPECT_EQ(why(DatabaseSwap{.other = 15}), "");
}

TEST_F(Applicable, FieldsThatAreNotThere) {
  const View has[] = {"f"}, lacks[] = {"f", "g"};
  EXPECT_EQ(why(HashSetExpiry{.key = "hash", .at_ms = 9, .names = lacks}), "the hash has no such field");
  do_it(HashSetExpiry{.key = "hash", .at_ms = 9, .names = has});
  do_it(HashSetExpiry{.key = "hash", .at_ms = 0, .names = has});
  do_it(HashExpire{.key = "hash", .names = lacks});
  EXPECT_EQ(why(HashExpire{.key = "hash", .names = lacks}), "there is no such key");
}

TEST_F(Applicable, Libraries) {
  EXPECT_EQ(why(LibraryDelete{.library = "a"}), "there is no such library");
  EXPECT_EQ(why(LibrariesFlush{}), "");
  do_it(LibrarySet{.library = "a", .code = "text"});
  do_it(LibrarySet{.library = "a", .code = "another"});
  EXPECT_EQ(keyspace_.library("a"), "another");
  do_it(LibraryDelete{.library = "a"});
  EXPECT_EQ(why(LibraryDelete{.library = "a"}), "there is no such library");
  do_it(LibrarySet{.library = "b", .code = "text"});
  do_it(DatabaseFlush{});
  EXPECT_EQ(keyspace_.library_names(), std::vector<Bytes>{"b"});
  do_it(LibrariesFlush{});
  EXPECT_EQ(keyspace_.library_names(), std::vector<Bytes>());
}

TEST_F(Applicable, Users) {
  EXPECT_EQ(why(UserDelete{.user = "a"}), "there is no such user");
  do_it(UserSet{.user = "a", .rules = "on"});
  do_it(UserSet{.user = "a", .rules = "off"});
  EXPECT_EQ(keyspace_.user("a"), "off");
  do_it(DatabaseFlush{});
  do_it(LibrariesFlush{});
  EXPECT_EQ(keyspace_.user_names(), std::vector<Bytes>{"a"});
  do_it(UserDelete{.user = "a"});
  EXPECT_EQ(why(UserDelete{.user = "a"}), "there is no such user");
}

TEST_F(Applicable, KeysThatAreNotThere) {
  const View names[] = {"x"};
  for (const Effect& effect :
       std::initializer_list<Effect>{KeyDelete{.key = "no"},
                                     KeyExpire{.key = "no"},
                                     KeySetExpiry{.key = "no", .at_ms = 5},
                                     KeyRename{.key = "no", .to = "b"},
                                     KeyMove{.key = "no", .to_db = 1},
                                     KeyCopy{.key = "no", .to_db = 1, .to = "b"},
                                     ListPop{.key = "no", .side = Side::kLeft, .count = 0},
                                     ListSet{.key = "no", .index = 0, .value = "v"},
                                     ListInsert{.key = "no", .index = 0, .value = "v"},
                                     ListErase{.key = "no", .index = 0, .count = 0},
                                     HashDelete{.key = "no", .names = names},
                                     HashSetExpiry{.key = "no", .at_ms = 1, .names = names},
                                     HashExpire{.key = "no", .names = names},
                                     SetRemove{.key = "no", .members = names},
                                     SortedSetRemove{.key = "no", .members = names},
                                     SortedSetErase{.key = "no", .rank = 0, .count = 0},
                                     StreamDelete{.key = "no", .ids = {}},
                                     StreamTrim{.key = "no", .count = 0},
                                     StreamSetId{.key = "no", .last_id = kId, .entries_added = 1, .max_deleted_id = {}},
                                     GroupCreate{.key = "no", .group = "g", .last_delivered = {}, .entries_read = 0},
                                     GroupDestroy{.key = "no", .group = "g"},
                                     PendingAck{.key = "no", .group = "g", .ids = {}}}) {
    EXPECT_EQ(why(effect), "there is no such key") << effect_text(0, effect);
  }
}

TEST_F(Applicable, KeysOfAnotherType) {
  const View values[] = {"x", "y"};
  const ScoredMember members[] = {{1, "m"}};
  EXPECT_EQ(why(ListPush{.key = "hash", .side = Side::kLeft, .values = values}), "the key holds a hash, not a list");
  EXPECT_EQ(why(HashSet{.key = "list", .pairs = values}), "the key holds a list, not a hash");
  EXPECT_EQ(why(SetAdd{.key = "zset", .members = values}), "the key holds a zset, not a set");
  EXPECT_EQ(why(SortedSetAdd{.key = "set", .entries = members}), "the key holds a set, not a zset");
  EXPECT_EQ(why(StreamAdd{.key = "string", .id = kId, .pairs = values}), "the key holds a string, not a stream");
  EXPECT_EQ(why(StringWrite{.key = "list", .offset = 0, .bytes = "x"}), "the key holds a list, not a string");
  EXPECT_EQ(why(StringSet{.key = "list", .value = "x"}), "") << "it replaces anything";
}

TEST_F(Applicable, PlacesBeyondTheEnd) {
  EXPECT_EQ(why(ListPop{.key = "list", .side = Side::kLeft, .count = 4}), "it holds 3");
  EXPECT_EQ(why(ListPop{.key = "list", .side = Side::kLeft, .count = 3}), "");
  EXPECT_EQ(why(ListSet{.key = "list", .index = 3, .value = "v"}), "it holds 3");
  EXPECT_EQ(why(ListInsert{.key = "list", .index = 4, .value = "v"}), "it holds 3");
  EXPECT_EQ(why(ListInsert{.key = "list", .index = 3, .value = "v"}), "");
  EXPECT_EQ(why(ListErase{.key = "list", .index = 3, .count = 0}), "it holds 3");
  EXPECT_EQ(why(ListErase{.key = "list", .index = 1, .count = UINT64_MAX}), "it holds 3");
  EXPECT_EQ(why(SortedSetErase{.key = "zset", .rank = 1, .count = 2}), "it holds 2");
  EXPECT_EQ(why(SortedSetErase{.key = "zset", .rank = 1, .count = 1}), "");
  EXPECT_EQ(why(StreamTrim{.key = "stream", .count = 2}), "it holds 1");
}

TEST_F(Applicable, WhatNoHandlerMakes) {
  const View one[] = {"f"};
  const ScoredMember nan[] = {{std::numeric_limits<double>::quiet_NaN(), "m"}};
  EXPECT_EQ(why(ListPush{.key = "new", .side = Side::kLeft, .values = {}}), "it brings nothing");
  EXPECT_EQ(why(HashSet{.key = "new", .pairs = {}}), "it brings nothing");
  EXPECT_EQ(why(HashSet{.key = "new", .pairs = one}), "a name has no value");
  EXPECT_EQ(why(HashRevise{.key = "new", .pairs = one}), "a name has no value");
  EXPECT_EQ(why(HashSetExpiry{.key = "hash", .at_ms = 1, .names = {}}), "it brings nothing");
  EXPECT_EQ(why(HashSetExpiry{.key = "hash", .at_ms = -1, .names = one}), "the expiry lies before 1970");
  EXPECT_EQ(why(SetAdd{.key = "new", .members = {}}), "it brings nothing");
  EXPECT_EQ(why(SortedSetAdd{.key = "new", .entries = {}}), "it brings nothing");
  EXPECT_EQ(why(SortedSetAdd{.key = "new", .entries = nan}), "a score is not a number");
  EXPECT_EQ(why(StreamAdd{.key = "new", .id = kId, .pairs = {}}), "it brings nothing");
  EXPECT_EQ(why(StringWrite{.key = "string", .offset = UINT64_MAX, .bytes = "x"}), "the string would grow too long");
  EXPECT_EQ(why(StringSet{.key = "string", .value = "x", .expire_at_ms = -2}), "the expiry lies before 1970");
  EXPECT_EQ(why(StringSet{.key = "string", .value = "x", .expire_at_ms = kKeepExpiry}), "");
}

TEST_F(Applicable, StreamsAndGroups) {
  const View pairs[] = {"f", "v"};
  EXPECT_EQ(why(StreamAdd{.key = "stream", .id = kId, .pairs = pairs}), "its id does not rise");
  EXPECT_EQ(why(StreamAdd{.key = "stream", .id = kId.next(), .pairs = pairs}), "");
  EXPECT_EQ(why(StreamAdd{.key = "new", .id = {}, .pairs = pairs}), "its id does not rise");
  EXPECT_EQ(why(StreamSetId{.key = "stream", .last_id = {1, 1}, .entries_added = 1, .max_deleted_id = {}}),
            "an entry has a greater id");
  EXPECT_EQ(why(StreamSetId{.key = "stream", .last_id = kId, .entries_added = 1, .max_deleted_id = {}}), "");
  EXPECT_EQ(why(GroupCreate{.key = "stream", .group = "g", .last_delivered = {}, .entries_read = 0}),
            "there is such a group");
  const StreamId ids[] = {kId};
  for (const Effect& effect : std::initializer_list<Effect>{
           GroupDestroy{.key = "stream", .group = "h"},
           GroupSetId{.key = "stream", .group = "h", .last_delivered = kId, .entries_read = 1},
           ConsumerCreate{.key = "stream", .group = "h", .consumer = "c", .at_ms = 1},
           ConsumerDelete{.key = "stream", .group = "h", .consumer = "c"},
           GroupDeliver{.key = "stream",
           .group = "h",
           .consumer = "c",
           .ids = ids,
           .at_ms = 1,
           .last_delivered = kId,
           .entries_read = 1},
           PendingAck{.key = "stream", .group = "h", .ids = ids},
           PendingClaim{
               .key = "stream", .group = "h", .consumer = "c", .id = kId, .delivered_at_ms = 1, .deliveries = 1}}) {
    EXPECT_EQ(why(effect), "there is no such group") << effect_text(0, effect);
  }
  EXPECT_EQ(why(PendingAck{.key = "stream", .group = "g", .ids = ids}), "") << "what is not pending stays so";
}

TEST_F(Applicable, WhatStreamsRemember) {
  const StreamRemember sent{.key = "stream", .id = kId, .at_ms = 5, .producer = 1, .print_high = 2, .print_low = 3};
  EXPECT_EQ(why(sent), "the stream remembers nobody's ids");
  EXPECT_EQ(why(StreamConfigure{.key = "no", .duration_ms = 1, .ids_max = 1}), "there is no such key");
  EXPECT_EQ(why(StreamConfigure{.key = "stream", .duration_ms = 0, .ids_max = 1}), "no stream remembers for so long");
  EXPECT_EQ(why(StreamConfigure{.key = "stream", .duration_ms = 86'400'001, .ids_max = 1}),
            "no stream remembers for so long");
  EXPECT_EQ(why(StreamConfigure{.key = "stream", .duration_ms = 1, .ids_max = 0}), "no stream remembers so many");
  EXPECT_EQ(why(StreamConfigure{.key = "stream", .duration_ms = 1, .ids_max = 10'001}), "no stream remembers so many");
  const StreamConfigure configure{.key = "stream", .duration_ms = 1000, .ids_max = 3};
  EXPECT_EQ(why(configure), "");
  apply_effect(keyspace_, 0, configure);
  EXPECT_EQ(why(sent), "");
  StreamRemember early = sent;
  early.at_ms = -1;
  EXPECT_EQ(why(early), "it came before 1970");
}

// ---- any effects, on few keys, so that they meet

class Dice {
 public:
  explicit Dice(uint64_t seed) : dice_(seed) {}
  uint64_t below(uint64_t bound) { return dice_() % bound; }

  void roll(View& field) {
    const uint64_t kind = below(40);
    if (kind == 0)
      field = View(long_).substr(0, 1000 + below(3000));
    else
      field = View(names_).substr(below(6), 1 + below(2));
  }
  void roll(Side& field) { field = below(2) == 0 ? Side::kLeft : Side::kRight; }
  void roll(double& field) {
    field = below(50) == 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(below(5));
  }
  void roll(StreamId& field) { field = {.ms = below(60), .seq = below(3)}; }
  void roll(DbIndex& field) { field = static_cast<DbIndex>(below(20) == 0 ? kDatabases : below(2)); }
  void roll(uint64_t& field) { field = below(30) == 0 ? UINT64_MAX - below(2) : below(4); }
  void roll(TimeMs& field) { field = static_cast<TimeMs>(below(4)) - (below(30) == 0 ? 2 : 0); }
  void roll(Views& field) {
    views_.resize(below(9));
    for (View& one : views_) roll(one);
    field = views_;
  }
  void roll(StreamIds& field) {
    ids_.resize(below(4));
    for (StreamId& one : ids_) roll(one);
    field = ids_;
  }
  void roll(ScoredMembers& field) {
    members_.resize(below(6));
    for (ScoredMember& one : members_) roll(one.score), roll(one.member);
    field = members_;
  }

  template <size_t kAt = 0>
  Effect effect(size_t kind) {
    if constexpr (kAt == std::variant_size_v<Effect>) {
      return DatabaseFlush{};
    } else {
      if (kind != kAt) return effect<kAt + 1>(kind);
      std::variant_alternative_t<kAt, Effect> one{};
      std::apply([&](auto&... field) { (roll(field), ...); }, one.fields());
      return one;
    }
  }

 private:
  std::mt19937_64 dice_;
  const Bytes names_ = "abcdefghi";
  const Bytes long_ = Bytes(4000, 'L');
  std::vector<View> views_;
  std::vector<StreamId> ids_;
  std::vector<ScoredMember> members_;
};

TEST(ApplicableAny, WhatFitsIsCarriedOutAndCanBeSaved) {
  uint64_t done = 0, left_out = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    Keyspace keyspace(seed);
    for (int step = 0; step < 3000; ++step) {
      size_t kind = dice.below(std::variant_size_v<Effect> + 1);
      if (kind >= 33 && kind <= 36 && dice.below(20) != 0) kind = dice.below(33);  // a flush now and then is enough
      const Effect effect = dice.effect(kind);
      const DbIndex db = static_cast<DbIndex>(dice.below(2));
      if (!fits_state(keyspace, db, effect).ok()) {
        ++left_out;
        continue;
      }
      apply_effect(keyspace, db, effect);
      ++done;
    }
    testing::MemorySnapshot snapshot;
    snapshot.take(keyspace);
    ASSERT_EQ(snapshot.digest_when_loaded(), keyspace.digest());
  }
  EXPECT_GT(done, 20'000u);
  EXPECT_GT(left_out, 20'000u);
}

}  // namespace
}  // namespace leat
