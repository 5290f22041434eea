// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "tests/support/broker_test.h"

namespace leat::testing {

class HashTest : public BrokerTest {};

TEST_F(HashTest, SetsGetsAndDeletes) {
  EXPECT_EQ(call("HSET h a 1 b 2 a 3"), integer(2));
  EXPECT_EQ(call("HSET h a 4 c 5"), integer(1));
  EXPECT_EQ(call("HMSET h d 6"), ok());
  EXPECT_EQ(call("HSETNX h a 9"), integer(0));
  EXPECT_EQ(call("HSETNX h e 7"), integer(1));
  EXPECT_EQ(call("HGET h a"), bulk("4"));
  EXPECT_EQ(call("HGET h none"), null());
  EXPECT_EQ(call("HMGET h b none d"), array("2", null(), "6"));
  EXPECT_EQ(call("HMGET none a b"), array(null(), null()));
  EXPECT_EQ(call("HGETALL h"), array("a", "4", "b", "2", "c", "5", "d", "6", "e", "7"));
  EXPECT_EQ(call("HKEYS h"), array("a", "b", "c", "d", "e"));
  EXPECT_EQ(call("HVALS h"), array("4", "2", "5", "6", "7"));
  EXPECT_EQ(call("HSTRLEN h a"), integer(1));
  EXPECT_EQ(call("HDEL h a a none"), integer(1));
  EXPECT_EQ(call("HLEN h"), integer(4));
  EXPECT_EQ(call("HDEL h b c d e"), integer(4));
  EXPECT_EQ(call("EXISTS h"), integer(0));
  EXPECT_EQ(call("HSET h a"), error("ERR wrong number of arguments for 'hset' command"));
}

TEST_F(HashTest, ShapesInBothProtocols) {
  call("HSET h a 1");
  EXPECT_EQ(call("HGETALL none"), array());
  call("HELLO 3");
  EXPECT_EQ(call("HGETALL h"), map("a", "1"));
  EXPECT_EQ(call("HRANDFIELD h 5 WITHVALUES"), array(array("a", "1")));
  EXPECT_EQ(call("HGETALL none"), map());
}

TEST_F(HashTest, Counts) {
  EXPECT_EQ(call("HINCRBY h n 5"), integer(5));
  EXPECT_EQ(call("HINCRBY h n -7"), integer(-2));
  EXPECT_EQ(call("HINCRBYFLOAT h f 1.5"), bulk("1.5"));
  call("HSET h text x max 9223372036854775807");
  EXPECT_EQ(call("HINCRBY h text 1"), error("ERR hash value is not an integer"));
  EXPECT_EQ(call("HINCRBYFLOAT h text 1"), error("ERR hash value is not a float"));
  EXPECT_EQ(call("HINCRBY h max 1"), error("ERR increment or decrement would overflow"));
}

TEST_F(HashTest, WrongType) {
  call("SET s x");
  for (const char* line :
       {"HSET s a 1", "HGET s a", "HMGET s a", "HGETALL s", "HDEL s a", "HLEN s", "HEXISTS s a", "HINCRBY s a 1",
        "HINCRBYFLOAT s a 1", "HKEYS s", "HSCAN s 0", "HRANDFIELD s", "HSTRLEN s a"}) {
    EXPECT_EQ(call(line).text.substr(0, 9), "WRONGTYPE") << line;
  }
}

TEST_F(HashTest, RandomFields) {
  call("HSET h a 1 b 2 c 3");
  EXPECT_EQ(call("HRANDFIELD h 10").items.size(), 3u);
  EXPECT_EQ(call("HRANDFIELD h -10 WITHVALUES").items.size(), 20u);
  EXPECT_EQ(call("HRANDFIELD h 0"), array());
  EXPECT_EQ(call("HRANDFIELD none"), null());
  EXPECT_EQ(call("HRANDFIELD h -9223372036854775808").type, '-');
  EXPECT_EQ(call("HRANDFIELD h 1 NONSENSE"), error("ERR syntax error"));
}

// Small ones come whole, large ones by pages that lose nothing that stays.
TEST_F(HashTest, ScansSmallWholeAndLargeByPages) {
  for (int i = 0; i < 400; ++i) call("HSET small f" + std::to_string(i) + " v");
  const Reply whole = call("HSCAN small 0 COUNT 10");
  EXPECT_EQ(whole.items[0], bulk("0"));
  EXPECT_EQ(whole.items[1].items.size(), 800u);
  for (int i = 0; i < 3000; ++i) call("HSET large f" + std::to_string(i) + " v");
  std::set<Bytes> seen;
  Bytes cursor = "0";
  do {
    const Reply page = call("HSCAN large " + cursor + " COUNT 100 NOVALUES");
    cursor = page.items[0].text;
    for (const Reply& field : page.items[1].items) seen.insert(field.text);
    call("HSET large more" + cursor + " v");
  } while (cursor != "0");
  for (int i = 0; i < 3000; ++i) ASSERT_TRUE(seen.contains("f" + std::to_string(i)));
  EXPECT_EQ(call("OBJECT ENCODING large"), bulk("hashtable"));
}

// The label follows the configured limits, not where the hash lies, and does not come back.
TEST_F(HashTest, EncodingLabelSticks) {
  for (int i = 0; i < 100; ++i) call("HSET many f" + std::to_string(i) + " v");
  EXPECT_EQ(call("OBJECT ENCODING many"), bulk("listpack"));
  client().call_words({"HSET", "h", "a", "1", "long", Bytes(65, 'x')});
  EXPECT_EQ(call("OBJECT ENCODING h"), bulk("hashtable"));
  call("HDEL h long");
  EXPECT_EQ(call("OBJECT ENCODING h"), bulk("hashtable"));
  call("RENAME h renamed");
  call("COPY renamed h");
  EXPECT_EQ(call("OBJECT ENCODING h"), bulk("hashtable"));
  for (int i = 0; i < 100; ++i) call("HSET h f" + std::to_string(i) + " v");
  EXPECT_EQ(call("OBJECT ENCODING h"), bulk("hashtable"));
  EXPECT_EQ(call("HLEN h"), integer(101));
  call("DEL h");
  call("HSET h a 1");
  EXPECT_EQ(call("OBJECT ENCODING h"), bulk("listpack"));
}

// What is read and written by one command, at the size where a hash leaves its key's row.
TEST_F(HashTest, CountsWhileItGrows) {
  for (int i = 1; i <= 200; ++i) {
    EXPECT_EQ(call("HINCRBY h n 7"), integer(7 * i));
    EXPECT_EQ(call("HSET h n" + std::to_string(i) + " " + std::to_string(i)), integer(1));
    EXPECT_EQ(call("HLEN h"), integer(i + 1));
    EXPECT_EQ(call("HSTRLEN h n" + std::to_string(i)), integer(static_cast<int64_t>(std::to_string(i).size())));
  }
  call("PEXPIRE h 1000");
  call("HSET brief a 1");
  call("PEXPIRE brief 1000");
  advance_ms(1001);
  EXPECT_EQ(call("HSET brief b 2"), integer(1));
  EXPECT_EQ(call("HGETALL brief"), array("b", "2"));
  EXPECT_EQ(call("EXISTS h"), integer(0));
}

TEST_F(HashTest, LongValuesSurvive) {
  const Bytes value(300000, 'x');
  client().call_words({"HSET", "h", "long", value, "short", "y"});
  client().call_words({"HSET", "h", "long", value + "z"});
  restart();
  EXPECT_EQ(call("HGET h long"), bulk(value + "z"));
}

}  // namespace leat::testing
