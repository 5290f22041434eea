// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class ListTest : public BrokerTest {};

const Reply kWrong = error("WRONGTYPE Operation against a key holding the wrong kind of value");

TEST_F(ListTest, PushesAndPopsAtBothEnds) {
  EXPECT_EQ(call("RPUSH l b c"), integer(2));
  EXPECT_EQ(call("LPUSH l a"), integer(3));
  EXPECT_EQ(call("LRANGE l 0 -1"), array("a", "b", "c"));
  EXPECT_EQ(call("LPOP l"), bulk("a"));
  EXPECT_EQ(call("RPOP l 5"), array("c", "b"));
  EXPECT_EQ(call("EXISTS l"), integer(0));
  EXPECT_EQ(call("LPOP l"), null());
  EXPECT_EQ(call("LPOP l 2"), null_array());
  EXPECT_EQ(call("LPUSHX l a"), integer(0));
  EXPECT_EQ(call("LPOP l -1"), error("ERR value is out of range, must be positive"));
  EXPECT_EQ(call("LPOP l 9223372036854775807"), null_array());
}

TEST_F(ListTest, CountOfZeroAnswersAnEmptyArray) {
  call("RPUSH l a");
  EXPECT_EQ(call("LPOP l 0"), array());
  EXPECT_EQ(call("LLEN l"), integer(1));
}

TEST_F(ListTest, WrongTypeEverywhere) {
  call("SET s x");
  for (const char* line : {"LPUSH s a", "RPUSHX s a", "LPOP s", "LLEN s", "LRANGE s 0 1", "LINDEX s 0", "LSET s 0 a",
                           "LINSERT s BEFORE a b", "LREM s 0 a", "LTRIM s 0 1", "LPOS s a", "LMOVE s d LEFT LEFT",
                           "LMPOP 1 s LEFT", "BLPOP s 0", "BLMOVE s d LEFT LEFT 0", "RPOPLPUSH s d"}) {
    EXPECT_EQ(call(line), kWrong) << line;
  }
  call("RPUSH l a");
  EXPECT_EQ(call("LMOVE l s LEFT LEFT"), kWrong);
  EXPECT_EQ(call("LLEN l"), integer(1));
}

TEST_F(ListTest, IndexSetInsertTrim) {
  call("RPUSH l a b c d");
  EXPECT_EQ(call("LINDEX l -1"), bulk("d"));
  EXPECT_EQ(call("LINDEX l 4"), null());
  EXPECT_EQ(call("LSET l -2 C"), ok());
  EXPECT_EQ(call("LSET l 9 x"), error("ERR index out of range"));
  EXPECT_EQ(call("LSET none 0 x"), error("ERR no such key"));
  EXPECT_EQ(call("LINSERT l AFTER b x"), integer(5));
  EXPECT_EQ(call("LINSERT l BEFORE none x"), integer(-1));
  EXPECT_EQ(call("LRANGE l 0 -1"), array("a", "b", "x", "C", "d"));
  EXPECT_EQ(call("LTRIM l 1 -2"), ok());
  EXPECT_EQ(call("LRANGE l -100 100"), array("b", "x", "C"));
  EXPECT_EQ(call("LTRIM l 5 9"), ok());
  EXPECT_EQ(call("EXISTS l"), integer(0));
}

TEST_F(ListTest, RemovesFromEitherEnd) {
  call("RPUSH l a b a c a a");
  EXPECT_EQ(call("LREM l -2 a"), integer(2));
  EXPECT_EQ(call("LRANGE l 0 -1"), array("a", "b", "a", "c"));
  EXPECT_EQ(call("LREM l 1 a"), integer(1));
  EXPECT_EQ(call("LREM l 0 none"), integer(0));
  EXPECT_EQ(call("LREM l 0 a"), integer(1));
  EXPECT_EQ(call("LRANGE l 0 -1"), array("b", "c"));
}

TEST_F(ListTest, FindsPositions) {
  call("RPUSH l a b c 1 2 3 c c");
  EXPECT_EQ(call("LPOS l c"), integer(2));
  EXPECT_EQ(call("LPOS l c RANK -1"), integer(7));
  EXPECT_EQ(call("LPOS l c COUNT 0 RANK 2"), array(6, 7));
  EXPECT_EQ(call("LPOS l c COUNT 0 MAXLEN 3"), array(2));
  EXPECT_EQ(call("LPOS l none COUNT 1"), array());
  EXPECT_EQ(call("LPOS l none"), null());
  EXPECT_EQ(call("LPOS l c COUNT -1"), error("ERR COUNT can't be negative"));
  EXPECT_EQ(call("LPOS l c RANK -9223372036854775808").type, '-');
}

