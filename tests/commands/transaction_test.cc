// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class TransactionTest : public BrokerTest {};

TEST_F(TransactionTest, RunsWhatWasQueued) {
  EXPECT_EQ(call("EXEC"), error("ERR EXEC without MULTI"));
  EXPECT_EQ(call("MULTI"), ok());
  EXPECT_EQ(call("MULTI"), error("ERR MULTI calls can not be nested"));
  EXPECT_EQ(call("SET k v"), simple("QUEUED"));
  EXPECT_EQ(call("LPUSH k x"), simple("QUEUED"));
  EXPECT_EQ(call("GET k"), simple("QUEUED"));
  EXPECT_EQ(call("EXEC"), array(ok(), error("WRONGTYPE Operation against a key holding the wrong kind of value"), "v"));
}

TEST_F(TransactionTest, ARefusedCommandFailsTheWhole) {
  call("MULTI");
  call("SET k v");
  EXPECT_EQ(call("NONSENSE a b").text, "ERR unknown command 'NONSENSE', with args beginning with: 'a' 'b' ");
  EXPECT_EQ(call("EXEC"), error("EXECABORT Transaction discarded because of previous errors."));
  EXPECT_EQ(call("EXISTS k"), integer(0));
  EXPECT_EQ(call("DISCARD"), error("ERR DISCARD without MULTI"));
}

TEST_F(TransactionTest, WatchedKeys) {
  TestClient& other = connect();
  const auto attempt = [&](const char* change) {
    call("WATCH k");
    other.call(change);
    call("MULTI");
    call("SET mine 1");
    return call("EXEC");
  };
  EXPECT_EQ(attempt("GET k"), array(ok()));
  EXPECT_EQ(attempt("SET k v"), null_array());
  EXPECT_EQ(attempt("PEXPIRE k 100"), null_array());
  EXPECT_EQ(attempt("FLUSHALL"), null_array());
  EXPECT_EQ(attempt("FLUSHALL"), array(ok())) << "it was not there";
  call("SET k v");
  EXPECT_EQ(attempt("DEL k"), null_array());
  EXPECT_EQ(attempt("SET other v"), array(ok()));
  call("SET k v PX 100");
  call("WATCH k");
  clock.advance_ms(100);
  call("MULTI");
  EXPECT_EQ(call("EXEC"), null_array());
  call("WATCH k");
  call("UNWATCH");
  other.call("SET k w");
  call("MULTI");
  EXPECT_EQ(call("WATCH a"), error("ERR WATCH inside MULTI is not allowed"));
  EXPECT_EQ(call("DISCARD"), ok());
}

// A key whose time had come when it was watched was none already.
TEST_F(TransactionTest, WhatWasDueWhenItWasWatchedIsNoChangeWhenItGoes) {
  const auto attempt = [&](std::initializer_list<const char*> changes) {
    call("FLUSHALL");
    call("SET k v PX 10");
    clock.advance_ms(10);
    call("WATCH k");
    for (const char* change : changes) call(change);
    call("MULTI");
    call("PING");
    return call("EXEC");
  };
  const Reply done = array(simple("PONG"));
  EXPECT_EQ(attempt({}), done);
  EXPECT_EQ(attempt({"EXISTS k"}), done);
  EXPECT_EQ(attempt({"FLUSHDB"}), done);
  EXPECT_EQ(attempt({"SWAPDB 0 1"}), done);
  EXPECT_EQ(attempt({"SET k w"}), null_array());
  EXPECT_EQ(attempt({"SELECT 1", "SET k w", "SELECT 0", "SWAPDB 0 1"}), null_array()) << "another came";
}

TEST_F(TransactionTest, AFlushIsAChangeOfWhatWasThere) {
  TestClient& other = connect();
  const auto attempt = [&](const char* key, const char* change) {
    call("SET there 1");
    call("WATCH " + Bytes(key));
    other.call(change);
    call("MULTI");
    call("PING");
    return call("EXEC");
  };
  EXPECT_EQ(attempt("there", "FLUSHDB"), null_array());
  EXPECT_EQ(attempt("there", "SWAPDB 0 1"), null_array());
  EXPECT_EQ(attempt("absent", "FLUSHALL"), array(simple("PONG")));
  EXPECT_EQ(attempt("absent", "SWAPDB 0 1"), array(simple("PONG")));
}

// A transaction is one batch: after a power cut it is there whole, or not at all.
TEST_F(TransactionTest, IsWholeAfterAPowerCut) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    call("MULTI");
    call("INCR a");
    call("INCR b");
    call("EXEC");
    restart_after_power_cut(seed);
    EXPECT_EQ(call("GET a"), call("GET b"));
    EXPECT_EQ(call("GET a"), bulk(std::to_string(seed)));
  }
}

}  // namespace leat::testing
