// SPDX-License-Identifier: Apache-2.0
// The log says now and then what changed keys have come to; a replay that makes something else stops the start.
#include "broker/digests.h"
#include "tests/support/broker_test.h"

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