TEST_F(ListTest, MovesAndRotates) {
  call("RPUSH l a b c");
  EXPECT_EQ(call("RPOPLPUSH l l"), bulk("c"));
  EXPECT_EQ(call("LRANGE l 0 -1"), array("c", "a", "b"));
  EXPECT_EQ(call("LMOVE l d LEFT RIGHT"), bulk("c"));
  EXPECT_EQ(call("LMOVE none d LEFT RIGHT"), null());
  EXPECT_EQ(call("LMOVE l d UP RIGHT"), error("ERR syntax error"));
  EXPECT_EQ(call("LMPOP 2 none l RIGHT COUNT 10"), array("l", array("b", "a")));
  EXPECT_EQ(call("LMPOP 1 l LEFT"), null_array());
  EXPECT_EQ(call("LMPOP 0 l LEFT"), error("ERR numkeys should be greater than 0"));
}

// Two workers wait on one queue: the one who has waited longest is served first.
TEST_F(ListTest, BlpopServesInArrivalOrder) {
  TestClient& first = connect();
  TestClient& second = connect();
  first.send("BLPOP jobs 0");
  second.send("BLPOP jobs 0");
  EXPECT_TRUE(first.blocked());
  EXPECT_EQ(call("RPUSH jobs a b"), integer(2));
  EXPECT_EQ(first.reply(), array("jobs", "a"));
  EXPECT_EQ(second.reply(), array("jobs", "b"));
  EXPECT_EQ(call("EXISTS jobs"), integer(0));
}

// Ready waiters are served after each command, before the next request of the same tick.
TEST_F(ListTest, WaitersAreServedBetweenPipelinedRequests) {
  TestClient& waiter = connect();
  waiter.send("BLPOP l 0");
  client().send_raw(request_bytes({"RPUSH", "l", "x"}) + request_bytes({"LLEN", "l"}));
  EXPECT_EQ(client().reply(), integer(1));
  EXPECT_EQ(client().reply(), integer(0));
  EXPECT_EQ(waiter.reply(), array("l", "x"));
}

TEST_F(ListTest, BlockingEndsWithItsTime) {
  TestClient& waiter = connect();
  waiter.send("BRPOP a b 1.5");
  advance_ms(1499);
  EXPECT_FALSE(waiter.has_reply());
  advance_ms(2);
  EXPECT_EQ(waiter.reply(), null_array());
  waiter.send("BLMOVE a b LEFT LEFT 0.001");
  advance_ms(2);
  EXPECT_EQ(waiter.reply(), null_array()) << "as Redis has it, though LMOVE answers null";
  waiter.call("MULTI");
  waiter.call("BLMOVE a b LEFT LEFT 0.001");
  EXPECT_EQ(waiter.call("EXEC").items.at(0), null());
  EXPECT_EQ(waiter.call("BLPOP a -1"), error("ERR timeout is negative"));
  EXPECT_EQ(waiter.call("BLPOP a x"), error("ERR timeout is not a float or out of range"));
  EXPECT_EQ(waiter.call("BLPOP a 1e300").type, '-');
}

// A wait of 0 is for ever, and a key that appears by any means ends it.
TEST_F(ListTest, AKeyThatAppearsByAnyMeansEndsTheWait) {
  TestClient& waiter = connect();
  waiter.send("BLPOP target 0");
  advance_ms(1000 * 1000);
  call("RPUSH source x");
  call("RENAME source target");
  EXPECT_EQ(waiter.reply(), array("target", "x"));

  waiter.send("BLPOP target 0");
  call("RPUSH source y");
  call("COPY source target");
  EXPECT_EQ(waiter.reply(), array("target", "y"));

  waiter.send("BLPOP target 0");
  call("MULTI");
  call("RPUSH target z1");
  call("RPUSH target z2");
  EXPECT_FALSE(waiter.has_reply());
  EXPECT_EQ(call("EXEC"), array(1, 2));
  EXPECT_EQ(waiter.reply(), array("target", "z1"));

  TestClient& other = connect();
  waiter.send("BLPOP moved 0");
  other.call("SELECT 1");
  other.call("RPUSH moved w");
  EXPECT_FALSE(waiter.has_reply());
  other.call("MOVE moved 0");
  EXPECT_EQ(waiter.reply(), array("moved", "w"));

  waiter.send("BLPOP swapped 0");
  other.call("RPUSH swapped v");
  other.call("SWAPDB 0 1");
  EXPECT_EQ(waiter.reply(), array("swapped", "v"));
}

TEST_F(ListTest, AnotherTypeDoesNotEndTheWait) {
  TestClient& waiter = connect();
  waiter.send("BLPOP k 0");
  call("SET k x");
  EXPECT_TRUE(waiter.blocked());
  call("DEL k");
  call("RPUSH k y");
  EXPECT_EQ(waiter.reply(), array("k", "y"));
}

