// SPDX-License-Identifier: Apache-2.0
// What is different for callers over REST: the table of docs/rest.md. The same over RESP is as in Redis.
#include <regex>
#include <set>

#include "tests/rest/rest_test.h"

namespace leat::testing {

class RestMannersTest : public RestTest {};

TEST_F(RestMannersTest, ScanTellsTypesAndFillsItsPages) {
  for (int i = 0; i < 60; ++i) ASSERT_EQ(call("SET k:" + std::to_string(i) + " v"), ok());
  const Bytes all = result(R"(["SCAN",0,"MATCH","k:*"])");
  EXPECT_TRUE(all.starts_with("{\"result\":[\"0\",[")) << all;
  ASSERT_EQ(call("FLUSHALL"), ok());
  ASSERT_EQ(call("RPUSH l a"), integer(1));
  EXPECT_EQ(result(R"(["SCAN",0,"WITHTYPE"])"), "{\"result\":[\"0\",[\"l\",\"list\"]]}");
  EXPECT_EQ(result(R"(["SCAN",0,"TYPE","list","WITHTYPE"])"), "{\"result\":[\"0\",[\"l\",\"list\"]]}");
  EXPECT_EQ(call("SCAN 0 WITHTYPE"), error("ERR syntax error"));
}

// A COUNT is the page, also of a table of many segments; each key comes once.
TEST_F(RestMannersTest, ScanCountsExactly) {
  std::set<Bytes> names;
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(call("SET k:" + std::to_string(i) + " v"), ok());
    names.insert("k:" + std::to_string(i));
  }
  const std::regex one_key(R"~(\{"result":\["(\d+)",\["(k:\d+)"\]\]\})~");
  Bytes cursor = "0";
  std::set<Bytes> seen;
  int pages = 0;
  do {
    const Bytes page = result("[\"SCAN\"," + cursor + ",\"COUNT\",1]");
    std::smatch told;
    ASSERT_TRUE(std::regex_match(page, told, one_key)) << page;
    cursor = told[1];
    EXPECT_TRUE(seen.insert(told[2]).second) << page;
    ++pages;
  } while (cursor != "0" && pages < 1000);
  EXPECT_EQ(seen, names);
  EXPECT_GT(call("SCAN 0 COUNT 1").items.at(1).items.size(), 1u) << "over RESP it is a minimum";
}

TEST_F(RestMannersTest, NumbersOfScriptsLoseTheirFraction) {
  const Bytes script = "return redis.call('SET', KEYS[1], 3.99) and redis.call('ZADD', KEYS[2], -1.5, 'm')";
  EXPECT_EQ(result("[\"EVAL\",\"" + script + "\",2,\"k\",\"z\"]"), "{\"result\":1}");
  EXPECT_EQ(call("GET k"), bulk("3"));
  EXPECT_EQ(call("ZSCORE z m"), bulk("-1"));
  EXPECT_EQ(client().call_words({"EVAL", script, "2", "k", "z2"}), integer(1));
  EXPECT_EQ(call("GET k"), bulk("3.9900000000000002")) << "over RESP as in Redis";
}

TEST_F(RestMannersTest, CopyOntoItself) {
  ASSERT_EQ(call("SET k v"), ok());
  EXPECT_EQ(result(R"(["COPY","k","k"])"), "{\"result\":0}");
  EXPECT_EQ(call("COPY k k"), error("ERR source and destination objects are the same"));
}

TEST_F(RestMannersTest, NearlyIsExactly) {
  for (int i = 1; i <= 60; ++i) ASSERT_EQ(call("XADD s 1-" + std::to_string(i) + " f v").type, '$');
  EXPECT_EQ(call("XTRIM s MAXLEN ~ 30"), integer(0)) << "within a hundred";
  EXPECT_EQ(result(R"(["XTRIM","s","MAXLEN","~",30])"), "{\"result\":30}");
  EXPECT_EQ(result(R"(["XADD","s","MAXLEN","~",5,"2-1","f","v"])"), "{\"result\":\"2-1\"}");
  EXPECT_EQ(call("XLEN s"), integer(5));
}

