// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class StreamTest : public BrokerTest {
 protected:
  // Entries 1-0, 2-0 … with one field each.
  void fill(View key, int from, int to) {
    for (int i = from; i <= to; ++i) call("XADD " + Bytes(key) + " " + std::to_string(i) + "-0 f " + std::to_string(i));
  }
};

const Reply kWrong = error("WRONGTYPE Operation against a key holding the wrong kind of value");
const Reply kInvalidId = error("ERR Invalid stream ID specified as stream command argument");
const Reply kTooSmall = error("ERR The ID specified in XADD is equal or smaller than the target stream top item");
const Reply kSyntax = error("ERR syntax error");

static Reply entry(View id, View field, View value) { return array(id, array(field, value)); }
static Reply numbered(int i) { return entry(std::to_string(i) + "-0", "f", std::to_string(i)); }

TEST_F(StreamTest, AddsAndRanges) {
  EXPECT_EQ(call("XADD s 1-1 a 1 b 2"), bulk("1-1"));
  EXPECT_EQ(call("XADD s 1-2 a 3"), bulk("1-2"));
  EXPECT_EQ(call("XADD s 2 c \"\""), bulk("2-0"));
  EXPECT_EQ(call("XLEN s"), integer(3));
  EXPECT_EQ(call("XRANGE s - +"),
            array(array("1-1", array("a", "1", "b", "2")), entry("1-2", "a", "3"), entry("2-0", "c", "")));
  EXPECT_EQ(call("XREVRANGE s + -"),
            array(entry("2-0", "c", ""), entry("1-2", "a", "3"), array("1-1", array("a", "1", "b", "2"))));
  EXPECT_EQ(call("TYPE s"), simple("stream"));
  EXPECT_EQ(call("XLEN none"), integer(0));
}

TEST_F(StreamTest, IdsOnlyRise) {
  EXPECT_EQ(call("XADD s 0-0 a b"), error("ERR The ID specified in XADD must be greater than 0-0"));
  EXPECT_EQ(call("XADD s 0 a b"), error("ERR The ID specified in XADD must be greater than 0-0"));
  EXPECT_EQ(call("EXISTS s"), integer(0));
  EXPECT_EQ(call("XADD s 0-* a b"), bulk("0-1"));
  EXPECT_EQ(call("XADD s 5-5 a b"), bulk("5-5"));
  EXPECT_EQ(call("XADD s 5-5 a b"), kTooSmall);
  EXPECT_EQ(call("XADD s 4 a b"), kTooSmall);
  EXPECT_EQ(call("XADD s 4-* a b"), kTooSmall);
  EXPECT_EQ(call("XADD s 5-* a b"), bulk("5-6"));
  EXPECT_EQ(call("XADD s 6-* a b"), bulk("6-0"));
  EXPECT_EQ(call("XADD s +007-00 a b"), bulk("7-0"));
  EXPECT_EQ(call("XADD s 8-18446744073709551615 a b"), bulk("8-18446744073709551615"));
  EXPECT_EQ(call("XADD s 8-* a b"), kTooSmall);
  for (const char* id :
       {"x", "1-", "-1", "1-2-3", "1-x", "*-*", "-", "+", "$", "-*", "1-**", "18446744073709551616", "\"\""}) {
    EXPECT_EQ(call("XADD s " + Bytes(id) + " a b"), kInvalidId) << id;
  }
}

TEST_F(StreamTest, GeneratedIdsFollowTheClockAndNeverGoBack) {
  const Bytes now = std::to_string(clock.wall_ms());
  EXPECT_EQ(call("XADD s * a b"), bulk(now + "-0"));
  EXPECT_EQ(call("XADD s * a b"), bulk(now + "-1"));
  EXPECT_EQ(call("XADD s " + now + "-7 a b"), bulk(now + "-7"));
  EXPECT_EQ(call("XADD s * a b"), bulk(now + "-8"));
  EXPECT_EQ(call("XADD s 9999999999999-1 a b"), bulk("9999999999999-1"));
  EXPECT_EQ(call("XADD s * a b"), bulk("9999999999999-2"));
  EXPECT_EQ(call("XDEL s 9999999999999-2"), integer(1));
  restart();
  EXPECT_EQ(call("XADD s * a b"), bulk("9999999999999-3"));
}

