// SPDX-License-Identifier: Apache-2.0
// XREADGROUP … CLAIM: what others left idle comes first.
#include "tests/support/broker_test.h"

namespace leat::testing {

class StreamClaimTest : public BrokerTest {
 protected:
  void fill(int from, int to) {
    for (int i = from; i <= to; ++i) call("XADD s " + std::to_string(i) + " f " + std::to_string(i));
  }
  // Five entries, of which alice was given the first three 100 ms ago.
  void start_work() {
    fill(1, 5);
    call("XGROUP CREATE s g 0");
    call("XREADGROUP GROUP g alice COUNT 3 STREAMS s >");
    advance_ms(100);
  }
  Reply pending() { return call("XPENDING s g - + 100"); }
  static Reply entry(int i, int idle_ms, int deliveries) {
    const Bytes number = std::to_string(i);
    return array(number + "-0", array("f", number), idle_ms, deliveries);
  }
};

template <typename... Entries>
static Reply from_s(const Entries&... entries) {
  return array(array("s", array(entries...)));
}

TEST_F(StreamClaimTest, IdleEntriesComeFirstThenNewOnes) {
  start_work();
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 101 COUNT 1 STREAMS s >"), from_s(entry(4, 0, 0)));
  EXPECT_EQ(call("XREADGROUP GROUP g bob COUNT 4 CLAIM 100 STREAMS s >"),
            from_s(entry(1, 100, 1), entry(2, 100, 1), entry(3, 100, 1), entry(5, 0, 0)));
  EXPECT_EQ(pending(), array(array("1-0", "bob", 0, 2), array("2-0", "bob", 0, 2), array("3-0", "bob", 0, 2),
                             array("4-0", "bob", 0, 1), array("5-0", "bob", 0, 1)));
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 1 STREAMS s >"), null_array());
  advance_ms(7);
  restart();
  EXPECT_EQ(call("XREADGROUP CLAIM 50 GROUP g carol CLAIM 7 COUNT 2 STREAMS s >"),
            from_s(entry(1, 7, 2), entry(2, 7, 2)));
}

TEST_F(StreamClaimTest, TheLongestIdleFirst) {
  start_work();
  const TimeMs now_ms = clock.wall_ms();
  const int idle_ms[] = {0, 200, 5000, 300};
  for (int i = 1; i <= 3; ++i) {
    call("XCLAIM s g alice 0 " + std::to_string(i) + " TIME " + std::to_string(now_ms - idle_ms[i]) + " JUSTID");
  }
  EXPECT_EQ(call("XREADGROUP GROUP g bob COUNT 2 CLAIM 100 STREAMS s >"), from_s(entry(2, 5000, 1), entry(3, 300, 1)));
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 100 STREAMS s >"),
            from_s(entry(1, 200, 1), entry(4, 0, 0), entry(5, 0, 0)));
  call("XACK s g 1 3");
  call("XGROUP DELCONSUMER s g alice");
  advance_ms(10);
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 10 STREAMS s >"),
            from_s(entry(2, 10, 2), entry(4, 10, 1), entry(5, 10, 1)));
  call("XGROUP DELCONSUMER s g bob");
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 0 STREAMS s >"), null_array());
}

TEST_F(StreamClaimTest, NoAckKeepsWhatIsPending) {
  start_work();
  EXPECT_EQ(call("XREADGROUP GROUP g bob NOACK CLAIM 100 COUNT 4 STREAMS s >"),
            from_s(entry(1, 100, 1), entry(2, 100, 1), entry(3, 100, 1), entry(4, 0, 0)));
  EXPECT_EQ(pending(), array(array("1-0", "bob", 0, 2), array("2-0", "bob", 0, 2), array("3-0", "bob", 0, 2)));
}

TEST_F(StreamClaimTest, OtherIdsIgnoreIt) {
  start_work();
  EXPECT_EQ(call("XREADGROUP GROUP g alice CLAIM 5 COUNT 1 STREAMS s 1"), from_s(array("2-0", array("f", "2"))));
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 5 STREAMS s 0"), from_s());
}

