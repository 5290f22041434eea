// SPDX-License-Identifier: Apache-2.0
// A snapshot's chunks with one of them missing, each in turn, and with many: what is left fits together, every key that
// the missing ones were no part of is as it was, and a gap is told.
#include "broker/keyspace/mender.h"

#include <gtest/gtest.h>

#include <random>

#include "broker/keyspace/apply.h"
#include "broker/keyspace/loader.h"
#include "tests/support/memory_snapshot.h"

namespace leat {

namespace {

using Key = std::pair<DbIndex, Bytes>;
using Digests = std::map<Key, uint64_t>;

Digests digests_of(const Keyspace& keyspace) {
  Digests digests;
  for (DbIndex db = 0; db < kDatabases; ++db) {
    keyspace.database(db).for_each([&](View key, const Found&) {
      digests[{db, Bytes(key)}] = keyspace.database(db).digest_of(key);
    });
  }
  for (const Bytes& name : keyspace.library_names()) digests[{kLibraries, name}] = digest::of(*keyspace.library(name));
  for (const Bytes& name : keyspace.user_names()) digests[{kUsers, name}] = digest::of(*keyspace.user(name));
  return digests;
}

class MenderTest : public ::testing::Test {
 protected:
  struct Row {
    SavedChunk chunk;
    Bytes bytes;
  };