TEST_F(StreamTest, TheLastIdIsTheEnd) {
  call("XADD s 18446744073709551615-18446744073709551614 a b");
  EXPECT_EQ(call("XADD s * a b"), bulk("18446744073709551615-18446744073709551615"));
  const Reply exhausted = error("ERR The stream has exhausted the last possible ID, unable to add more items");
  EXPECT_EQ(call("XADD s * a b"), exhausted);
  EXPECT_EQ(call("XADD s 1-1 a b"), exhausted);
  EXPECT_EQ(call("XRANGE s 18446744073709551615-18446744073709551615 +"),
            array(entry("18446744073709551615-18446744073709551615", "a", "b")));
  EXPECT_EQ(call("XREAD STREAMS s 18446744073709551615-18446744073709551615"), null_array());
  EXPECT_EQ(call("XREAD COUNT 1 STREAMS s 18446744073709551615-18446744073709551614").type, '*');
  EXPECT_EQ(call("XREAD STREAMS s +"),
            array(array("s", array(entry("18446744073709551615-18446744073709551615", "a", "b")))));
}

TEST_F(StreamTest, AddSaysWhatIsWrong) {
  const Reply arity = error("ERR wrong number of arguments for 'xadd' command");
  for (const char* line :
       {"XADD s *", "XADD s * a", "XADD s * a b c", "XADD s NOMKSTREAM * a", "XADD s MAXLEN 10 NOMKSTREAM",
        "XADD s 1-1 a b c", "XADD s MAXLEN ~ 5 NOMKSTREAM NOMKSTREAM"}) {
    EXPECT_EQ(call(line), arity) << line;
  }
  EXPECT_EQ(call("XADD s NOMKSTREAM * a b"), null());
  EXPECT_EQ(call("XADD s MAXLEN -1 * a b"), error("ERR The MAXLEN argument must be >= 0."));
  EXPECT_EQ(call("XADD s MAXLEN x * a b"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("XADD s MINID x * a b"), kInvalidId);
  EXPECT_EQ(call("XADD s MAXLEN 1 MINID 1 * a b"),
            error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible"));
  EXPECT_EQ(call("XADD s MAXLEN 1 LIMIT 5 * a b"),
            error("ERR syntax error, LIMIT cannot be used without the special ~ option"));
  EXPECT_EQ(call("XADD s LIMIT 5 * a b"),
            error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"));
  EXPECT_EQ(call("XADD s LIMIT 0 * a b"), error("ERR syntax error, LIMIT cannot be used without the special ~ option"));
  EXPECT_EQ(call("XADD s MAXLEN ~ 1 LIMIT -1 * a b"), error("ERR The LIMIT argument must be >= 0."));
  EXPECT_EQ(call("XADD s FOO 1-1 a b"), kInvalidId);
  EXPECT_EQ(call("EXISTS s"), integer(0));
}

TEST_F(StreamTest, WrongTypeEverywhere) {
  call("SET t x");
  for (const char* line : {"XADD t * a b", "XDEL t 1", "XLEN t", "XRANGE t - +", "XREVRANGE t + -", "XREAD STREAMS t 0",
                           "XREAD BLOCK 0 STREAMS t $", "XTRIM t MAXLEN 1", "XSETID t 1-1", "XINFO STREAM t",
                           "XINFO STREAM t FULL", "XINFO GROUPS t", "XINFO CONSUMERS t g"}) {
    EXPECT_EQ(call(line), kWrong) << line;
  }
}

TEST_F(StreamTest, WrongArity) {
  for (const char* line : {"XADD s * a", "XDEL s", "XLEN", "XLEN s x", "XRANGE s -", "XREVRANGE s +", "XREAD STREAMS s",
                           "XTRIM s MAXLEN", "XSETID s"}) {
    const Reply reply = call(line);
    EXPECT_TRUE(reply.is_error() && reply.text.starts_with("ERR wrong number of arguments for '")) << line;
  }
  EXPECT_EQ(call("XINFO"), error("ERR wrong number of arguments for 'xinfo' command"));
  EXPECT_EQ(call("XINFO STREAM"), error("ERR wrong number of arguments for 'xinfo|stream' command"));
  EXPECT_EQ(call("XINFO NONE s"), error("ERR unknown subcommand 'NONE'. Try XINFO HELP."));
  EXPECT_EQ(call("XINFO HELP").type, '*');
}

TEST_F(StreamTest, RangesHaveBothKindsOfEnds) {
  fill("s", 1, 5);
  call("XADD s 5-1 f x");
  EXPECT_EQ(call("XRANGE s 2 4"), array(numbered(2), numbered(3), numbered(4)));
  EXPECT_EQ(call("XRANGE s (2 (4"), array(numbered(3), numbered(4)));  // "(4" is 4-max at this end
  EXPECT_EQ(call("XRANGE s (2 (4-0"), array(numbered(3)));
  EXPECT_EQ(call("XRANGE s 5 5"), array(numbered(5), entry("5-1", "f", "x")));
  EXPECT_EQ(call("XRANGE s 5-0 5-0"), array(numbered(5)));
  EXPECT_EQ(call("XREVRANGE s 3 2"), array(numbered(3), numbered(2)));
  EXPECT_EQ(call("XREVRANGE s (3-0 -"), array(numbered(2), numbered(1)));
  EXPECT_EQ(call("XRANGE s - + COUNT 2"), array(numbered(1), numbered(2)));
  EXPECT_EQ(call("XREVRANGE s + - COUNT 1 COUNT 2"), array(entry("5-1", "f", "x"), numbered(5)));
  EXPECT_EQ(call("XRANGE s 4 2"), array());
  EXPECT_EQ(call("XREVRANGE s 2 4"), array());
  EXPECT_EQ(call("XRANGE s 100 +"), array());
  EXPECT_EQ(call("XREVRANGE s 0-5 -"), array());
  EXPECT_EQ(call("XRANGE s - + COUNT 0"), null_array());
  EXPECT_EQ(call("XRANGE s - + COUNT -1"), null_array());
  EXPECT_EQ(call("XRANGE none - + COUNT 0"), array());
  EXPECT_EQ(call("XRANGE s - + COUNT"), kSyntax);
  EXPECT_EQ(call("XRANGE s - + LIMIT 1"), kSyntax);
  EXPECT_EQ(call("XRANGE s - + COUNT x"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("XRANGE s (- +"), kInvalidId);
  EXPECT_EQ(call("XRANGE s - (+"), kInvalidId);
  EXPECT_EQ(call("XRANGE s ( +"), kInvalidId);
  EXPECT_EQ(call("XRANGE s (18446744073709551615-18446744073709551615 +"),
            error("ERR invalid start ID for the interval"));
  EXPECT_EQ(call("XRANGE s - (0-0"), error("ERR invalid end ID for the interval"));
}

TEST_F(StreamTest, DeletesAndKeepsTheStream) {
  fill("s", 1, 3);
  EXPECT_EQ(call("XDEL s 2 2-0 9-9 2"), integer(1));
  EXPECT_EQ(call("XRANGE s - +"), array(numbered(1), numbered(3)));
  EXPECT_EQ(call("XDEL s 1 x"), kInvalidId);
  EXPECT_EQ(call("XDEL s - +"), kInvalidId);
  EXPECT_EQ(call("XDEL none x"), integer(0));
  EXPECT_EQ(call("XDEL s 1 3"), integer(2));
  EXPECT_EQ(call("XLEN s"), integer(0));
  EXPECT_EQ(call("EXISTS s"), integer(1));
  restart();
  EXPECT_EQ(call("XADD s 3-0 a b"), kTooSmall);
  EXPECT_EQ(call("XRANGE s - +"), array());
}

TEST_F(StreamTest, TrimsExactly) {
  fill("s", 1, 10);
  EXPECT_EQ(call("XTRIM s MAXLEN 7"), integer(3));
  EXPECT_EQ(call("XTRIM s MAXLEN = 7"), integer(0));
  EXPECT_EQ(call("XTRIM s MINID 6"), integer(2));
  EXPECT_EQ(call("XTRIM s MINID = 6-1"), integer(1));
  EXPECT_EQ(call("XRANGE s - + COUNT 1"), array(numbered(7)));
  EXPECT_EQ(call("XADD s MAXLEN 2 11-0 f 11"), bulk("11-0"));
  EXPECT_EQ(call("XRANGE s - +"), array(numbered(10), numbered(11)));
  EXPECT_EQ(call("XADD s MINID 99 12-0 f 12"), bulk("12-0"));
  EXPECT_EQ(call("XLEN s"), integer(0));
  EXPECT_EQ(call("XADD new MAXLEN 0 1-0 f 1"), bulk("1-0"));
  EXPECT_EQ(call("EXISTS new"), integer(1));
  EXPECT_EQ(call("XLEN new"), integer(0));
  EXPECT_EQ(call("XTRIM none MAXLEN 0"), integer(0));
}

TEST_F(StreamTest, TrimSaysWhatIsWrong) {
  EXPECT_EQ(call("XTRIM s FOO 1"), kSyntax);
  EXPECT_EQ(call("XTRIM s MAXLEN 1 2"), kSyntax);
  EXPECT_EQ(call("XTRIM s NOMKSTREAM 1"), kSyntax);
  EXPECT_EQ(call("XTRIM s LIMIT 5"),
            error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"));
  EXPECT_EQ(call("XTRIM s LIMIT 0"), error("ERR syntax error, XTRIM must be called with a trimming strategy"));
  EXPECT_EQ(call("XTRIM s MAXLEN 1 LIMIT 5"),
            error("ERR syntax error, LIMIT cannot be used without the special ~ option"));
  EXPECT_EQ(call("XTRIM s MAXLEN 1 MAXLEN 2"),
            error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible"));
  EXPECT_EQ(call("XTRIM s MAXLEN ~"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("XTRIM s MINID ="), kInvalidId);
}

// Whole steps of stream-node-max-entries: never fewer than asked are kept, and less than a step more.
TEST_F(StreamTest, TrimsApproximately) {
  for (int i = 1; i <= 1000; ++i) {
    call("XADD s MAXLEN ~ 555 " + std::to_string(i) + "-0 f x");
    const int64_t length = call("XLEN s").number();
    ASSERT_GE(length, std::min(i, 555));
    ASSERT_LT(length, 555 + 100);
  }
  EXPECT_EQ(call("XTRIM s MAXLEN ~ 450 LIMIT 99"), integer(0));
  EXPECT_EQ(call("XTRIM s MAXLEN ~ 450 LIMIT 100"), integer(100));
  EXPECT_EQ(call("XTRIM s MINID ~ 5000 LIMIT 100"), integer(100));
  EXPECT_EQ(call("XTRIM s MINID ~ 0"), integer(0));
  EXPECT_EQ(call("XTRIM s MINID ~ 900"), integer(200));
  EXPECT_EQ(call("XTRIM s MAXLEN ~ 0"), integer(200));
  EXPECT_EQ(call("XLEN s"), integer(0));
  fill("few", 1, 3);
  EXPECT_EQ(call("XTRIM few MAXLEN ~ 1"), integer(0));
  EXPECT_EQ(call("XTRIM few MAXLEN ~ 0 LIMIT 2"), integer(0));
  EXPECT_EQ(call("XTRIM few MINID ~ 4"), integer(3));
}

TEST_F(StreamTest, TheStepIsConfigured) {
  EXPECT_EQ(call("CONFIG SET stream-node-max-entries 2"), ok());
  fill("s", 1, 3);
  EXPECT_EQ(call("XTRIM s MAXLEN ~ 0 LIMIT 1"), integer(0));
  EXPECT_EQ(call("XTRIM s MAXLEN ~ 0 LIMIT 2"), integer(2));
  EXPECT_EQ(call("CONFIG SET stream-node-max-entries 100000"), ok());  // longer nodes make no longer streams
  fill("u", 1, 350);
  EXPECT_EQ(call("XTRIM u MAXLEN ~ 200"), integer(100));
  EXPECT_EQ(call("CONFIG SET stream-node-max-entries 1"), ok());
  fill("t", 1, 102);
  EXPECT_EQ(call("XTRIM t MAXLEN ~ 1"), integer(100));  // a hundred steps at once, unless LIMIT says else
  EXPECT_EQ(call("XTRIM t MAXLEN ~ 1 LIMIT 0"), integer(1));
}

TEST_F(StreamTest, SetsTheLastId) {
  fill("s", 1, 3);
  EXPECT_EQ(call("XSETID none 1-1"), error("ERR no such key"));
  EXPECT_EQ(call("XSETID s x"), kInvalidId);
  EXPECT_EQ(call("XSETID s 2"), error("ERR The ID specified in XSETID is smaller than the target stream top item"));
  EXPECT_EQ(call("XSETID s 9 ENTRIESADDED 2"),
            error("ERR The entries_added specified in XSETID is smaller than the target stream length"));
  EXPECT_EQ(call("XSETID s 9 ENTRIESADDED -1"), error("ERR entries_added must be positive"));
  EXPECT_EQ(call("XSETID s 9 ENTRIESADDED x"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("XSETID s 9 MAXDELETEDID 10"),
            error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"));
  EXPECT_EQ(call("XSETID s 9 MAXDELETEDID"), kSyntax);
  EXPECT_EQ(call("XSETID s 9 FOO 1"), kSyntax);
  EXPECT_EQ(call("XSETID s 9-5 ENTRIESADDED 100 MAXDELETEDID 8-0"), ok());
  restart();
  EXPECT_EQ(call("XSETID s 7-0"), error("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"));
  EXPECT_EQ(call("XADD s 9-5 a b"), kTooSmall);
  EXPECT_EQ(call("XADD s 9-* a b"), bulk("9-6"));
  EXPECT_EQ(call("XINFO STREAM s").items[11], integer(101));
}

TEST_F(StreamTest, InfoOfAStream) {
  EXPECT_EQ(call("XINFO STREAM none"), error("ERR no such key"));
  fill("s", 1, 3);
  call("XDEL s 2");
  EXPECT_EQ(call("XINFO STREAM s"),
            array("length", 2, "radix-tree-keys", 1, "radix-tree-nodes", 2, "last-generated-id", "3-0",
                  "max-deleted-entry-id", "2-0", "entries-added", 3, "recorded-first-entry-id", "1-0", "groups", 0,
                  "first-entry", numbered(1), "last-entry", numbered(3)));
  call("XTRIM s MAXLEN 0");
  const Reply empty = call("XINFO STREAM s");
  EXPECT_EQ(empty.items[13], bulk("0-0"));
  EXPECT_EQ(empty.items[17], null());
  EXPECT_EQ(empty.items[19], null());
  const Reply wrong = error("ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.");
  for (const char* line : {"XINFO STREAM s FOO", "XINFO STREAM s FULL COUNT", "XINFO STREAM s FULL FOO 1",
                           "XINFO STREAM s FULL COUNT 1 2"}) {
    EXPECT_EQ(call(line), wrong) << line;
  }
  EXPECT_EQ(call("XINFO STREAM s FULL COUNT x"), error("ERR value is not an integer or out of range"));
}

TEST_F(StreamTest, FullInfoShowsAsManyEntriesAsAsked) {
  fill("s", 1, 20);
  EXPECT_EQ(call("XINFO STREAM s FULL").items[15].items.size(), 10u);
  EXPECT_EQ(call("XINFO STREAM s FULL COUNT 3").items[15], array(numbered(1), numbered(2), numbered(3)));
  EXPECT_EQ(call("XINFO STREAM s FULL COUNT 0").items[15].items.size(), 20u);
  EXPECT_EQ(call("XINFO STREAM s FULL COUNT -1").items[15].items.size(), 10u);
  call("HELLO 3");
  EXPECT_EQ(call("XINFO STREAM s FULL").type, '%');
  EXPECT_EQ(call("XINFO STREAM s").type, '%');
}

TEST_F(StreamTest, ReadsWhatCameAfterAnId) {
  fill("s", 1, 3);
  fill("t", 7, 8);
  EXPECT_EQ(call("XREAD STREAMS s 1"), array(array("s", array(numbered(2), numbered(3)))));
  EXPECT_EQ(call("XREAD COUNT 1 STREAMS s none t 0 0 7-0"),
            array(array("s", array(numbered(1))), array("t", array(numbered(8)))));
  EXPECT_EQ(call("XREAD COUNT 0 STREAMS s 0").items[0].items[1].items.size(), 3u);
  EXPECT_EQ(call("XREAD COUNT -5 STREAMS s 0").items[0].items[1].items.size(), 3u);
  EXPECT_EQ(call("XREAD STREAMS s $"), null_array());
  EXPECT_EQ(call("XREAD STREAMS s none 3 0"), null_array());
  EXPECT_EQ(call("XREAD COUNT 5 STREAMS s t + +"),
            array(array("s", array(numbered(3))), array("t", array(numbered(8)))));
  call("XDEL s 3");
  EXPECT_EQ(call("XREAD STREAMS s +"), array(array("s", array(numbered(2)))));
  EXPECT_EQ(call("XREAD STREAMS s 2"), null_array());
  EXPECT_EQ(call("XREAD STREAMS none +"), null_array());
}

TEST_F(StreamTest, Resp3ReadsAMap) {
  fill("s", 1, 1);
  fill("t", 2, 2);
  call("HELLO 3");
  EXPECT_EQ(call("XREAD STREAMS s t 0 0"), map("s", array(numbered(1)), "t", array(numbered(2))));
  EXPECT_EQ(call("XREAD STREAMS s $"), null3());
  EXPECT_EQ(call("XRANGE s - +"), array(numbered(1)));
}

TEST_F(StreamTest, ReadSaysWhatIsWrong) {
  EXPECT_EQ(call("XREAD STREAMS s t 0"),
            error("ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified."));
  EXPECT_EQ(call("XREAD COUNT 1 s 0"), kSyntax);
  EXPECT_EQ(call("XREAD COUNT 1 BLOCK STREAMS"), error("ERR timeout is not an integer or out of range"));
  EXPECT_EQ(call("XREAD COUNT x STREAMS s 0"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("XREAD BLOCK x STREAMS s 0"), error("ERR timeout is not an integer or out of range"));
  EXPECT_EQ(call("XREAD BLOCK -1 STREAMS s 0"), error("ERR timeout is negative"));
  EXPECT_EQ(call("XREAD STREAMS s x"), kInvalidId);
  EXPECT_EQ(call("XREAD STREAMS s -"), kInvalidId);
  EXPECT_EQ(
      call("XREAD STREAMS s >"),
      error("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."));
  EXPECT_EQ(call("XREAD GROUP g c STREAMS s 0"),
            error("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."));
  EXPECT_EQ(call("XREAD NOACK STREAMS s 0"),
            error("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."));
}

// Reading takes nothing away: everybody who waits gets the entry, in the order in which they came.
TEST_F(StreamTest, EveryReaderThatWaitsIsServed) {
  TestClient& first = connect();
  TestClient& second = connect();
  first.send("XREAD BLOCK 0 STREAMS s $");
  second.send("XREAD COUNT 1 BLOCK 0 STREAMS t s $ $");
  EXPECT_TRUE(first.blocked());
  EXPECT_TRUE(second.blocked());
  fill("s", 1, 1);
  const Reply answer = array(array("s", array(numbered(1))));
  EXPECT_EQ(first.reply(), answer);
  EXPECT_EQ(second.reply(), answer);
}

// What $ meant is settled when the request arrives.
TEST_F(StreamTest, DollarIsResolvedOnce) {
  fill("s", 1, 5);
  TestClient& waiter = connect();
  waiter.send("XREAD BLOCK 0 STREAMS s $");
  call("XDEL s 5");  // touches the stream: the waiter is looked at, and goes on waiting
  EXPECT_TRUE(waiter.blocked());
  call("MULTI");
  call("XADD s 6-0 f 6");
  call("XADD s 7-0 f 7");
  call("EXEC");
  EXPECT_EQ(waiter.reply(), array(array("s", array(numbered(6), numbered(7)))));

  waiter.send("XREAD BLOCK 0 STREAMS s 8");
  fill("s", 8, 8);
  EXPECT_TRUE(waiter.blocked());
  fill("s", 9, 9);
  EXPECT_EQ(waiter.reply(), array(array("s", array(numbered(9)))));

  waiter.send("XREAD BLOCK 0 STREAMS new +");
  fill("new", 1, 1);
  EXPECT_EQ(waiter.reply(), array(array("new", array(numbered(1)))));
  EXPECT_EQ(waiter.call("XREAD BLOCK 0 STREAMS new +"), array(array("new", array(numbered(1)))));
}

TEST_F(StreamTest, WaitingEndsWithItsTime) {
  TestClient& waiter = connect();
  waiter.send("XREAD BLOCK 1500 STREAMS s $");
  advance_ms(1499);
  EXPECT_FALSE(waiter.has_reply());
  advance_ms(2);
  EXPECT_EQ(waiter.reply(), null_array());
  waiter.call("HELLO 3");
  waiter.send("XREAD BLOCK 1 STREAMS s $");
  advance_ms(2);
  EXPECT_EQ(waiter.reply(), null3());
}

TEST_F(StreamTest, AnEntryThatIsGoneAtOnceEndsNoWait) {
  TestClient& waiter = connect();
  waiter.send("XREAD BLOCK 0 STREAMS s 0");
  call("XADD s MAXLEN 0 1-0 f 1");
  EXPECT_TRUE(waiter.blocked());
  call("SET s x");
  EXPECT_TRUE(waiter.blocked());
  call("DEL s");
  EXPECT_TRUE(waiter.blocked());
  fill("other", 3, 3);
  call("RENAME other s");
  EXPECT_EQ(waiter.reply(), array(array("s", array(numbered(3)))));
}

// One of the keys becomes something else: the others are still worth waiting for.
TEST_F(StreamTest, AKeyThatChangesItsTypeDoesNotHideTheOthers) {
  TestClient& waiter = connect();
  waiter.send("XREAD BLOCK 0 STREAMS a b $ $");
  call("SET a x");
  fill("b", 1, 1);
  EXPECT_EQ(waiter.reply(), array(array("b", array(numbered(1)))));
}

TEST_F(StreamTest, BlockingInsideMultiEndsAtOnce) {
  call("MULTI");
  call("XREAD BLOCK 0 STREAMS s $");
  EXPECT_EQ(call("EXEC"), array(null_array()));
}

TEST_F(StreamTest, ClientUnblockAndHangUp) {
  TestClient& waiter = connect();
  waiter.send("XREAD BLOCK 0 STREAMS s $");
  const Bytes id = std::to_string(waiter.client().id);
  EXPECT_EQ(call("CLIENT UNBLOCK " + id), integer(1));
  EXPECT_EQ(waiter.reply(), null_array());
  waiter.send("XREAD BLOCK 0 STREAMS s $");
  EXPECT_EQ(call("CLIENT UNBLOCK " + id + " ERROR"), integer(1));
  EXPECT_EQ(waiter.reply(), error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
  waiter.send("XREAD BLOCK 0 STREAMS s $");
  waiter.hang_up();
  fill("s", 1, 1);
  EXPECT_EQ(rooms().waiters.size(), 0u);
}

TEST_F(StreamTest, LongAndBinaryFieldsSurvive) {
  const Bytes binary("\0\r\n\xff", 4), large(100000, 'x');
  client().call_words({"XADD", "s", "1-0", binary, large, "", ""});
  client().call_words({"XADD", "s", "2-0", binary, "y", "", ""});
  restart();
  EXPECT_EQ(call("XRANGE s - +"),
            array(array("1-0", array(binary, large, "", "")), array("2-0", array(binary, "y", "", ""))));
}

TEST_F(StreamTest, ALongStreamKeepsItsOrder) {
  constexpr int kEntries = 5000;
  fill("s", 1, kEntries);
  for (int i = 3; i <= kEntries; i += 3) call("XDEL s " + std::to_string(i));
  restart();
  const Reply all = call("XRANGE s - +");
  ASSERT_EQ(all.items.size(), size_t{kEntries - kEntries / 3});
  const Reply back = call("XREVRANGE s + -");
  EXPECT_TRUE(std::equal(all.items.begin(), all.items.end(), back.items.rbegin(), back.items.rend()));
  EXPECT_EQ(call("XRANGE s 2999 3001"), array(numbered(2999), numbered(3001)));
  EXPECT_EQ(call("XREAD COUNT 2 STREAMS s 4000"), array(array("s", array(numbered(4001), numbered(4003)))));
}

TEST_F(StreamTest, ManyFieldsInOneEntry) {
  std::vector<Bytes> words = {"XADD", "s", "1-0"};
  for (int i = 0; i < 10000; ++i) words.push_back("field-" + std::to_string(i)), words.push_back(std::to_string(i));
  EXPECT_EQ(client().call_words(words), bulk("1-0"));
  restart();
  EXPECT_EQ(call("XRANGE s - +").items[0].items[1].items.size(), 20000u);
}

TEST_F(StreamTest, ExpiredStreamsStartAnew) {
  fill("s", 5, 5);
  call("PEXPIRE s 10");
  advance_ms(11);
  EXPECT_EQ(call("XLEN s"), integer(0));
  EXPECT_EQ(call("XADD s 1-0 f 1"), bulk("1-0"));
  EXPECT_EQ(call("XLEN s"), integer(1));
}

// XSETID may go back to the last entry that is left; what was deleted above it is in nobody's way then.
TEST_F(StreamTest, EntriesBehindAnIdThatFellAreFound) {
  call("XADD s 5-1 f v");
  call("XADD s 6-1 f v");
  call("XDEL s 6-1");
  EXPECT_EQ(call("XSETID s 7-0 ENTRIESADDED 2 MAXDELETEDID 1-0"), ok());
  EXPECT_EQ(call("XSETID s 5-1"), ok());
  EXPECT_EQ(call("XADD s 5-2 f v"), bulk("5-2"));
  EXPECT_EQ(call("XRANGE s 5-2 5-2").items.size(), 1u);
  EXPECT_EQ(call("XDEL s 5-2"), integer(1));
  EXPECT_EQ(call("XLEN s"), integer(1));
}

}  // namespace leat::testing
