// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class StreamGroupTest : public BrokerTest {
 protected:
  void fill(View key, int from, int to) {
    for (int i = from; i <= to; ++i) call("XADD " + Bytes(key) + " " + std::to_string(i) + "-0 f " + std::to_string(i));
  }
  // Five entries, of which alice holds the first three.
  void start_work() {
    fill("s", 1, 5);
    call("XGROUP CREATE s g 0");
    call("XREADGROUP GROUP g alice COUNT 3 STREAMS s >");
  }
  Reply pending() { return call("XPENDING s g - + 100"); }
  // A field of the first group, as XINFO GROUPS tells it.
  Reply of_group(View name) {
    const Reply groups = call("XINFO GROUPS s");
    const auto& fields = groups.items[0].items;
    for (size_t i = 0; i < fields.size(); i += 2) {
      if (fields[i].text == name) return fields[i + 1];
    }
    return error("no such field");
  }
};

const Reply kWrong = error("WRONGTYPE Operation against a key holding the wrong kind of value");
const Reply kInvalidId = error("ERR Invalid stream ID specified as stream command argument");
const Reply kNotAnInteger = error("ERR value is not an integer or out of range");
const Reply kSyntax = error("ERR syntax error");
const Reply kNoGroupToRead = error("NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option");

static Reply numbered(int i) { return array(std::to_string(i) + "-0", array("f", std::to_string(i))); }
template <typename... Entries>
static Reply from_s(const Entries&... entries) {
  return array(array("s", array(entries...)));
}

// XGROUP.

TEST_F(StreamGroupTest, CreatesGroups) {
  const Reply no_key = error(
      "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM "
      "option "
      "to create an empty stream automatically.");
  EXPECT_EQ(call("XGROUP CREATE s g $"), no_key);
  EXPECT_EQ(call("XGROUP DESTROY s g"), no_key);
  EXPECT_EQ(call("XGROUP SETID s g 0"), no_key);
  EXPECT_EQ(call("XGROUP CREATECONSUMER s g c"), no_key);
  EXPECT_EQ(call("XGROUP CREATE s g x MKSTREAM"), kInvalidId);
  EXPECT_EQ(call("EXISTS s"), integer(0));
  EXPECT_EQ(call("XGROUP CREATE s g $ MKSTREAM"), ok());
  EXPECT_EQ(call("XLEN s"), integer(0));
  EXPECT_EQ(call("EXISTS s"), integer(1));
  EXPECT_EQ(call("XGROUP CREATE s g $ MKSTREAM"), error("BUSYGROUP Consumer Group name already exists"));
  EXPECT_EQ(call("XGROUP CREATE s h 0-5 ENTRIESREAD 3"), ok());
  EXPECT_EQ(call("XGROUP CREATE s i 0 entriesread -1 mkstream"), ok());
  EXPECT_EQ(call("XGROUP CREATE s j 0 ENTRIESREAD -2"), error("ERR value for ENTRIESREAD must be positive or -1"));
  EXPECT_EQ(call("XGROUP CREATE s j 0 ENTRIESREAD x"), kNotAnInteger);
  EXPECT_EQ(call("XGROUP CREATE s j -"), kInvalidId);
  const Reply wrong = error("ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.");
  EXPECT_EQ(call("XGROUP CREATE s j 0 FOO"), wrong);
  EXPECT_EQ(call("XGROUP CREATE s j 0 ENTRIESREAD"), wrong);
  EXPECT_EQ(call("XGROUP CREATE s j 0 MKSTREAM MKSTREAM MKSTREAM MKSTREAM"), wrong);
  restart();
  EXPECT_EQ(call("XINFO GROUPS s").items.size(), 3u);
}

TEST_F(StreamGroupTest, SetsTheCursor) {
  start_work();
  EXPECT_EQ(call("XGROUP SETID s none 0"), error("NOGROUP No such consumer group 'none' for key name 's'"));
  EXPECT_EQ(call("XGROUP SETID s g x"), kInvalidId);
  EXPECT_EQ(call("XGROUP SETID s g 0 MKSTREAM"),
            error("ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP."));
  EXPECT_EQ(call("XGROUP SETID s g 1-0 ENTRIESREAD 1"), ok());
  EXPECT_EQ(of_group("entries-read"), integer(1));
  EXPECT_EQ(of_group("last-delivered-id"), bulk("1-0"));
  EXPECT_EQ(call("XREADGROUP GROUP g bob COUNT 1 STREAMS s >"), from_s(numbered(2)));  // was alice's
  EXPECT_EQ(pending(), array(array("1-0", "alice", 0, 1), array("2-0", "bob", 0, 1), array("3-0", "alice", 0, 1)));
  EXPECT_EQ(call("XGROUP SETID s g $"), ok());
  EXPECT_EQ(of_group("last-delivered-id"), bulk("5-0"));
  EXPECT_EQ(call("XGROUP SETID s g -"), ok());
  EXPECT_EQ(of_group("last-delivered-id"), bulk("0-0"));
}

