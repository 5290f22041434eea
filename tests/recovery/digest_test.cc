// SPDX-License-Identifier: Apache-2.0
// The log says now and then what changed keys have come to; a replay that makes something else stops the start.
#include "broker/storage/digests.h"

#include "broker/storage/proof.h"
#include "tests/support/broker_test.h"
#include "wal/check.h"
#include "wal/folder.h"

namespace leat::testing {

TEST_F(BrokerTest, ChangedKeysAreStatedAndReplayAgrees) {
  call("SET text hello");
  call("RPUSH list a b c");
  advance_ms(DigestSample::kEveryMs);
  call("DEL text");
  advance_ms(DigestSample::kEveryMs);
  EXPECT_TRUE(rooms().batch.sample().take().empty()) << "all were stated";
  restart();
  EXPECT_EQ(call("LLEN list").number(), 3);
}

TEST_F(BrokerTest, AReplayThatMakesSomethingElseStopsTheStart) {
  call("SET kept hello");
  rooms().batch.state(0, {.key = "kept", .digest = 12345});
  tick();
  const Status opened = try_restart();
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.text().find("what key 'kept' of database 0 held"), Bytes::npos) << opened.text();
}

// A checksum cannot say so: the record is as it was written.
TEST_F(BrokerTest, TheCheckComesToTheSameVerdict) {
  call("SET kept hello");
  rooms().batch.state(0, {.key = "kept", .digest = 12345});
  tick();
  ASSERT_FALSE(try_restart().ok());
  disk.kill();
  EXPECT_TRUE(wal::check_folder(disk, "data")->sound);
  const auto proof = prove_folder(disk, "data");
  ASSERT_FALSE(proof.ok());
  EXPECT_NE(proof.status().text().find("what key 'kept' of database 0 held"), Bytes::npos) << proof.status().text();
}

// A start would die of it: no handler emits what does not fit.
TEST_F(BrokerTest, TheCheckNamesAnEffectThatDoesNotFit) {
  wal::LogOptions options{.folder = "other", .segment_bytes = 8192, .random = [] { return 4; }};
  auto lock = wal::open_folder(disk, options.folder, options.random);
  ASSERT_TRUE(lock.ok()) << lock.status().text();
  const auto events = Events::silent();
  const auto nothing = [](Index, TimeMs, View) { return Status::fine(); };
  auto log = wal::Log::open(disk, clock, *events, options, nothing);
  ASSERT_TRUE(log.ok()) << log.status().text();
  Bytes batch;
  EffectEncoder().encode(batch, 2, ListPop{.key = "queue", .side = Side::kLeft, .count = 1});
  (*log)->propose(batch, 1);
  ASSERT_TRUE((*log)->close().ok());
  lock->reset();
  const auto proof = prove_folder(disk, "other");
  ASSERT_FALSE(proof.ok());
  EXPECT_NE(proof.status().text().find("record 2 cannot be applied: there is no such key: db=2 ListPop key=\"queue\""),
            Bytes::npos)
      << proof.status().text();
}

TEST_F(BrokerTest, ALargeValueIsNotReadThrough) {
  Keyspace& keyspace = rooms().keyspace;
  client().call_words({"SET", "large", Bytes(100000, 'x')});
  EXPECT_FALSE(digest_of(keyspace, {.db = 0, .name = "large"}).has_value());
  EXPECT_EQ(digest_of(keyspace, {.db = 0, .name = "absent"}), 0u);
}

TEST_F(BrokerTest, ALongKeyIsNotCopied) {
  call("SET first x");  // stated at once; the next statement is a second away
  client().call_words({"SET", Bytes(DigestSample::kKeyBytesMax + 1, 'k'), "x"});
  EXPECT_TRUE(rooms().batch.sample().take().empty());
  client().call_words({"SET", Bytes(DigestSample::kKeyBytesMax, 'k'), "x"});
  EXPECT_EQ(rooms().batch.sample().take().size(), 1u);
}

}  // namespace leat::testing