TEST_F(StreamClaimTest, WhatIsGoneIsForgotten) {
  start_work();
  call("XDEL s 1 3");
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 100 COUNT 1 STREAMS s >"), from_s(entry(2, 100, 1)));
  call("XTRIM s MAXLEN 0");
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 0 STREAMS s >"), null_array());
  EXPECT_EQ(pending(), array());
}

TEST_F(StreamClaimTest, TheCursorMayGoBackBeforeWhatIsPending) {
  fill(1, 2);
  call("XGROUP CREATE s g 0");
  call("XREADGROUP GROUP g alice STREAMS s >");
  call("XGROUP SETID s g 0");
  advance_ms(10);
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 5 STREAMS s >"),
            from_s(entry(1, 10, 1), entry(2, 10, 1), entry(1, 0, 0), entry(2, 0, 0)));
  advance_ms(10);
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 5 STREAMS s >"), from_s(entry(1, 10, 1), entry(2, 10, 1)));
}

TEST_F(StreamClaimTest, SeveralStreams) {
  start_work();
  call("XADD t 9 f 9");
  call("XGROUP CREATE t g 0");
  EXPECT_EQ(call("XREADGROUP GROUP g bob COUNT 3 CLAIM 50 STREAMS s t s > > >"),
            array(array("s", array(entry(1, 100, 1), entry(2, 100, 1), entry(3, 100, 1))),
                  array("t", array(entry(9, 0, 0))), array("s", array(entry(4, 0, 0), entry(5, 0, 0)))));
}

TEST_F(StreamClaimTest, AWaiterIsServedWhenAnEntryHasBeenIdleForLongEnough) {
  start_work();
  call("XREADGROUP GROUP g alice STREAMS s >");
  call("XACK s g 4 5");
  TestClient &second = connect(), &first = connect(), &impatient = connect();  // who came first is no matter of ids
  first.send("XREADGROUP GROUP g bob BLOCK 0 COUNT 2 CLAIM 150 STREAMS s >");
  second.send("XREADGROUP GROUP g carol BLOCK 0 CLAIM 150 STREAMS s >");
  impatient.send("XREADGROUP GROUP g dave BLOCK 20 CLAIM 150 STREAMS s >");
  advance_ms(21);
  EXPECT_EQ(impatient.reply(), null_array());
  advance_ms(28);
  EXPECT_TRUE(first.blocked());
  advance_ms(1);
  EXPECT_EQ(first.reply(), from_s(entry(1, 150, 1), entry(2, 150, 1)));
  EXPECT_EQ(second.reply(), from_s(entry(3, 150, 1)));
  second.send("XREADGROUP GROUP g carol BLOCK 0 CLAIM 60 STREAMS s >");
  advance_ms(59);
  EXPECT_TRUE(second.blocked());
  fill(6, 6);  // a new one ends the wait at once
  EXPECT_EQ(second.reply(), from_s(entry(6, 0, 0)));
}

TEST_F(StreamClaimTest, AWaiterLooksAtWhatOthersWereGivenMeanwhile) {
  call("XGROUP CREATE s g $ MKSTREAM");
  TestClient &first = connect(), &second = connect();
  first.send("XREADGROUP GROUP g alice BLOCK 0 CLAIM 100 STREAMS s >");
  second.send("XREADGROUP GROUP g bob BLOCK 0 CLAIM 100 STREAMS s >");
  fill(1, 1);
  EXPECT_EQ(first.reply(), from_s(entry(1, 0, 0)));
  EXPECT_TRUE(second.blocked());
  advance_ms(99);
  EXPECT_TRUE(second.blocked());
  advance_ms(1);
  EXPECT_EQ(second.reply(), from_s(entry(1, 100, 1)));
  call("XACK s g 1");
  second.send("XREADGROUP GROUP g bob BLOCK 0 CLAIM 1000 STREAMS s >");  // nothing is pending
  call("XCLAIM s g alice 0 1 FORCE IDLE 400 JUSTID");
  advance_ms(599);
  EXPECT_TRUE(second.blocked());
  advance_ms(1);
  EXPECT_EQ(second.reply(), from_s(entry(1, 1000, 1)));
  second.send("XREADGROUP GROUP g bob BLOCK 0 CLAIM 1000 STREAMS s >");
  second.hang_up();
  first.send("XREADGROUP GROUP g bob BLOCK 0 CLAIM 9223372036854775807 STREAMS s >");
  call("XGROUP DESTROY s g");
  EXPECT_TRUE(first.reply().is_error());
  EXPECT_EQ(rooms().waiters.size(), 0u);
  EXPECT_EQ(rooms().waiters.lookers, 0u);
}

