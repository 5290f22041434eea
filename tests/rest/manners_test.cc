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
  EXPECT_EQ(call("GET k"), bulk("3.99")) << "over RESP as in Redis";
}

// Of every type: what was changed, deleted, renamed, made or given a time is as before.
TEST_F(RestMannersTest, AScriptThatFailsLeavesNothing) {
  const auto run = [&](const Bytes& script) { return post("[\"EVAL\",\"" + script + "\",0]").body; };
  for (const char* line : {"SET s before EX 1000", "SET n 1", "RPUSH l a b c", "HSET h f 1 g 2", "HPEXPIRE h 100000 FIELDS 1 f", "SADD i 1 2 3",
                           "SADD m a b c", "ZADD z 1 a 2 b", "XADD x 1-1 f v", "XADD x 1-2 f v", "XGROUP CREATE x g 0",
                           "XREADGROUP GROUP g c COUNT 1 STREAMS x >", "XADD e 1-1 f v", "XTRIM e MAXLEN 0", "PFADD p a b c", "SET due v PX 100",
                           "SET gone v"}) {
    ASSERT_NE(call(line).type, '-') << line;
  }
  advance_ms(200);
  const auto content = [&] { return rooms().keyspace.database(0).digest(); };
  const uint64_t before = content();
  const Bytes writes =
      "local c = redis.call "
      "c('APPEND', 's', 'x') c('PERSIST', 's') c('INCR', 'n') c('LPOP', 'l') c('RPUSH', 'l', 'd') c('LSET', 'l', 0, 'y') "
      "c('HSET', 'h', 'f', 9) c('HDEL', 'h', 'g') c('SREM', 'i', 1) c('SADD', 'i', 'word') c('SPOP', 'm') "
      "c('ZINCRBY', 'z', 5, 'a') c('ZADD', 'z', 7, 'new') c('XADD', 'x', '2-1', 'f', 'v') c('XACK', 'x', 'g', '1-1') "
      "c('XREADGROUP', 'GROUP', 'g', 'd', 'STREAMS', 'x', '>') c('XADD', 'e', '2-1', 'f', 'v') c('PFADD', 'p', 'd', 'e') "
      "c('SET', 'due', 'again') c('DEL', 'gone') c('SET', 'made', 1) c('RENAME', 'm', 'renamed') c('COPY', 'l', 'copied') "
      "c('EXPIRE', 'i', 100) c('RPUSH', 'made-too', 1, 2, 3) ";
  EXPECT_NE(run(writes + "error('half-way')").find("half-way"), Bytes::npos);
  EXPECT_EQ(content(), before);
  EXPECT_EQ(call("GET s"), bulk("before"));
  EXPECT_EQ(call("TTL s"), integer(1000));
  EXPECT_EQ(call("XPENDING x g").items.at(0), integer(1));
  EXPECT_EQ(call("EXISTS due made made-too renamed copied"), integer(0));
  EXPECT_NE(run(writes + "c('LPUSH', 's', 1)").find("WRONGTYPE"), Bytes::npos) << "an error of a command that nobody catches";
  EXPECT_EQ(content(), before);
  ASSERT_EQ(client().call_words({"FUNCTION", "LOAD", "#!lua name=w\nredis.register_function('w', function() " + writes + " error('half-way') end)"}),
            bulk("w"));
  EXPECT_NE(post("[\"FCALL\",\"w\",0]").body.find("half-way"), Bytes::npos);
  EXPECT_EQ(content(), before);

  EXPECT_EQ(run("redis.call('SET', 'k', 1) redis.pcall('LPUSH', 's', 1) return redis.error_reply('mine')").find("result"), Bytes::npos);
  EXPECT_EQ(call("GET k"), bulk("1")) << "it went through: its value is an error";
  EXPECT_EQ(call("DEL k"), integer(1));
  EXPECT_EQ(client().call_words({"EVAL", "redis.call('SET', 'k', 1) error('half-way')", "0"}).type, '-');
  EXPECT_EQ(call("GET k"), bulk("1")) << "over RESP as in Redis";
  const Bytes rows = wire().call("POST", "/multi-exec", R"~([["SET","one",1],["EVAL","redis.call('SET', 'one', 2) error('no')",0],["INCR","one"]])~").body;
  EXPECT_EQ(call("GET one"), bulk("2")) << "1, and one more: " << rows;
}

TEST_F(RestMannersTest, WhatIsTooLargeToBeKeptStaysChanged) {
  ASSERT_EQ(client().call_words({"SET", "large", Bytes(2 << 20, 'x')}), ok());
  ASSERT_EQ(call("SET small 1"), ok());
  EXPECT_NE(post(R"~(["EVAL","redis.call('INCR', 'small') redis.call('APPEND', 'large', 'y') error('half-way')",0])~").body.find("half-way"),
            Bytes::npos);
  EXPECT_EQ(call("GET small"), bulk("1"));
  EXPECT_EQ(call("STRLEN large"), integer((2 << 20) + 1));
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