TEST_F(StreamGroupTest, ConsumersComeAndGo) {
  start_work();
  EXPECT_EQ(call("XGROUP CREATECONSUMER s g bob"), integer(1));
  EXPECT_EQ(call("XGROUP CREATECONSUMER s g bob"), integer(0));
  EXPECT_EQ(call("XGROUP CREATECONSUMER s none bob"), error("NOGROUP No such consumer group 'none' for key name 's'"));
  EXPECT_EQ(of_group("consumers"), integer(2));
  EXPECT_EQ(call("XGROUP DELCONSUMER s g none"), integer(0));
  EXPECT_EQ(call("XGROUP DELCONSUMER s none bob"), error("NOGROUP No such consumer group 'none' for key name 's'"));
  EXPECT_EQ(call("XGROUP DELCONSUMER s g alice"), integer(3));
  EXPECT_EQ(of_group("pending"), integer(0));
  EXPECT_EQ(of_group("consumers"), integer(1));
  EXPECT_EQ(call("XGROUP DESTROY s g"), integer(1));
  EXPECT_EQ(call("XGROUP DESTROY s g"), integer(0));
  EXPECT_EQ(call("XINFO GROUPS s"), array());
}

TEST_F(StreamGroupTest, WrongTypeEverywhere) {
  call("SET t x");
  for (const char* line :
       {"XGROUP CREATE t g 0 MKSTREAM", "XGROUP CREATE t g 0", "XGROUP SETID t g 0", "XGROUP DESTROY t g",
        "XGROUP CREATECONSUMER t g c", "XGROUP DELCONSUMER t g c", "XREADGROUP GROUP g c STREAMS t >", "XACK t g 1",
        "XPENDING t g", "XPENDING t g - + 1", "XCLAIM t g c 0 1", "XAUTOCLAIM t g c 0 0"}) {
    EXPECT_EQ(call(line), kWrong) << line;
  }
}

TEST_F(StreamGroupTest, WrongArity) {
  for (const char* line : {"XGROUP CREATE s g", "XGROUP DESTROY s", "XGROUP CREATECONSUMER s g",
                           "XGROUP DELCONSUMER s g c d", "XGROUP SETID s g", "XREADGROUP GROUP g c STREAMS s",
                           "XACK s g", "XPENDING s", "XCLAIM s g c 0", "XAUTOCLAIM s g c 0"}) {
    const Reply reply = call(line);
    EXPECT_TRUE(reply.is_error() && reply.text.starts_with("ERR wrong number of arguments for '")) << line;
  }
  EXPECT_EQ(call("XGROUP"), error("ERR wrong number of arguments for 'xgroup' command"));
  EXPECT_EQ(call("XGROUP NONE"), error("ERR unknown subcommand 'NONE'. Try XGROUP HELP."));
  EXPECT_EQ(call("XGROUP HELP").type, '*');
}

// XREADGROUP.

TEST_F(StreamGroupTest, EachEntryGoesToOneConsumer) {
  fill("s", 1, 3);
  call("XGROUP CREATE s g 0");
  EXPECT_EQ(call("XREADGROUP GROUP g alice COUNT 2 STREAMS s >"), from_s(numbered(1), numbered(2)));
  EXPECT_EQ(call("XREADGROUP GROUP g bob STREAMS s >"), from_s(numbered(3)));
  EXPECT_EQ(call("XREADGROUP GROUP g bob STREAMS s >"), null_array());
  advance_ms(50);
  restart();
  EXPECT_EQ(pending(), array(array("1-0", "alice", 50, 1), array("2-0", "alice", 50, 1), array("3-0", "bob", 50, 1)));
  EXPECT_EQ(call("XPENDING s g"), array(3, "1-0", "3-0", array(array("alice", "2"), array("bob", "1"))));
  EXPECT_EQ(call("XREADGROUP GROUP g carol STREAMS s >"), null_array());
  EXPECT_EQ(of_group("consumers"), integer(3));  // known though she got nothing
}

TEST_F(StreamGroupTest, NoAckLeavesNothingPending) {
  fill("s", 1, 2);
  call("XGROUP CREATE s g 0");
  EXPECT_EQ(call("XREADGROUP GROUP g alice NOACK STREAMS s >"), from_s(numbered(1), numbered(2)));
  EXPECT_EQ(call("XPENDING s g"), array(0, null(), null(), null_array()));
  EXPECT_EQ(of_group("last-delivered-id"), bulk("2-0"));
  EXPECT_EQ(of_group("entries-read"), integer(2));
  restart();
  EXPECT_EQ(call("XREADGROUP GROUP g alice NOACK STREAMS s >"), null_array());
}

