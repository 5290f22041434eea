// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/support/broker_test.h"

namespace leat::testing {

class SetTest : public BrokerTest {
 protected:
  // Members come in no promised order.
  Reply sorted(View line) {
    Reply reply = call(line);
    std::sort(reply.items.begin(), reply.items.end(), [](const Reply& a, const Reply& b) { return a.text < b.text; });
    return reply;
  }
};

TEST_F(SetTest, AddsRemovesAndAsks) {
  EXPECT_EQ(call("SADD s a b a"), integer(2));
  EXPECT_EQ(call("SADD s a c"), integer(1));
  EXPECT_EQ(call("SCARD s"), integer(3));
  EXPECT_EQ(call("SISMEMBER s a"), integer(1));
  EXPECT_EQ(call("SMISMEMBER s a x c"), array(1, 0, 1));
  EXPECT_EQ(call("SMISMEMBER none a"), array(0));
  EXPECT_EQ(sorted("SMEMBERS s"), array("a", "b", "c"));
  EXPECT_EQ(call("SREM s a a x"), integer(1));
  EXPECT_EQ(call("SREM s b c"), integer(2));
  EXPECT_EQ(call("EXISTS s"), integer(0));
  EXPECT_EQ(call("SMEMBERS s"), array());
}

TEST_F(SetTest, MovesBetweenSets) {
  call("SADD a x");
  EXPECT_EQ(call("SMOVE a b x"), integer(1));
  EXPECT_EQ(call("EXISTS a"), integer(0));
  EXPECT_EQ(call("SMOVE b b x"), integer(1));
  EXPECT_EQ(call("SMOVE b c none"), integer(0));
  call("SET s v");
  EXPECT_EQ(call("SMOVE b s x").text.substr(0, 9), "WRONGTYPE");
}

TEST_F(SetTest, Algebra) {
  call("SADD a 1 2 3 4");
  call("SADD b 3 4 5");
  EXPECT_EQ(sorted("SINTER a b"), array("3", "4"));
  EXPECT_EQ(sorted("SUNION a b none"), array("1", "2", "3", "4", "5"));
  EXPECT_EQ(sorted("SDIFF a b"), array("1", "2"));
  EXPECT_EQ(call("SINTER a none"), array());
  EXPECT_EQ(call("SINTERCARD 2 a b"), integer(2));
  EXPECT_EQ(call("SINTERCARD 2 a b LIMIT 1"), integer(1));
  EXPECT_EQ(call("SINTERCARD 0 a"), error("ERR numkeys should be greater than 0"));
  EXPECT_EQ(call("SINTERCARD 3 a b"), error("ERR Number of keys can't be greater than number of args"));
  EXPECT_EQ(call("SINTERCARD 1 a LIMIT -1"), error("ERR LIMIT can't be negative"));
  call("SET target x");
  EXPECT_EQ(call("SUNIONSTORE target a b"), integer(5));
  EXPECT_EQ(call("SINTERSTORE a a b"), integer(2));
  EXPECT_EQ(sorted("SMEMBERS a"), array("3", "4"));
  EXPECT_EQ(call("SDIFFSTORE target a a"), integer(0));
  EXPECT_EQ(call("EXISTS target"), integer(0));
  call("SET s v");
  EXPECT_EQ(call("SINTER none s").text.substr(0, 9), "WRONGTYPE");
}

TEST_F(SetTest, PopsAtRandomAndReplaysTheSame) {
  for (int i = 0; i < 1000; ++i) call("SADD s " + std::to_string(i));
  EXPECT_EQ(call("SPOP s").type, '$');
  EXPECT_EQ(call("SPOP s 10").items.size(), 10u);
  EXPECT_EQ(call("SCARD s"), integer(989));
  restart();
  EXPECT_EQ(call("SCARD s"), integer(989));
  EXPECT_EQ(call("SPOP s 9223372036854775807").items.size(), 989u);
  EXPECT_EQ(call("SPOP s"), null());
  EXPECT_EQ(call("SPOP s 1"), array());
  EXPECT_EQ(call("SPOP s -1"), error("ERR value is out of range, must be positive"));
}

TEST_F(SetTest, RandomMembers) {
  call("SADD s a b");
  EXPECT_EQ(call("SRANDMEMBER s 5").items.size(), 2u);
  EXPECT_EQ(call("SRANDMEMBER s -5").items.size(), 5u);
  EXPECT_EQ(call("SRANDMEMBER none"), null());
  EXPECT_EQ(call("SRANDMEMBER none 3"), array());
  EXPECT_EQ(call("SRANDMEMBER s -9223372036854775808").type, '-');
}

// BULLMQ.md, section 4: 65 members come in one page with cursor 0, 129 do not.
TEST_F(SetTest, PagesByTheThresholdsOfTheReportedVersion) {
  for (int i = 0; i < 65; ++i) call("SADD s member-" + std::to_string(i));
  const Reply whole = call("SSCAN s 0 COUNT 50");
  EXPECT_EQ(whole.items[0], bulk("0"));
  EXPECT_EQ(whole.items[1].items.size(), 65u);
  for (int i = 65; i < 129; ++i) call("SADD s member-" + std::to_string(i));
  size_t seen = 0, pages = 0;
  Bytes cursor = "0";
  do {
    const Reply page = call("SSCAN s " + cursor + " COUNT 50");
    cursor = page.items[0].text;
    seen += page.items[1].items.size();
    ++pages;
  } while (cursor != "0");
  EXPECT_EQ(seen, 129u);
  EXPECT_GT(pages, 1u);
}

// Sources in rows of one table beside a large one and an absent one.
TEST_F(SetTest, AlgebraOfSmallAndLarge) {
  call("SADD a 1 2 3 x");
  call("SADD b 2 3 4");
  for (int i = 3; i < 200; ++i) call("SADD large " + std::to_string(i));
  EXPECT_EQ(call("SINTER large b a"), array("3"));
  EXPECT_EQ(call("SINTERCARD 2 a b LIMIT 1"), integer(1));
  EXPECT_EQ(call("SDIFF a none large b"), array("1", "x"));
  EXPECT_EQ(call("SUNIONSTORE a a none b"), integer(5));
  EXPECT_EQ(call("SMOVE a b x"), integer(1));
  EXPECT_EQ(call("SISMEMBER b x"), integer(1));
  call("ZADD z 5 3");
  EXPECT_EQ(call("ZINTER 4 large z a b WITHSCORES"), array("3", "8"));
  EXPECT_EQ(call("ZUNIONSTORE out 3 b none a WEIGHTS 2 1 1"), integer(5));
  EXPECT_EQ(call("ZSCORE out 2"), bulk("3"));
  EXPECT_EQ(call("SDIFFSTORE a a a"), integer(0));
  EXPECT_EQ(call("EXISTS a"), integer(0));
}

// A destination that is due goes first, and the rows beside it move: what the effect borrows from them must not.
TEST_F(SetTest, StoresOverAKeyThatIsDue) {
  call("SADD source a b c d e f g h i j k l");
  call("SET out x PX 10");
  for (int i = 0; i < 20; ++i) call("SADD other" + std::to_string(i) + " member");
  clock.advance_ms(11);  // nothing has purged it yet
  EXPECT_EQ(call("ZUNIONSTORE out 1 source"), integer(12));
  EXPECT_EQ(call("ZRANGE out 0 -1"), array("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"));
}

TEST_F(SetTest, EncodingLabels) {
  call("SADD ints 1 2 3");
  EXPECT_EQ(call("OBJECT ENCODING ints"), bulk("intset"));
  call("SADD ints x");
  EXPECT_EQ(call("OBJECT ENCODING ints"), bulk("listpack"));
  client().call_words({"SADD", "ints", Bytes(65, 'x')});
  EXPECT_EQ(call("OBJECT ENCODING ints"), bulk("hashtable"));
  call("HELLO 3");
  EXPECT_EQ(call("SMEMBERS none"), set());
}

}  // namespace leat::testing
