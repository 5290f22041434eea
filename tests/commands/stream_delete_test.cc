// SPDX-License-Identifier: Apache-2.0
// XDELEX, XACKDEL, and KEEPREF, DELREF, ACKED where streams are trimmed.
#include "tests/support/broker_test.h"

namespace leat::testing {

class StreamDeleteTest : public BrokerTest {
 protected:
  void fill(int from, int to) {
    for (int i = from; i <= to; ++i) call("XADD s " + std::to_string(i) + " f " + std::to_string(i));
  }
  // Five entries; g holds the first three, h the first and the second; 4 and 5 nobody has read.
  void start_work() {
    fill(1, 5);
    call("XGROUP CREATE s g 0");
    call("XGROUP CREATE s h 0");
    call("XREADGROUP GROUP g alice COUNT 3 STREAMS s >");
    call("XREADGROUP GROUP h bob COUNT 2 STREAMS s >");
  }
  // What is left, of the stream or of a group's pending entries, as "1 2 3".
  Bytes left() { return milliseconds(call("XRANGE s - +")); }
  Bytes pending(View group) { return milliseconds(call("XPENDING s " + Bytes(group) + " - + 1000")); }
  static Bytes milliseconds(const Reply& entries) {
    Bytes text;
    for (const Reply& entry : entries.items) {
      const Bytes& id = entry.items[0].text;
      text += (text.empty() ? "" : " ") + id.substr(0, id.find('-'));
    }
    return text;
  }
};

const Reply kWrong = error("WRONGTYPE Operation against a key holding the wrong kind of value");
const Reply kInvalidId = error("ERR Invalid stream ID specified as stream command argument");
const Reply kSyntax = error("ERR syntax error");
const Reply kNotPositive = error("ERR Number of IDs must be a positive integer");
const Reply kTooFew = error("ERR The `numids` parameter must match the number of arguments");

TEST_F(StreamDeleteTest, DeletesAndKeepsReferences) {
  start_work();
  EXPECT_EQ(call("XDELEX s IDS 3 1 1 9-9"), array(1, -1, -1));
  EXPECT_EQ(call("XDELEX s KEEPREF IDS 1 2-0"), array(1));
  EXPECT_EQ(left(), "3 4 5");
  EXPECT_EQ(pending("g"), "1 2 3");
  EXPECT_EQ(pending("h"), "1 2");
  EXPECT_EQ(call("XINFO STREAM s").items[9], bulk("2-0"));  // max-deleted-entry-id
}

TEST_F(StreamDeleteTest, DeletesAndDropsReferences) {
  start_work();
  EXPECT_EQ(call("XDELEX s DELREF IDS 2 2 2"), array(1, -1));
  EXPECT_EQ(left(), "1 3 4 5");
  EXPECT_EQ(pending("g"), "1 3");
  EXPECT_EQ(pending("h"), "1");
  call("XDEL s 1");
  EXPECT_EQ(call("XDELEX s IDS 2 1 4 DELREF"), array(-1, 1));  // of what is gone already the references go too
  EXPECT_EQ(pending("g"), "3");
  EXPECT_EQ(pending("h"), "");
  restart();
  EXPECT_EQ(left(), "3 5");
  EXPECT_EQ(pending("g"), "3");
}

TEST_F(StreamDeleteTest, DeletesWhatEverybodyHasDealtWith) {
  start_work();
  EXPECT_EQ(call("XDELEX s ACKED IDS 6 1 2 3 4 9 1"), array(2, 2, 2, 2, -1, 2));
  call("XACK s g 1 2 3");
  EXPECT_EQ(call("XDELEX s ACKED IDS 3 1 2 3"), array(2, 2, 2));  // h holds two, and has still to be given the third
  call("XACK s h 1");
  EXPECT_EQ(call("XDELEX s acked ids 3 1 2 1"), array(1, 2, -1));
  EXPECT_EQ(left(), "2 3 4 5");
  call("XGROUP DESTROY s h");
  EXPECT_EQ(call("XDELEX s ACKED IDS 3 2 3 4"), array(1, 1, 2));
  call("XGROUP DESTROY s g");
  EXPECT_EQ(call("XDELEX s ACKED IDS 2 4 5"), array(1, 1));  // without groups nothing is held
  EXPECT_EQ(call("XLEN s"), integer(0));
  EXPECT_EQ(call("EXISTS s"), integer(1));
}

TEST_F(StreamDeleteTest, AGroupInTheMiddleHoldsWhatIsBehindItsStart) {
  fill(1, 5);
  call("XGROUP CREATE s g 1");
  call("XGROUP CREATE s h 3");
  EXPECT_EQ(call("XDELEX s ACKED IDS 3 1 2 4"), array(1, 2, 2));
  call("XGROUP SETID s g 3");
  EXPECT_EQ(call("XDELEX s ACKED IDS 2 2 4"), array(1, 2));
}

TEST_F(StreamDeleteTest, AcknowledgesAndDeletes) {
  start_work();
  EXPECT_EQ(call("XACKDEL s g IDS 4 1 1 4 9-9"), array(1, -1, -1, -1));  // 4 is pending for nobody: it stays
  EXPECT_EQ(left(), "2 3 4 5");
  EXPECT_EQ(pending("g"), "2 3");
  EXPECT_EQ(pending("h"), "1 2");
  EXPECT_EQ(call("XACKDEL s h KEEPREF IDS 1 1"), array(1));  // acknowledged, though the entry is gone
  EXPECT_EQ(call("XACKDEL s g DELREF IDS 2 2 3"), array(1, 1));
  EXPECT_EQ(pending("g"), "");
  EXPECT_EQ(pending("h"), "");
  restart();
  EXPECT_EQ(left(), "4 5");
}

TEST_F(StreamDeleteTest, AcknowledgesAndDeletesWhenEverybodyHas) {
  start_work();
  EXPECT_EQ(call("XACKDEL s g ACKED IDS 3 1 2 3"), array(2, 2, 2));
  EXPECT_EQ(pending("g"), "");
  EXPECT_EQ(left(), "1 2 3 4 5");
  EXPECT_EQ(call("XACKDEL s h ACKED IDS 3 1 2 3"), array(1, 1, -1));
  EXPECT_EQ(left(), "3 4 5");
  call("XREADGROUP GROUP h bob STREAMS s >");
  EXPECT_EQ(call("XACKDEL s h ACKED IDS 2 3 4"), array(1, 2));  // g has 4 still before it
  EXPECT_EQ(left(), "4 5");
}

TEST_F(StreamDeleteTest, DanglingReferencesGo) {
  start_work();
  call("XDEL s 1 2");
  EXPECT_EQ(call("XACKDEL s g DELREF IDS 2 1 4"), array(1, -1));
  EXPECT_EQ(pending("h"), "2");
  call("XACK s g 2");
  EXPECT_EQ(call("XACKDEL s g DELREF IDS 1 2"), array(-1));  // not pending here, and not in the stream: nobody keeps it
  EXPECT_EQ(pending("h"), "");
  EXPECT_EQ(left(), "3 4 5");
}

TEST_F(StreamDeleteTest, MissingKeysAndGroups) {
  EXPECT_EQ(call("XDELEX s IDS 2 1 2"), array(-1, -1));
  EXPECT_EQ(call("XACKDEL s g IDS 2 1 2"), array(-1, -1));
  fill(1, 1);
  EXPECT_EQ(call("XACKDEL s g DELREF IDS 1 1"), array(-1));
  EXPECT_EQ(call("XLEN s"), integer(1));
  call("SET k x");
  EXPECT_EQ(call("XDELEX k IDS 1 1"), kWrong);
  EXPECT_EQ(call("XACKDEL k g IDS 1 1"), kWrong);
}

TEST_F(StreamDeleteTest, SaysWhatIsWrong) {
  fill(1, 1);
  for (const Bytes begin : {"XDELEX s ", "XACKDEL s g "}) {
    EXPECT_EQ(call(begin + "IDS abc 1"), kNotPositive);
    EXPECT_EQ(call(begin + "IDS 0 1"), kNotPositive);
    EXPECT_EQ(call(begin + "IDS -5 1"), kNotPositive);
    EXPECT_EQ(call(begin + "IDS 3 1 2"), kTooFew);
    EXPECT_EQ(call(begin + "IDS 9223372036854775807 1"), kTooFew);
    EXPECT_EQ(call(begin + "IDS 1 1 2"), kSyntax);
    EXPECT_EQ(call(begin + "IDS 1 1 IDS 1 1"), kSyntax);
    EXPECT_EQ(call(begin + "KEEPREF DELREF IDS 1 1"), kSyntax);
    EXPECT_EQ(call(begin + "ACKED IDS 1 1 ACKED"), kSyntax);
    EXPECT_EQ(call(begin + "FOO IDS 1 1"), kSyntax);
    EXPECT_EQ(call(begin + "KEEPREF DELREF ACKED"), kSyntax);
    EXPECT_EQ(call(begin + "IDS 2 1 x"), kInvalidId);
    EXPECT_EQ(call(begin + "1 2 3"), kSyntax);
  }
  EXPECT_EQ(call("XDELEX s IDS 1"), error("ERR wrong number of arguments for 'xdelex' command"));
  EXPECT_EQ(call("XACKDEL s g IDS 1"), error("ERR wrong number of arguments for 'xackdel' command"));
  EXPECT_EQ(call("XLEN s"), integer(1));
}

TEST_F(StreamDeleteTest, ManyIds) {
  fill(1, 3000);
  call("XGROUP CREATE s g 0");
  call("XREADGROUP GROUP g alice COUNT 2000 STREAMS s >");
  std::vector<Bytes> words = {"XACKDEL", "s", "g", "ACKED", "IDS", "3000"};
  for (int i = 3000; i >= 1; --i) words.push_back(std::to_string(i));
  const Reply answers = client().call_words(words);
  ASSERT_EQ(answers.items.size(), 3000u);
  EXPECT_EQ(answers.items[0], integer(-1));
  EXPECT_EQ(answers.items[2999], integer(1));
  EXPECT_EQ(call("XLEN s"), integer(1000));
  client().call("HELLO 3");
  EXPECT_EQ(call("XDELEX s IDS 1 3000"), array(1));
}

// Trimming.

TEST_F(StreamDeleteTest, TrimmingDropsReferences) {
  start_work();
  EXPECT_EQ(call("XTRIM s MAXLEN 4 KEEPREF"), integer(1));
  EXPECT_EQ(pending("g"), "1 2 3");
  EXPECT_EQ(call("XTRIM s DELREF MAXLEN 3"), integer(1));
  EXPECT_EQ(pending("g"), "1 3");  // the entry before was gone already
  EXPECT_EQ(pending("h"), "1");
  EXPECT_EQ(call("XADD s DELREF MAXLEN = 1 6 f 6"), bulk("6-0"));
  EXPECT_EQ(left(), "6");
  EXPECT_EQ(pending("g"), "1");
  EXPECT_EQ(call("XTRIM s MINID 99 DELREF"), integer(1));
  EXPECT_EQ(call("XADD new DELREF MAXLEN 0 1 f 1"), bulk("1-0"));
  EXPECT_EQ(call("XLEN new"), integer(0));
}

TEST_F(StreamDeleteTest, TrimmingSparesWhatIsHeld) {
  start_work();
  EXPECT_EQ(call("XADD s MAXLEN = 1 ACKED 6 f 6"), bulk("6-0"));
  EXPECT_EQ(left(), "1 2 3 4 5 6");
  call("XREADGROUP GROUP g alice STREAMS s >");
  call("XREADGROUP GROUP h bob STREAMS s >");
  call("XACK s g 1 2 4 5 6");
  call("XACK s h 1 3 4 5 6");
  EXPECT_EQ(call("XTRIM s MAXLEN 4 ACKED"), integer(2));  // the oldest that nobody holds, and no more than asked
  EXPECT_EQ(left(), "2 3 5 6");
  EXPECT_EQ(call("XTRIM s MINID 6 ACKED"), integer(1));
  EXPECT_EQ(left(), "2 3 6");
  EXPECT_EQ(call("XADD s ACKED MAXLEN 3 7 f 7"), bulk("7-0"));
  EXPECT_EQ(left(), "2 3 7");
  EXPECT_EQ(call("XTRIM s MAXLEN 0 ACKED"), integer(0));
  call("XACK s g 3");
  call("XACK s h 2");
  restart();
  EXPECT_EQ(call("XTRIM s MAXLEN 0 ACKED"), integer(2));
  EXPECT_EQ(left(), "7");  // nobody has been given it yet
}

TEST_F(StreamDeleteTest, TrimmingNearlyLooksAtSoMany) {
  fill(1, 450);
  call("XGROUP CREATE s g 0");
  call("XREADGROUP GROUP g alice COUNT 400 STREAMS s >");
  for (int i = 101; i <= 400; ++i) call("XACK s g " + std::to_string(i));
  EXPECT_EQ(call("XTRIM s MAXLEN ~ 0 LIMIT 100 ACKED"), integer(0));  // the first hundred are held
  EXPECT_EQ(call("XTRIM s MAXLEN ~ 300 ACKED"), integer(100));
  EXPECT_EQ(call("XTRIM s MAXLEN ~ 300 ACKED"), integer(0));
  EXPECT_EQ(call("XLEN s"), integer(350));
  EXPECT_EQ(call("XTRIM s MAXLEN ~ 0 LIMIT 0 DELREF"), integer(350));
  EXPECT_EQ(pending("g"), "");
}

// More than one portion goes from behind an entry that is held.
TEST_F(StreamDeleteTest, TrimmingAroundWhatIsHeld) {
  fill(1, 9000);
  call("XGROUP CREATE s g 0");
  call("XREADGROUP GROUP g alice COUNT 10 STREAMS s >");
  call("XREADGROUP GROUP g bob NOACK STREAMS s >");
  call("XACK s g 1 2 3 5 6 7 8 9 10");
  EXPECT_EQ(call("XTRIM s MAXLEN 50 ACKED"), integer(8950));
  EXPECT_EQ(call("XLEN s"), integer(50));
  EXPECT_EQ(call("XRANGE s - + COUNT 2").items[1].items[0], bulk("8952-0"));
  EXPECT_EQ(call("XTRIM s MAXLEN 0 ACKED"), integer(49));
  restart();
  EXPECT_EQ(left(), "4");
}

TEST_F(StreamDeleteTest, WithoutGroupsTrimmingIsTrimming) {
  fill(1, 5);
  EXPECT_EQ(call("XTRIM s ACKED MAXLEN 3"), integer(2));
  EXPECT_EQ(call("XADD s KEEPREF 6 f 6"), bulk("6-0"));  // nothing to trim: the word means nothing
  EXPECT_EQ(left(), "3 4 5 6");
  EXPECT_EQ(call("XTRIM s KEEPREF DELREF MAXLEN 1"), kSyntax);
  EXPECT_EQ(call("XADD s ACKED ACKED 7 f 7"), kSyntax);
  EXPECT_EQ(call("XTRIM s KEEPREF LIMIT 0"), error("ERR syntax error, XTRIM must be called with a trimming strategy"));
}

}  // namespace leat::testing