  MenderTest() {
    for (int n = 0; n < 60; ++n) fill(std::to_string(n));
    const Bytes blob(3000, 'b');
    const View fields[] = {"f", blob};
    apply_one(keyspace_, 3, HashSet{.key = "other", .pairs = fields});
    apply_one(keyspace_, 0, StringSet{.key = "long", .value = Bytes(70'000, 'l')});
    apply_one(keyspace_, 0, LibrarySet{.library = "short_library", .code = "#!lua name=short_library\n"});
    apply_one(keyspace_, 0, LibrarySet{.library = "long_library", .code = Bytes(70'000, 'c')});
    Changes& changes = keyspace_.chunks().changes();
    changes.freeze();
    while (!changes.take(SIZE_MAX / 2)) continue;
    taken_ = changes.hand_over();
    for (const SavedChunk& chunk : taken_.chunks) rows_.push_back({chunk, Bytes(chunk.bytes)});
    was_ = digests_of(keyspace_);
  }

  void fill(const Bytes& n) {
    const Bytes text(static_cast<size_t>(std::stoi(n)) * 20, 't'), item = n + Bytes(200, 'i'),
                                                                   blob = n + Bytes(1500, 'b');
    const View values[] = {item, n}, blobs[] = {blob}, pairs[] = {item, n}, fields[] = {"name", item},
               long_fields[] = {"n", blob};
    const ScoredMember members[] = {{std::stod(n), item}, {1, n}};
    apply_one(keyspace_, 0, StringSet{.key = "text:" + n, .value = text});
    apply_one(keyspace_, 0, ListPush{.key = "list", .side = Side::kRight, .values = values});
    apply_one(keyspace_, 0, ListPush{.key = "blobs", .side = Side::kLeft, .values = blobs});
    apply_one(keyspace_, 0, HashSet{.key = "hash", .pairs = pairs});
    const View ending[] = {item}, long_ending[] = {blob, n}, long_names[] = {blob};
    apply_one(keyspace_, 0, HashSetExpiry{.key = "hash", .at_ms = 1000 + std::stoi(n), .names = ending});
    apply_one(keyspace_, 0, HashSet{.key = "endings", .pairs = long_ending});
    if (std::stoi(n) < 5) apply_one(keyspace_, 0, HashSetExpiry{.key = "endings", .at_ms = 7, .names = long_names});
    apply_one(keyspace_, 0, SetAdd{.key = "set", .members = values});
    apply_one(keyspace_, 0, SortedSetAdd{.key = "zset", .entries = members});
    const StreamId id{.ms = static_cast<uint64_t>(std::stoi(n)) + 1, .seq = 0}, ids[] = {id};
    const bool is_long = std::stoi(n) % 4 == 0;
    apply_one(keyspace_, 0,
              StreamAdd{.key = "stream", .id = id, .pairs = is_long ? Views(long_fields) : Views(fields)});
    if (n == "0") apply_one(keyspace_, 0, StreamConfigure{.key = "stream", .duration_ms = 9000, .ids_max = 1000});
    for (uint64_t i = 0; i < 3; ++i) {
      const StreamId sent{id.ms, i};
      apply_one(keyspace_, 0,
                StreamRemember{
                    .key = "stream", .id = sent, .at_ms = 5, .producer = i, .print_high = id.ms, .print_low = i});
    }
    if (n == "0")
      apply_one(keyspace_, 0, GroupCreate{.key = "stream", .group = "g", .last_delivered = {}, .entries_read = 0});
    apply_one(keyspace_, 0,
              GroupDeliver{.key = "stream",
                           .group = "g",
                           .consumer = std::stoi(n) % 2 == 0 ? "even" : "odd",
                           .ids = ids,
                           .at_ms = 5,
                           .last_delivered = id,
                           .entries_read = 1});
  }

  // Loads all but some, and takes a snapshot of that.
  template <typename Missing>  // missing(const Row&)
  Digests mended(Missing missing, const std::set<BlobId>& lost_blobs = {}) {
    Keyspace keyspace(0);
    KeyspaceLoader loader(keyspace);
    const Bytes state = keyspace_.state();
    EXPECT_TRUE(loader.begin(state).ok());
    KeyspaceMender mender(keyspace.chunks(), *Keyspace::parse(state));
    for (const SavedBlob& blob : taken_.blobs) {
      if (lost_blobs.contains(blob.id)) continue;
      loader.add_blob(blob.id, blob.bytes);
      mender.add_blob(blob.id);
    }
    for (const Row& row : rows_) {
      SavedChunk chunk = row.chunk;
      chunk.bytes = row.bytes;
      if (!missing(row)) mender.add(chunk);
    }
    mender.mend();
    losses_ = mender.losses();
    EXPECT_TRUE(loader.begin(Keyspace::encode(mender.state())).ok());
    const Status added = mender.hand_out([&](const SavedChunk& chunk) { return loader.add(chunk); });
    EXPECT_TRUE(added.ok()) << added.text();
    const Status finished = loader.finish([] {});
    EXPECT_TRUE(finished.ok()) << finished.text();
    static_cast<void>(keyspace.digest());
    return digests_of(keyspace);
  }

  // Whose key is told, or who may have lost something without a trace.
  std::set<Key> named() const {
    std::set<Key> keys;
    for (const auto& loss : losses_) {
      if (loss.key) keys.insert({*loss.db, *loss.key});
    }
    return keys;
  }
  bool tells(View what) const {
    return std::any_of(losses_.begin(), losses_.end(),
                       [&](const auto& loss) { return loss.what.find(what) != Bytes::npos; });
  }

  Keyspace keyspace_{1};
  Handover taken_;
  std::vector<Row> rows_;
  Digests was_;
  std::vector<KeyspaceMender::Loss> losses_;
};

TEST_F(MenderTest, OfAllChunksLeavesNoneOut) {
  EXPECT_EQ(mended([](const Row&) { return false; }), was_);
  EXPECT_TRUE(losses_.empty()) << losses_.front().what;
}

TEST_F(MenderTest, EachChunkInTurn) {
  const std::map<ChunkKind, Bytes> without_trace = {
      {ChunkKind::kListItems, "list"}, {ChunkKind::kSortedSetItems, "zset"}, {ChunkKind::kStreamEntries, "stream"},
      {ChunkKind::kPending, "stream"}, {ChunkKind::kGroup, "stream"},        {ChunkKind::kConsumer, "stream"},
      {ChunkKind::kRemembered, "stream"},    {ChunkKind::kHashLifetimes, "endings"}};
  for (const Row& gone : rows_) {
    SCOPED_TRACE("chunk " + std::to_string(gone.chunk.id) + " of kind " +
                 std::to_string(static_cast<int>(gone.chunk.kind)));
    const Digests now = mended([&](const Row& row) { return row.chunk.id == gone.chunk.id; });
    auto spared = named();
    const auto traceless = without_trace.find(gone.chunk.kind);
    if (traceless != without_trace.end()) spared.insert({{0, traceless->second}, {0, "blobs"}});
    for (const auto& [key, digest] : was_) {
      const auto found = now.find(key);
      const bool there = found != now.end() && found->second == digest;
      const bool key_is_gone = gone.chunk.kind == ChunkKind::kKeyRows && found == now.end();
      EXPECT_TRUE(there || spared.contains(key) || key_is_gone) << key.second;
    }
    const bool told = gone.chunk.kind == ChunkKind::kHashFields || gone.chunk.kind == ChunkKind::kSetMembers ||
                      gone.chunk.kind == ChunkKind::kString || gone.chunk.kind == ChunkKind::kStreamHead ||
                      gone.chunk.kind == ChunkKind::kKeyRows || gone.chunk.kind == ChunkKind::kGroup ||
                      gone.chunk.kind == ChunkKind::kConsumer || gone.chunk.kind == ChunkKind::kProducers;
    if (told && !gone.bytes.empty()) {
      EXPECT_FALSE(losses_.empty());
    }
  }
}

TEST_F(MenderTest, EachBlobInTurn) {
  for (const SavedBlob& blob : taken_.blobs) {
    const Digests now = mended([](const Row&) { return false; }, {blob.id});
    const auto spared = named();
    EXPECT_EQ(spared.size(), 1u);
    for (const auto& [key, digest] : was_) {
      const auto found = now.find(key);
      EXPECT_TRUE((found != now.end() && found->second == digest) || spared.contains(key)) << key.second;
    }
  }
}

TEST_F(MenderTest, ManyAtOnceAndNoneButAFew) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    std::set<BlobId> lost;
    for (const SavedBlob& blob : taken_.blobs) {
      if (dice() % 4 == 0) lost.insert(blob.id);
    }
    const uint64_t of_ten = 1 + seed % 9;
    mended([&](const Row&) { return dice() % 10 < of_ten; }, lost);
  }
}

TEST_F(MenderTest, WhatALostConsumerHeldStaysPending) {
  mended([](const Row& row) { return row.chunk.kind == ChunkKind::kConsumer && row.bytes.ends_with("odd"); });
  EXPECT_TRUE(tells("a consumer's name: what it held is pending for lost-consumer-1"));
  EXPECT_EQ(named(), (std::set<Key>{{0, "stream"}}));
}

TEST_F(MenderTest, AStreamForgetsItsProducersWithTheirHead) {
  mended([](const Row& row) { return row.chunk.kind == ChunkKind::kProducers; });
  EXPECT_TRUE(tells("what it remembered of its producers' ids"));
  EXPECT_EQ(named(), (std::set<Key>{{0, "stream"}}));
}

TEST_F(MenderTest, AStreamWithoutItsHeadGoesOnBehindItsEntries) {
  mended([](const Row& row) { return row.chunk.kind == ChunkKind::kStreamHead; });
  EXPECT_TRUE(tells("its last id and counters"));
}

TEST_F(MenderTest, ALongStringKeepsWhatIsLeftOfIt) {
  const auto window = [](uint32_t number) {
    return [number](const Row& row) { return row.chunk.kind == ChunkKind::kString && row.chunk.detail == number; };
  };
  EXPECT_EQ(mended(window(3)).size(), was_.size());
  EXPECT_TRUE(tells("4000 bytes of the string, for which zeros stand"));
  EXPECT_EQ(named(), (std::set<Key>{{0, "long"}, {kLibraries, "long_library"}}));
  EXPECT_EQ(mended(window(70'000 / 4000 + 1)).size(), was_.size());
  EXPECT_TRUE(tells("the end of the string, from byte 68000 on"));
  mended([](const Row& row) { return row.chunk.kind == ChunkKind::kString && row.chunk.detail > 2; });
  EXPECT_TRUE(tells("the end of the string, from byte 8000 on"));
}

// Of a value whose key is lost nothing else is: it gets another key.
TEST_F(MenderTest, AValueWithoutAKeyGetsOne) {
  for (const bool all : {false, true}) {
    const Digests now = mended([&](const Row& row) {
      return row.chunk.kind == ChunkKind::kKeyRows && (all || row.bytes.find("zset") != Bytes::npos);
    });
    EXPECT_FALSE(now.contains({0, "zset"}));
    EXPECT_TRUE(tells("no key that could be read leads to this zset: it has this one now"));
    for (const Key& key : named()) {
      EXPECT_TRUE(now.contains(key)) << key.second << " is told and cannot be found";
      EXPECT_TRUE(key.second.starts_with(kLostValue)) << key.second;
    }
  }
}

TEST_F(MenderTest, AFieldWithoutItsLifetimeLivesOn) {
  bool first = true;
  const auto now = mended([&](const Row& row) {
    return row.chunk.kind == ChunkKind::kHashLifetimes && row.chunk.detail > 0 && std::exchange(first, false);
  });
  EXPECT_FALSE(first) << "the lifetimes of \"hash\" take several chunks";
  EXPECT_TRUE(tells(" % of its fields' lifetimes: they live on"));
  EXPECT_EQ(now.size(), was_.size());
}

// A segment as it was before it was split: it covers what the new ones cover.
TEST_F(MenderTest, AChunkOfAnotherTimeIsLeftOut) {
  for (Row& row : rows_) {
    if (row.chunk.kind != ChunkKind::kHashFields || row.chunk.detail < 2) continue;
    Row stale = row;
    stale.chunk.id = 1;
    stale.chunk.detail = row.chunk.detail - 1;
    rows_.push_back(stale);
    break;
  }
  const Digests now = mended([](const Row&) { return false; });
  EXPECT_TRUE(tells("1 chunk that reached into others"));
  EXPECT_EQ(now, was_);
}

}  // namespace
}  // namespace leat
