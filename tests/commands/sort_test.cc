// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class SortTest : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    call("RPUSH l 3 1 2 10");
    call("MSET w_1 30 w_2 20 w_3 10 o_1 one o_2 two o_3 three");
    call("HSET h_1 w 5 name a");
    call("HSET h_2 w 4 name c");
    call("HSET h_3 w 6 name b");
  }
};

TEST_F(SortTest, ByNumberAndByText) {
  EXPECT_EQ(call("SORT l"), array("1", "2", "3", "10"));
  EXPECT_EQ(call("SORT l DESC"), array("10", "3", "2", "1"));
  EXPECT_EQ(call("SORT l DESC ASC"), array("1", "2", "3", "10"));
  EXPECT_EQ(call("SORT l ALPHA"), array("1", "10", "2", "3"));
  EXPECT_EQ(call("SORT_RO l ALPHA DESC"), array("3", "2", "10", "1"));
  EXPECT_EQ(call("SORT none"), array());
  call("SADD s b a c");
  EXPECT_EQ(call("SORT s ALPHA"), array("a", "b", "c"));
  EXPECT_EQ(call("SORT s"), error("ERR One or more scores can't be converted into double"));
  call("RPUSH odd 1 \"\" \" 7\" 0x10 inf -inf 2.5");
  EXPECT_EQ(call("SORT odd"), array("-inf", "", "1", "2.5", " 7", "0x10", "inf"));
  call("RPUSH l nan");
  EXPECT_EQ(call("SORT l"), error("ERR One or more scores can't be converted into double"));
}