TEST_F(StreamClaimTest, APauseHoldsClaimsBack) {
  start_work();
  call("XREADGROUP GROUP g alice STREAMS s >");
  TestClient& waiter = connect();
  waiter.send("XREADGROUP GROUP g bob BLOCK 0 COUNT 1 CLAIM 110 STREAMS s >");
  call("CLIENT PAUSE 50 WRITE");
  advance_ms(20);
  EXPECT_TRUE(waiter.blocked());
  advance_ms(40);
  EXPECT_EQ(waiter.reply(), from_s(entry(1, 160, 1)));
}

TEST_F(StreamClaimTest, InsideMultiItEndsAtOnce) {
  start_work();
  call("MULTI");
  call("XREADGROUP GROUP g bob BLOCK 0 COUNT 1 CLAIM 50 STREAMS s >");
  call("XREADGROUP GROUP g bob BLOCK 0 CLAIM 5000 NOACK STREAMS s >");
  call("XREADGROUP GROUP g bob BLOCK 0 CLAIM 5000 STREAMS s >");
  EXPECT_EQ(call("EXEC"), array(from_s(entry(1, 100, 1)), from_s(entry(4, 0, 0), entry(5, 0, 0)), null_array()));
}

TEST_F(StreamClaimTest, SaysWhatIsWrong) {
  start_work();
  const Reply no_integer = error("ERR min-idle-time is not an integer");
  for (const char* idle : {"x", "5.5", "+10", "-0", "10e", "\"\"", "9223372036854775808", "CLAIM"}) {
    EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM " + Bytes(idle) + " STREAMS s >"), no_integer) << idle;
  }
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM -10 STREAMS s >"),
            error("ERR min-idle-time must be a positive integer"));
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM STREAMS s >"), no_integer);
  EXPECT_EQ(call("XREADGROUP GROUP g CLAIM 50 bob STREAMS s >"), error("ERR syntax error"));
  EXPECT_EQ(call("XREAD CLAIM 5 STREAMS s 0"),
            error("ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead."));
  EXPECT_EQ(call("XREADGROUP GROUP none bob CLAIM 5 STREAMS s >"),
            error("NOGROUP No such key 's' or consumer group 'none' in XREADGROUP with GROUP option"));
  call("SET k x");
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 5 STREAMS k >").text.substr(0, 9), "WRONGTYPE");
}

TEST_F(StreamClaimTest, Resp3) {
  start_work();
  call("HELLO 3");
  EXPECT_EQ(call("XREADGROUP GROUP g bob COUNT 1 CLAIM 0 STREAMS s >"), map("s", array(entry(1, 100, 1))));
}

TEST_F(StreamClaimTest, ThousandsOfEntries) {
  fill(1, 3000);
  call("XGROUP CREATE s g 0");
  call("XREADGROUP GROUP g alice COUNT 1 CLAIM 0 STREAMS s >");  // from here on the order of delivery is kept
  call("XREADGROUP GROUP g alice STREAMS s >");
  for (int i = 2; i <= 3000; i += 2) {
    call("XCLAIM s g alice 0 " + std::to_string(i) + " IDLE " + std::to_string(3000 - i) + " JUSTID");
  }
  advance_ms(10);
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 10 COUNT 2 STREAMS s >"), from_s(entry(2, 3008, 1), entry(4, 3006, 1)));
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 10 STREAMS s >").items[0].items[1].items.size(), 2998u);
  call("COPY s copied");
  advance_ms(5);
  EXPECT_EQ(call("XREADGROUP GROUP g bob CLAIM 5 STREAMS copied >").items[0].items[1].items.size(), 3000u);
}

}  // namespace leat::testing