// An id asks for what is pending for the consumer, and counts as one more delivery.
TEST_F(StreamGroupTest, HistoryIsTheConsumersOwn) {
  start_work();
  advance_ms(100);
  EXPECT_EQ(call("XREADGROUP GROUP g alice STREAMS s 0"), from_s(numbered(1), numbered(2), numbered(3)));
  EXPECT_EQ(call("XREADGROUP GROUP g alice COUNT 1 STREAMS s 1-0"), from_s(numbered(2)));
  EXPECT_EQ(pending(), array(array("1-0", "alice", 0, 2), array("2-0", "alice", 0, 3), array("3-0", "alice", 0, 2)));
  EXPECT_EQ(call("XREADGROUP GROUP g bob STREAMS s 0"), from_s());
  EXPECT_EQ(call("XREADGROUP GROUP g bob BLOCK 0 STREAMS s 0"), from_s());  // history never waits
  EXPECT_EQ(call("XREADGROUP GROUP g alice STREAMS s 3"), from_s());
  call("XDEL s 2");
  restart();
  EXPECT_EQ(call("XREADGROUP GROUP g alice STREAMS s 0"), from_s(numbered(1), array("2-0", null_array()), numbered(3)));
  EXPECT_EQ(pending().items[1], array("2-0", "alice", 0, 3));  // what is gone was not delivered again
}

TEST_F(StreamGroupTest, ReadsSeveralStreams) {
  fill("s", 1, 3);
  fill("t", 7, 7);
  call("XGROUP CREATE s g 0");
  call("XGROUP CREATE t g $");
  EXPECT_EQ(call("XREADGROUP GROUP g alice COUNT 1 STREAMS t s > >"), from_s(numbered(1)));
  EXPECT_EQ(call("XREADGROUP GROUP g alice STREAMS t s 0 >"),
            array(array("t", array()), array("s", array(numbered(2), numbered(3)))));
  fill("t", 8, 9);
  EXPECT_EQ(call("XREADGROUP GROUP g alice COUNT 1 STREAMS t t t > > >"),  // one stream, named again: it reads on
            array(array("t", array(numbered(8))), array("t", array(numbered(9)))));
  call("HELLO 3");
  EXPECT_EQ(call("XREADGROUP GROUP g alice STREAMS s t 2 0"),
            map("s", array(numbered(3)), "t", array(numbered(8), numbered(9))));
  EXPECT_EQ(call("XREADGROUP GROUP g alice STREAMS s >"), null3());
}

TEST_F(StreamGroupTest, ReadSaysWhatIsWrong) {
  EXPECT_EQ(call("XREADGROUP GROUP g c STREAMS s >"), kNoGroupToRead);
  fill("s", 1, 1);
  EXPECT_EQ(call("XREADGROUP GROUP g c STREAMS s x"), kNoGroupToRead);
  call("XGROUP CREATE s g 0");
  EXPECT_EQ(call("XREADGROUP GROUP g c STREAMS s x"), kInvalidId);
  EXPECT_EQ(call("XREADGROUP GROUP g c STREAMS s s >"),
            error("ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified."));
  EXPECT_EQ(call("XREADGROUP COUNT 1 COUNT 1 STREAMS s >"), error("ERR Missing GROUP option for XREADGROUP"));
  EXPECT_EQ(call("XREADGROUP COUNT 1 GROUP g c s >"), kSyntax);
  EXPECT_TRUE(call("XREADGROUP GROUP g c STREAMS s $")
                  .text.starts_with("ERR The $ ID is meaningless in the context of XREADGROUP"));
  EXPECT_TRUE(call("XREADGROUP GROUP g c STREAMS s +")
                  .text.starts_with("ERR The + ID is meaningless in the context of XREADGROUP"));
  EXPECT_EQ(call("XREADGROUP GROUP g c STREAMS s none > >"),
            error("NOGROUP No such key 'none' or consumer group 'g' in XREADGROUP with GROUP option"));
  EXPECT_EQ(call("XPENDING s g").items[0], integer(0));  // nothing was delivered by a request that failed
}

TEST_F(StreamGroupTest, WaitingConsumersAreServedInArrivalOrder) {
  call("XGROUP CREATE s g $ MKSTREAM");
  TestClient& first = connect();
  TestClient& second = connect();
  TestClient& third = connect();
  first.send("XREADGROUP GROUP g a COUNT 1 BLOCK 0 STREAMS s >");
  second.send("XREADGROUP GROUP g b COUNT 1 BLOCK 0 STREAMS s >");
  third.send("XREADGROUP GROUP g c BLOCK 100 STREAMS s >");
  call("MULTI");
  call("XADD s 1-0 f 1");
  call("XADD s 2-0 f 2");
  call("EXEC");
  EXPECT_EQ(first.reply(), from_s(numbered(1)));
  EXPECT_EQ(second.reply(), from_s(numbered(2)));
  EXPECT_TRUE(third.blocked());
  advance_ms(101);
  EXPECT_EQ(third.reply(), null_array());
  EXPECT_EQ(of_group("consumers"), integer(3));
}