TEST_F(SortTest, Limits) {
  EXPECT_EQ(call("SORT l LIMIT 1 2"), array("2", "3"));
  EXPECT_EQ(call("SORT l LIMIT 2 -1"), array("3", "10"));
  EXPECT_EQ(call("SORT l LIMIT -5 1"), array("1"));
  EXPECT_EQ(call("SORT l LIMIT 4 1"), array());
  EXPECT_EQ(call("SORT l LIMIT 0 0"), array());
  EXPECT_EQ(call("SORT l LIMIT 0 9223372036854775807"), array("1", "2", "3", "10"));
  EXPECT_EQ(call("SORT l LIMIT x 1"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("SORT l LIMIT 1"), error("ERR syntax error"));
}

TEST_F(SortTest, ByOtherKeysAndFields) {
  call("LTRIM l 0 2");
  EXPECT_EQ(call("SORT l BY w_*"), array("3", "2", "1"));
  EXPECT_EQ(call("SORT l BY h_*->w"), array("2", "1", "3"));
  EXPECT_EQ(call("SORT l BY h_*->name ALPHA"), array("1", "3", "2"));
  EXPECT_EQ(call("SORT l BY none_*"), array("1", "2", "3"));  // all 0: by themselves
  EXPECT_EQ(call("SORT l BY h_*->none"), array("1", "2", "3"));
  EXPECT_EQ(call("SORT l BY h_*"), array("1", "2", "3"));  // a hash is no text
  EXPECT_EQ(call("SORT l BY w_*->x"), array("1", "2", "3"));  // nor a text a hash
  EXPECT_EQ(call("SORT l BY o_*"), error("ERR One or more scores can't be converted into double"));
  call("DEL w_2");
  EXPECT_EQ(call("SORT l BY w_*"), array("2", "3", "1"));
  EXPECT_EQ(call("SORT l BY w_* ALPHA"), array("2", "3", "1"));
}

TEST_F(SortTest, Gets) {
  EXPECT_EQ(call("SORT l GET # GET o_* LIMIT 0 2"), array("1", "one", "2", "two"));
  EXPECT_EQ(call("SORT l GET h_*->name"), array("a", "c", "b", null()));
  EXPECT_EQ(call("SORT l GET constant LIMIT 0 1"), array(null()));
  EXPECT_EQ(call("SORT l GET h_*-> LIMIT 0 1"), array(null()));
  call("HELLO 3");
  EXPECT_EQ(call("SORT l GET o_* DESC LIMIT 0 2"), array(null3(), "three"));
}

TEST_F(SortTest, WithoutSorting) {
  EXPECT_EQ(call("SORT l BY nosort"), array("3", "1", "2", "10"));
  EXPECT_EQ(call("SORT l BY nosort DESC"), array("10", "2", "1", "3"));
  EXPECT_EQ(call("SORT l BY nosort LIMIT 1 2"), array("1", "2"));
  EXPECT_EQ(call("SORT l BY nosort DESC LIMIT 1 2 GET # GET o_*"), array("2", "two", "1", "one"));
  call("ZADD z 3 a 1 b 2 c");
  EXPECT_EQ(call("SORT z BY nosort"), array("b", "c", "a"));
  EXPECT_EQ(call("SORT z BY nosort DESC LIMIT 0 1"), array("a"));
  EXPECT_EQ(call("SORT z ALPHA"), array("a", "b", "c"));
  call("SADD s 5 x 1");
  EXPECT_EQ(call("SORT s BY nosort STORE to"), integer(3));  // a set is put in order before it is stored
  EXPECT_EQ(call("LRANGE to 0 -1"), array("1", "5", "x"));
  EXPECT_EQ(client().call_words({"EVAL", "return redis.call('SORT', KEYS[1], 'BY', 'nosort')", "1", "s"}),
            array("1", "5", "x"));
}

TEST_F(SortTest, Stores) {
  EXPECT_EQ(call("SORT l STORE to"), integer(4));
  EXPECT_EQ(call("LRANGE to 0 -1"), array("1", "2", "3", "10"));
  EXPECT_EQ(call("SORT l DESC STORE l"), integer(4));  // onto itself
  EXPECT_EQ(call("LRANGE l 0 -1"), array("10", "3", "2", "1"));
  EXPECT_EQ(call("SORT l GET # GET o_* STORE to LIMIT 2 2"), integer(4));
  EXPECT_EQ(call("LRANGE to 0 -1"), array("3", "three", "10", ""));
  call("EXPIRE to 100");
  EXPECT_EQ(call("SORT l STORE other STORE to"), integer(4));
  EXPECT_EQ(call("TTL to"), integer(-1));
  EXPECT_EQ(call("EXISTS other"), integer(0));
  EXPECT_EQ(call("SORT none STORE to"), integer(0));
  EXPECT_EQ(call("EXISTS to"), integer(0));
  EXPECT_EQ(call("SORT_RO l STORE to"), error("ERR syntax error"));
}

TEST_F(SortTest, WakesWhoWaitsForTheList) {
  auto& waiter = connect();
  waiter.send("BLPOP to 0");
  EXPECT_TRUE(waiter.blocked());
  EXPECT_EQ(call("SORT l STORE to"), integer(4));
  EXPECT_EQ(waiter.reply(), array("to", "1"));
}

TEST_F(SortTest, DueKeysCountAsMissing) {
  call("LTRIM l 0 2");
  call("PEXPIRE w_1 10");
  advance_ms(11);
  EXPECT_EQ(call("SORT l BY w_*"), array("1", "3", "2"));
  EXPECT_EQ(call("SORT l GET w_* STORE to"), integer(3));
  EXPECT_EQ(call("LRANGE to 0 -1"), array("", "20", "10"));
}

TEST_F(SortTest, Refuses) {
  const Reply type = error("WRONGTYPE Operation against a key holding the wrong kind of value");
  EXPECT_EQ(call("SORT w_1"), type);
  EXPECT_EQ(call("SORT h_1"), type);
  EXPECT_EQ(call("SORT w_1 NONSENSE"), error("ERR syntax error"));
  EXPECT_EQ(call("SORT l BY"), error("ERR syntax error"));
  EXPECT_EQ(call("SORT"), error("ERR wrong number of arguments for 'sort' command"));
  EXPECT_EQ(client().call_words({"EVAL_RO", "return redis.call('SORT_RO', KEYS[1])", "1", "l"}),
            array("1", "2", "3", "10"));
  EXPECT_EQ(client().call_words({"EVAL_RO", "return redis.call('SORT', KEYS[1])", "1", "l"}).type, '-');
}

TEST_F(SortTest, AsCommandDescribesIt) {
  EXPECT_EQ(call("COMMAND GETKEYS SORT a BY STORE GET STORE LIMIT 0 STORE STORE b"), array("a", "b"));
  EXPECT_EQ(call("COMMAND GETKEYS SORT a ALPHA"), array("a"));
  const Reply row = call("COMMAND INFO SORT").items[0];
  EXPECT_EQ(row.items[2], array(simple("write"), simple("denyoom"), simple("movablekeys")));
  EXPECT_EQ(row.items[6], array(simple("@write"), simple("@set"), simple("@sortedset"), simple("@list"),
                                simple("@slow"), simple("@dangerous")));
}

// Ten thousand, by a key each.
TEST_F(SortTest, ManyElements) {
  std::vector<Bytes> push = {"RPUSH", "many"};
  for (int i = 0; i < 10'000; ++i) {
    const Bytes number = std::to_string((i * 7919) % 10'000);
    push.push_back(number);
    if (i % 10 == 0) client().call_words({"SET", "weight:" + number, std::to_string(1'000'000 - std::stoi(number))});
  }
  client().call_words(push);
  const Reply sorted = call("SORT many BY weight:* LIMIT 8999 3");
  ASSERT_EQ(sorted.items.size(), 3u);
  EXPECT_EQ(call("SORT many LIMIT 9998 10"), array("9998", "9999"));
  EXPECT_EQ(call("SORT many STORE to"), integer(10'000));
}

}  // namespace leat::testing