TEST_F(ListTest, BlmoveChainsWakeTheNextWaiter) {
  TestClient& mover = connect();
  TestClient& popper = connect();
  popper.send("BLPOP b 0");
  mover.send("BLMOVE a b LEFT RIGHT 0");
  call("RPUSH a x");
  EXPECT_EQ(mover.reply(), bulk("x"));
  EXPECT_EQ(popper.reply(), array("b", "x"));
}

TEST_F(ListTest, AWrongTypeTargetEndsBlmoveAndLosesNothing) {
  TestClient& mover = connect();
  mover.send("BLMOVE a b LEFT RIGHT 0");
  call("SET b x");
  call("RPUSH a x");
  EXPECT_EQ(mover.reply(), kWrong);
  EXPECT_EQ(call("LLEN a"), integer(1));
}

// Nothing is popped for a closed connection.
TEST_F(ListTest, AHangUpWhileBlockedNeverReceives) {
  TestClient& waiter = connect();
  waiter.send("BLPOP jobs 0");
  waiter.hang_up();
  EXPECT_EQ(call("RPUSH jobs a"), integer(1));
  EXPECT_EQ(call("LLEN jobs"), integer(1));
  EXPECT_EQ(rooms().waiters.size(), 0u);
}

// The hang-up and the push arrive in one tick: the hang-up counts first.
TEST_F(ListTest, AHangUpInTheSameTickCountsFirst) {
  TestClient& waiter = connect();
  waiter.send("BLPOP jobs 0");
  client().send_without_tick("RPUSH jobs a");
  waiter.hang_up();
  EXPECT_EQ(client().reply(), integer(1));
  EXPECT_EQ(call("LLEN jobs"), integer(1));
}

TEST_F(ListTest, BlockingInsideMultiEndsAtOnce) {
  call("MULTI");
  call("BLPOP l 0");
  call("BLMOVE l m LEFT LEFT 0");
  call("BLMPOP 0 1 l LEFT");
  EXPECT_EQ(call("EXEC"), array(null_array(), null(), null_array()));
}

TEST_F(ListTest, PipelinedRequestsWaitBehindABlockedOne) {
  TestClient& waiter = connect();
  waiter.send_raw(request_bytes({"BLPOP", "l", "0"}) + request_bytes({"PING"}));
  EXPECT_FALSE(waiter.has_reply());
  call("RPUSH l a");
  tick();
  EXPECT_EQ(waiter.reply(), array("l", "a"));
  EXPECT_EQ(waiter.reply(), simple("PONG"));
}

TEST_F(ListTest, ClientUnblockAndKill) {
  TestClient& waiter = connect();
  waiter.send("BLPOP l 0");
  const Bytes id = std::to_string(waiter.client().id);
  EXPECT_EQ(call("CLIENT UNBLOCK " + id), integer(1));
  EXPECT_EQ(waiter.reply(), null_array());
  EXPECT_EQ(call("CLIENT UNBLOCK " + id), integer(0));
  waiter.send("BLPOP l 0");
  EXPECT_EQ(call("CLIENT UNBLOCK " + id + " ERROR"), integer(1));
  EXPECT_EQ(waiter.reply(), error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
  waiter.send("BLPOP l 0");
  EXPECT_EQ(call("CLIENT KILL ID " + id), integer(1));
  EXPECT_TRUE(waiter.closed());
  EXPECT_EQ(call("RPUSH l a"), integer(1));
  EXPECT_EQ(call("LLEN l"), integer(1));
}

TEST_F(ListTest, LongAndBinaryElementsSurvive) {
  const Bytes binary("\0\r\n\xff", 4), large(100000, 'x');
  client().call_words({"RPUSH", "l", binary, large, ""});
  restart();
  EXPECT_EQ(call("LRANGE l 0 -1"), array(binary, large, ""));
}

TEST_F(ListTest, ALongListKeepsItsOrder) {
  for (int i = 0; i < 5000; ++i) call("RPUSH l element-" + std::to_string(i));
  restart();
  EXPECT_EQ(call("LLEN l"), integer(5000));
  for (const int i : {0, 1, 2499, 4998, 4999}) {
    EXPECT_EQ(call("LINDEX l " + std::to_string(i)), bulk("element-" + std::to_string(i)));
  }
}

TEST_F(ListTest, TenThousandWaitersCostNothingForOtherKeys) {
  for (int i = 0; i < 10000; ++i) connect().send("BRPOP idle 0");
  EXPECT_EQ(rooms().executor.blocked(), 10000u);
  EXPECT_EQ(call("RPUSH other a"), integer(1));
  EXPECT_EQ(call("RPUSH idle a"), integer(1));
  EXPECT_EQ(call("LLEN idle"), integer(0));
  EXPECT_EQ(rooms().executor.blocked(), 9999u);
}

}  // namespace leat::testing