TEST_F(RestMannersTest, WhoAcknowledgesNothingIsNotRemembered) {
  ASSERT_EQ(call("XGROUP CREATE s g 0 MKSTREAM"), ok());
  ASSERT_EQ(call("XADD s 1-1 f v"), bulk("1-1"));
  ASSERT_EQ(call("XADD s 1-2 f v"), bulk("1-2"));
  EXPECT_EQ(result(R"(["XREADGROUP","GROUP","g","c","COUNT",1,"NOACK","STREAMS","s",">"])"),
            "{\"result\":[[\"s\",[[\"1-1\",[\"f\",\"v\"]]]]]}");
  EXPECT_EQ(result(R"(["XINFO","CONSUMERS","s","g"])"), "{\"result\":[]}");
  EXPECT_EQ(result(R"(["XREADGROUP","GROUP","g","c","NOACK","STREAMS","s","0"])"), "{\"result\":[[\"s\",[]]]}") << "the past asks for one";
  ASSERT_EQ(call("XGROUP DELCONSUMER s g c"), integer(0));
  EXPECT_EQ(call("XREADGROUP GROUP g c NOACK STREAMS s >").items.size(), 1u) << "the cursor has moved by one";
  EXPECT_EQ(call("XINFO CONSUMERS s g").items.size(), 1u);
}

TEST_F(RestMannersTest, AGroupThatIsNotThereHasNoConsumers) {
  ASSERT_EQ(call("XADD s 1-1 f v"), bulk("1-1"));
  EXPECT_EQ(result(R"(["XINFO","CONSUMERS","s","none"])"), "{\"result\":[]}");
  EXPECT_TRUE(call("XINFO CONSUMERS s none").text.starts_with("NOGROUP"));
}

TEST_F(RestMannersTest, RanksMayBeLimited) {
  ASSERT_EQ(call("ZADD z 1 a 2 b 3 c 4 d"), integer(4));
  EXPECT_EQ(result(R"(["ZRANGE","z",0,-1,"LIMIT",1,2])"), "{\"result\":[\"b\",\"c\"]}");
  EXPECT_EQ(result(R"(["ZRANGE","z",0,-1,"REV","LIMIT",1,2])"), "{\"result\":[\"c\",\"b\"]}");
  EXPECT_EQ(result(R"(["ZRANGESTORE","to","z",1,-1,"LIMIT",1,1])"), "{\"result\":1}");
  EXPECT_EQ(call("ZRANGE to 0 -1"), array("c"));
  EXPECT_EQ(call("ZRANGE z 0 -1 LIMIT 1 2"),
            error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"));
}

TEST_F(RestMannersTest, AReadingCallOfAFunctionRunsUntilItWrites) {
  ASSERT_EQ(client().call_words({"FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('reads', function(k) return redis.call('GET', k[1]) end)\n"
                                            "redis.register_function('writes', function(k) return redis.call('SET', k[1], 'w') end)"}),
            bulk("l"));
  ASSERT_EQ(call("SET k v"), ok());
  EXPECT_EQ(result(R"(["FCALL_RO","reads",1,"k"])"), "{\"result\":\"v\"}");
  const Answer refused = post(R"(["FCALL_RO","writes",1,"k"])");
  EXPECT_NE(refused.body.find("commands are not allowed from read-only"), Bytes::npos) << refused.body;
  EXPECT_EQ(call("GET k"), bulk("v"));
  EXPECT_EQ(call("FCALL_RO reads 1 k"), error("ERR Can not execute a script with write flag using *_ro command."));
}

TEST_F(RestMannersTest, UnlinkMayHaveNothingToDo) {
  EXPECT_EQ(result(R"(["UNLINK"])"), "{\"result\":0}");
  EXPECT_EQ(call("UNLINK"), error("ERR wrong number of arguments for 'unlink' command"));
}

TEST_F(RestMannersTest, FlushingAllIsFlushingItsOwn) {
  ASSERT_EQ(call("SELECT 1"), ok());
  ASSERT_EQ(call("SET k v"), ok());
  EXPECT_EQ(result(R"(["SET","k","v"])"), "{\"result\":\"OK\"}");
  EXPECT_EQ(result(R"(["FLUSHALL"])"), "{\"result\":\"OK\"}");
  EXPECT_EQ(result(R"(["DBSIZE"])"), "{\"result\":0}");
  EXPECT_EQ(call("DBSIZE"), integer(1));
}

}  // namespace leat::testing