TEST_F(StreamGroupTest, AWaiterIsToldWhenItsGroupIsGone) {
  TestClient& waiter = connect();
  const auto wait = [&] {
    call("DEL s");
    call("XGROUP CREATE s g $ MKSTREAM");
    waiter.send("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
    EXPECT_TRUE(waiter.blocked());
  };
  wait();
  call("XGROUP DESTROY s g");
  EXPECT_EQ(waiter.reply(), kNoGroupToRead);
  wait();
  call("DEL s");
  EXPECT_EQ(waiter.reply(), kNoGroupToRead);
  wait();
  call("SET s x");
  EXPECT_EQ(waiter.reply(), kWrong);
  wait();
  call("FLUSHALL");
  EXPECT_EQ(waiter.reply(), kNoGroupToRead);
  wait();
  call("RENAME s elsewhere");
  EXPECT_EQ(waiter.reply(), kNoGroupToRead);
  wait();
  call("SWAPDB 0 1");
  EXPECT_EQ(waiter.reply(), kNoGroupToRead);
  wait();
  call("PEXPIRE s 10");
  advance_ms(11);
  EXPECT_EQ(waiter.reply(), kNoGroupToRead);
}

TEST_F(StreamGroupTest, AWaiterSurvivesWhatDoesNotConcernIt) {
  call("XGROUP CREATE s g $ MKSTREAM");
  call("XGROUP CREATE s h $");
  TestClient& waiter = connect();
  waiter.send("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
  call("XGROUP DESTROY s h");
  call("XGROUP DELCONSUMER s g c");
  call("XADD s MAXLEN 0 1-0 f 1");
  EXPECT_TRUE(waiter.blocked());
  fill("s", 2, 2);
  EXPECT_EQ(waiter.reply(), from_s(numbered(2)));
  waiter.send("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
  call("XGROUP SETID s g 0");  // what was read is there to be read again
  EXPECT_EQ(waiter.reply(), from_s(numbered(2)));
}

TEST_F(StreamGroupTest, ClientUnblockAndHangUp) {
  call("XGROUP CREATE s g $ MKSTREAM");
  TestClient& waiter = connect();
  waiter.send("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
  const Bytes id = std::to_string(waiter.client().id);
  EXPECT_EQ(call("CLIENT UNBLOCK " + id), integer(1));
  EXPECT_EQ(waiter.reply(), null_array());
  waiter.send("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
  EXPECT_EQ(call("CLIENT UNBLOCK " + id + " ERROR"), integer(1));
  EXPECT_EQ(waiter.reply(), error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
  waiter.send("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
  waiter.hang_up();
  fill("s", 1, 1);
  EXPECT_EQ(of_group("pending"), integer(0));
  EXPECT_EQ(rooms().waiters.size(), 0u);
}

TEST_F(StreamGroupTest, BlockingInsideMultiEndsAtOnce) {
  call("XGROUP CREATE s g $ MKSTREAM");
  call("MULTI");
  call("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
  EXPECT_EQ(call("EXEC"), array(null_array()));
}

// XACK and XPENDING.

TEST_F(StreamGroupTest, Acknowledges) {
  start_work();
  EXPECT_EQ(call("XACK s g 1 2 2-0 5 9-9"), integer(2));
  EXPECT_EQ(call("XACK s g 1"), integer(0));
  EXPECT_EQ(call("XACK s g 3 x"), kInvalidId);
  EXPECT_EQ(call("XACK s none x"), integer(0));
  EXPECT_EQ(call("XACK none g 1"), integer(0));
  restart();
  EXPECT_EQ(pending(), array(array("3-0", "alice", 0, 1)));
  EXPECT_EQ(call("XLEN s"), integer(5));
}

TEST_F(StreamGroupTest, ShowsWhatIsPending) {
  start_work();
  advance_ms(100);
  call("XREADGROUP GROUP g bob STREAMS s >");
  advance_ms(10);
  EXPECT_EQ(call("XPENDING s g"), array(5, "1-0", "5-0", array(array("alice", "3"), array("bob", "2"))));
  EXPECT_EQ(call("XPENDING s g - + 2"), array(array("1-0", "alice", 110, 1), array("2-0", "alice", 110, 1)));
  EXPECT_EQ(call("XPENDING s g (2-0 4 10"), array(array("3-0", "alice", 110, 1), array("4-0", "bob", 10, 1)));
  EXPECT_EQ(call("XPENDING s g - + 10 bob"), array(array("4-0", "bob", 10, 1), array("5-0", "bob", 10, 1)));
  EXPECT_EQ(call("XPENDING s g 5 + 10 bob"), array(array("5-0", "bob", 10, 1)));
  EXPECT_EQ(call("XPENDING s g - + 10 nobody"), array());
  EXPECT_EQ(call("XPENDING s g IDLE 100 - + 2"), array(array("1-0", "alice", 110, 1), array("2-0", "alice", 110, 1)));
  EXPECT_EQ(call("XPENDING s g IDLE 100 - + 9 bob"), array());
  EXPECT_EQ(call("XPENDING s g - + 0"), array());
  EXPECT_EQ(call("XPENDING s g - + -1"), array());
  EXPECT_EQ(call("XPENDING s g + - 10"), array());
}

TEST_F(StreamGroupTest, PendingSaysWhatIsWrong) {
  EXPECT_EQ(call("XPENDING s g"), error("NOGROUP No such key 's' or consumer group 'g'"));
  start_work();
  EXPECT_EQ(call("XPENDING s none"), error("NOGROUP No such key 's' or consumer group 'none'"));
  EXPECT_EQ(call("XPENDING s g -"), kSyntax);
  EXPECT_EQ(call("XPENDING s g - +"), kSyntax);
  EXPECT_EQ(call("XPENDING s g IDLE 5 - +"), kSyntax);
  EXPECT_EQ(call("XPENDING s g IDLE x - +"), kNotAnInteger);
  EXPECT_EQ(call("XPENDING s g IDLE 5 - + 1 c d"), kSyntax);
  EXPECT_EQ(call("XPENDING s g - + x"), kNotAnInteger);
  EXPECT_EQ(call("XPENDING s g x + 1"), kInvalidId);
  EXPECT_EQ(call("XPENDING s g - (0-0 1"), error("ERR invalid end ID for the interval"));
}

// XCLAIM and XAUTOCLAIM.

TEST_F(StreamGroupTest, ClaimsWhatIsIdle) {
  start_work();
  advance_ms(100);
  EXPECT_EQ(call("XCLAIM s g bob 101 1"), array());
  EXPECT_EQ(call("XCLAIM s g bob 100 1 4 9-9"), array(numbered(1)));  // 4 is pending for nobody
  EXPECT_EQ(call("XCLAIM s g bob 0 2 JUSTID"), array("2-0"));
  advance_ms(5);
  restart();
  EXPECT_EQ(pending(), array(array("1-0", "bob", 5, 2), array("2-0", "bob", 5, 1), array("3-0", "alice", 105, 1)));
  EXPECT_EQ(call("XCLAIM s g bob -5 3 RETRYCOUNT 7 IDLE 1000"), array(numbered(3)));
  EXPECT_EQ(pending().items[2], array("3-0", "bob", 1000, 7));
  EXPECT_EQ(call("XCLAIM s g bob 0 3 3 RETRYCOUNT -1"), array(numbered(3), numbered(3)));
  EXPECT_EQ(pending().items[2], array("3-0", "bob", 0, 9));
  const Bytes past = std::to_string(clock.wall_ms() - 77), future = std::to_string(clock.wall_ms() + 77);
  EXPECT_EQ(call("XCLAIM s g bob 0 3 TIME " + past + " JUSTID"), array("3-0"));
  EXPECT_EQ(pending().items[2], array("3-0", "bob", 77, 9));
  EXPECT_EQ(call("XCLAIM s g bob 0 3 TIME " + future + " JUSTID"), array("3-0"));
  EXPECT_EQ(pending().items[2], array("3-0", "bob", 0, 9));
}

TEST_F(StreamGroupTest, ForceMakesPending) {
  start_work();
  EXPECT_EQ(call("XCLAIM s g bob 1000 4 FORCE"), array(numbered(4)));
  EXPECT_EQ(call("XCLAIM s g bob 1000 5 FORCE JUSTID"), array("5-0"));
  EXPECT_EQ(call("XCLAIM s g bob 0 6 FORCE"), array());  // no such entry
  restart();
  EXPECT_EQ(call("XPENDING s g - + 9 bob"), array(array("4-0", "bob", 0, 2), array("5-0", "bob", 0, 1)));
}

TEST_F(StreamGroupTest, ClaimMovesTheCursorForwardOnly) {
  start_work();
  call("XCLAIM s g bob 0 1 LASTID 2-0");
  EXPECT_EQ(of_group("last-delivered-id"), bulk("3-0"));
  call("XCLAIM s g bob 0 1 LASTID 4-0");
  EXPECT_EQ(of_group("last-delivered-id"), bulk("4-0"));
  EXPECT_EQ(call("XREADGROUP GROUP g bob STREAMS s >"), from_s(numbered(5)));
}

TEST_F(StreamGroupTest, ClaimDropsWhatIsGone) {
  start_work();
  call("XDEL s 2");
  EXPECT_EQ(call("XCLAIM s g bob 1000 2"), array());
  EXPECT_EQ(pending(), array(array("1-0", "alice", 0, 1), array("3-0", "alice", 0, 1)));
  EXPECT_EQ(of_group("consumers"), integer(2));
}

TEST_F(StreamGroupTest, ClaimSaysWhatIsWrong) {
  EXPECT_EQ(call("XCLAIM s g c x 1"), error("NOGROUP No such key 's' or consumer group 'g'"));
  start_work();
  EXPECT_EQ(call("XCLAIM s none c 0 1"), error("NOGROUP No such key 's' or consumer group 'none'"));
  EXPECT_EQ(call("XCLAIM s g c x 1"), error("ERR Invalid min-idle-time argument for XCLAIM"));
  EXPECT_EQ(call("XCLAIM s g c 0 1 FOO"), error("ERR Unrecognized XCLAIM option 'FOO'"));
  EXPECT_EQ(call("XCLAIM s g c 0 1 x 2"), error("ERR Unrecognized XCLAIM option 'x'"));
  EXPECT_EQ(call("XCLAIM s g c 0 1 IDLE"), error("ERR Unrecognized XCLAIM option 'IDLE'"));
  EXPECT_EQ(call("XCLAIM s g c 0 1 IDLE x"), error("ERR Invalid IDLE option argument for XCLAIM"));
  EXPECT_EQ(call("XCLAIM s g c 0 1 TIME x"), error("ERR Invalid TIME option argument for XCLAIM"));
  EXPECT_EQ(call("XCLAIM s g c 0 1 RETRYCOUNT x"), error("ERR Invalid RETRYCOUNT option argument for XCLAIM"));
  EXPECT_EQ(call("XCLAIM s g c 0 1 LASTID x"), kInvalidId);
  EXPECT_EQ(of_group("consumers"), integer(1));  // a request that failed changed nothing
}

TEST_F(StreamGroupTest, AutoClaimScansOn) {
  start_work();
  advance_ms(100);
  call("XREADGROUP GROUP g alice STREAMS s >");
  EXPECT_EQ(call("XAUTOCLAIM s g bob 100 - COUNT 2"), array("3-0", array(numbered(1), numbered(2)), array()));
  EXPECT_EQ(call("XAUTOCLAIM s g bob 100 3-0 COUNT 2 JUSTID"), array("0-0", array("3-0"), array()));
  EXPECT_EQ(pending(), array(array("1-0", "bob", 0, 2), array("2-0", "bob", 0, 2), array("3-0", "bob", 0, 1),
                             array("4-0", "alice", 0, 1), array("5-0", "alice", 0, 1)));
  EXPECT_EQ(call("XAUTOCLAIM s g bob 0 (4-0"), array("0-0", array(numbered(5)), array()));
  EXPECT_EQ(call("XAUTOCLAIM s g bob 1000 0"), array("0-0", array(), array()));
}

TEST_F(StreamGroupTest, AutoClaimDropsWhatIsGone) {
  start_work();
  call("XDEL s 1 3");
  EXPECT_EQ(call("XAUTOCLAIM s g bob 1000 0 COUNT 1"), array("2-0", array(), array("1-0")));
  restart();
  EXPECT_EQ(call("XAUTOCLAIM s g bob 0 0"), array("0-0", array(numbered(2)), array("3-0")));
  EXPECT_EQ(call("XPENDING s g"), array(1, "2-0", "2-0", array(array("bob", "1"))));
}

TEST_F(StreamGroupTest, AutoClaimLooksAtTenTimesItsCount) {
  fill("s", 1, 30);
  call("XGROUP CREATE s g 0");
  call("XREADGROUP GROUP g alice STREAMS s >");
  EXPECT_EQ(call("XAUTOCLAIM s g bob 1000 0 COUNT 1"), array("11-0", array(), array()));
}

TEST_F(StreamGroupTest, AutoClaimSaysWhatIsWrong) {
  EXPECT_EQ(call("XAUTOCLAIM s g c x 0"), error("ERR Invalid min-idle-time argument for XAUTOCLAIM"));
  EXPECT_EQ(call("XAUTOCLAIM s g c 0 x"), kInvalidId);
  EXPECT_EQ(call("XAUTOCLAIM s g c 0 0 COUNT 0"), error("ERR COUNT must be > 0"));
  EXPECT_EQ(call("XAUTOCLAIM s g c 0 0 COUNT x"), error("ERR COUNT must be > 0"));
  EXPECT_EQ(call("XAUTOCLAIM s g c 0 0 COUNT"), kSyntax);
  EXPECT_EQ(call("XAUTOCLAIM s g c 0 0 FOO"), kSyntax);
  EXPECT_EQ(call("XAUTOCLAIM s g c 0 0"), error("NOGROUP No such key 's' or consumer group 'g'"));
}

// XINFO of groups.

TEST_F(StreamGroupTest, CountsWhatWasReadWhileItCan) {
  fill("s", 1, 5);
  call("XGROUP CREATE s g 0");
  EXPECT_EQ(of_group("entries-read"), null());
  EXPECT_EQ(of_group("lag"), integer(5));
  call("XREADGROUP GROUP g alice COUNT 1 STREAMS s >");
  EXPECT_EQ(of_group("entries-read"), integer(1));
  EXPECT_EQ(of_group("lag"), integer(4));
  call("XDEL s 3");  // ahead of the group: the count of entries read cannot say any more how many are left
  EXPECT_EQ(of_group("lag"), integer(3));
  call("XREADGROUP GROUP g alice STREAMS s >");
  EXPECT_EQ(of_group("entries-read"), integer(5));
  EXPECT_EQ(of_group("lag"), integer(0));
  fill("s", 6, 6);
  EXPECT_EQ(of_group("lag"), integer(1));
  call("XGROUP SETID s g 4");
  EXPECT_EQ(of_group("entries-read"), null());
  EXPECT_EQ(of_group("lag"), integer(2));
  call("XGROUP SETID s g 100");
  EXPECT_EQ(of_group("lag"), integer(0));
  call("XTRIM s MAXLEN 0");
  call("XGROUP SETID s g 4");
  EXPECT_EQ(of_group("lag"), integer(0));
}

// What XINFO says is what XREADGROUP would deliver, whatever happened to the stream or to the group.
TEST_F(StreamGroupTest, TheLagIsExact) {
  const auto unread = [&] {
    const Reply after = call("XRANGE s (" + of_group("last-delivered-id").text + " +");
    return integer(static_cast<int64_t>(after.items.size()));
  };
  fill("s", 1, 400);
  call("XGROUP CREATE s g 150");  // in the middle
  EXPECT_EQ(of_group("lag"), integer(250));
  EXPECT_EQ(of_group("entries-read"), null());
  call("XGROUP CREATE s wrong $ ENTRIESREAD 3");  // what a client claims to have read changes nothing
  EXPECT_EQ(call("XINFO GROUPS s").items[1].items[11], integer(0));
  for (const char* line :
       {"XDEL s 100 200 300 400", "XTRIM s MAXLEN 300", "XREADGROUP GROUP g a COUNT 7 STREAMS s >", "XTRIM s MINID 170",
        "XDEL s 171 172 399", "XGROUP SETID s g 160", "XGROUP SETID s g 171 ENTRIESREAD 999",
        "XSETID s 500-0 ENTRIESADDED 9999", "XGROUP SETID s g 450", "XGROUP SETID s g 0",
        "XREADGROUP GROUP g a COUNT 50 STREAMS s >", "XADD s MAXLEN 20 501 f 501", "XDELEX s DELREF IDS 1 501",
        "XTRIM s MAXLEN 0", "XADD s 502 f 502", "XSETID s 502-0 MAXDELETEDID 501-0"}) {
    EXPECT_FALSE(call(line).is_error()) << line;
    EXPECT_EQ(of_group("lag"), unread()) << line;
    EXPECT_EQ(call("XINFO STREAM s FULL").items[17].items[0].items[7], unread()) << line;
  }
  restart();
  EXPECT_EQ(of_group("lag"), integer(1));
}

// Names in errors end at a zero byte, as Redis has it.
TEST_F(StreamGroupTest, NamesWithAZeroByteInErrors) {
  const Bytes name("a\0b", 3);
  const Reply gone = error("NOGROUP No such key 'a' or consumer group 'a' in XREADGROUP with GROUP option");
  EXPECT_EQ(client().call_words({"XREADGROUP", "GROUP", name, "c", "STREAMS", name, ">"}), gone);
  call("MULTI");
  client().call_words({"XREADGROUP", "GROUP", name, "c", "STREAMS", name, ">"});
  EXPECT_EQ(call("EXEC"), array(gone));
  EXPECT_EQ(client().call_words({"XPENDING", name, name}), error("NOGROUP No such key 'a' or consumer group 'a'"));
  call("XADD s 1 f v");
  EXPECT_EQ(client().call_words({"XINFO", "CONSUMERS", "s", name}),
            error("NOGROUP No such consumer group 'a' for key name 's'"));
}

// Waiters of several types on one key: whoever can use what the key becomes is served, in order of arrival.
TEST_F(StreamGroupTest, WaitersOfSeveralTypesOnOneKey) {
  TestClient &list = connect(), &set = connect(), &first = connect(), &second = connect(), &late = connect();
  list.send("BLPOP s 0");
  set.send("BZPOPMIN s 0");
  first.send("XREAD BLOCK 0 STREAMS s 0");
  late.send("BLPOP s 0");
  call("XGROUP CREATE s g $ MKSTREAM");
  second.send("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
  call("XADD s 1 f 1");
  EXPECT_EQ(first.reply(), from_s(numbered(1)));
  EXPECT_EQ(second.reply(), from_s(numbered(1)));
  EXPECT_TRUE(list.blocked() && set.blocked() && late.blocked());
  second.send("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
  call("MULTI");
  call("DEL s");
  call("RPUSH s x");
  call("EXEC");
  EXPECT_EQ(second.reply(), kNoGroupToRead);  // the one who came first has emptied the list: the key is gone
  EXPECT_EQ(list.reply(), array("s", "x"));
  EXPECT_TRUE(late.blocked());
  call("ZADD s 1 m");
  EXPECT_EQ(set.reply(), array("s", "m", "1"));
  call("RPUSH s y");
  EXPECT_EQ(late.reply(), array("s", "y"));
}

TEST_F(StreamGroupTest, InfoOfGroupsAndConsumers) {
  start_work();
  advance_ms(100);
  call("XREADGROUP GROUP g alice COUNT 1 STREAMS s 9-9");
  call("XGROUP CREATECONSUMER s g bob");
  advance_ms(10);
  EXPECT_EQ(call("XINFO GROUPS s"), array(array("name", "g", "consumers", 2, "pending", 3, "last-delivered-id", "3-0",
                                                "entries-read", 3, "lag", 2)));
  EXPECT_EQ(call("XINFO CONSUMERS s g"), array(array("name", "alice", "pending", 3, "idle", 10, "inactive", 110),
                                               array("name", "bob", "pending", 0, "idle", 10, "inactive", -1)));
  EXPECT_EQ(call("XINFO CONSUMERS s none"), error("NOGROUP No such consumer group 'none' for key name 's'"));
  EXPECT_EQ(call("XINFO CONSUMERS none g"), error("ERR no such key"));
  EXPECT_EQ(call("XINFO GROUPS none"), error("ERR no such key"));
  call("HELLO 3");
  EXPECT_EQ(call("XINFO GROUPS s").items[0].type, '%');
  EXPECT_EQ(call("XINFO CONSUMERS s g").items[0].type, '%');
}

TEST_F(StreamGroupTest, FullInfoShowsGroups) {
  start_work();
  const Reply now = integer(clock.wall_ms());
  const Reply groups = call("XINFO STREAM s FULL COUNT 2").items[17];
  EXPECT_EQ(groups,
            array(array("name", "g", "last-delivered-id", "3-0", "entries-read", 3, "lag", 2, "pel-count", 3, "pending",
                        array(array("1-0", "alice", now, 1), array("2-0", "alice", now, 1)), "consumers",
                        array(array("name", "alice", "seen-time", now, "active-time", now, "pel-count", 3, "pending",
                                    array(array("1-0", now, 1), array("2-0", now, 1)))))));
}

// Waiting is one interaction: being looked at again meanwhile is none.
TEST_F(StreamGroupTest, SeenAndActiveTimes) {
  call("XGROUP CREATE s g $ MKSTREAM");
  TestClient& waiter = connect();
  waiter.send("XREADGROUP GROUP g alice BLOCK 0 STREAMS s >");
  advance_ms(50);
  call("XGROUP CREATECONSUMER s g bob");
  EXPECT_EQ(call("XINFO CONSUMERS s g").items[0], array("name", "alice", "pending", 0, "idle", 50, "inactive", -1));
  fill("s", 1, 1);
  EXPECT_EQ(waiter.reply(), from_s(numbered(1)));
  advance_ms(5);
  EXPECT_EQ(call("XINFO CONSUMERS s g").items[0], array("name", "alice", "pending", 1, "idle", 5, "inactive", 5));
  call("XCLAIM s g bob 0 1");
  EXPECT_EQ(call("XINFO CONSUMERS s g").items[1], array("name", "bob", "pending", 1, "idle", 0, "inactive", 0));
  advance_ms(5);
  call("XAUTOCLAIM s g alice 0 0");
  EXPECT_EQ(call("XINFO CONSUMERS s g").items[0], array("name", "alice", "pending", 1, "idle", 0, "inactive", 0));
}

TEST_F(StreamGroupTest, ThousandsOfEntries) {
  constexpr int kEntries = 5000;
  fill("s", 1, kEntries);
  call("XGROUP CREATE s g 0");
  ASSERT_EQ(call("XREADGROUP GROUP g alice STREAMS s >").items[0].items[1].items.size(), size_t{kEntries});
  restart();
  EXPECT_EQ(call("XREADGROUP GROUP g alice STREAMS s 0").items[0].items[1].items.size(), size_t{kEntries});
  EXPECT_EQ(call("XAUTOCLAIM s g bob 0 0 COUNT 2000").items[0], bulk("2001-0"));
  std::vector<Bytes> words = {"XACK", "s", "g"};
  for (int i = 1; i <= kEntries; i += 2) words.push_back(std::to_string(i));
  EXPECT_EQ(client().call_words(words), integer(kEntries / 2));
  words = {"XCLAIM", "s", "g", "carol", "0"};
  for (int i = 1; i <= kEntries; ++i) words.push_back(std::to_string(i));
  words.push_back("JUSTID");
  EXPECT_EQ(client().call_words(words).items.size(), size_t{kEntries / 2});
  restart();
  EXPECT_EQ(call("XPENDING s g"),
            array(kEntries / 2, "2-0", "5000-0", array(array("carol", std::to_string(kEntries / 2)))));
  EXPECT_EQ(pending().items[0].items[3], integer(3));
  call("COPY s copied");
  EXPECT_EQ(call("XPENDING copied g").items[0], integer(kEntries / 2));
}

}  // namespace leat::testing
