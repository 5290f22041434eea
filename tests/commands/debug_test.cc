// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class DebugTest : public BrokerTest {
 public:
  DebugTest() { config.debug_commands = DebugAccess::kLocal; }
};

TEST_F(DebugTest, WhoMay) {
  EXPECT_EQ(call("DEBUG SLEEP 0"), ok());
  TestClient& stranger = connect();
  stranger.peer_name = "192.0.2.1:50000";
  EXPECT_EQ(stranger.call("DEBUG SLEEP 0").text.find("ERR DEBUG command not allowed."), 0u);
  config.debug_commands = DebugAccess::kNo;
  restart();
  EXPECT_EQ(call("DEBUG SLEEP 0").text.find("ERR DEBUG command not allowed."), 0u);
  EXPECT_EQ(call("CONFIG SET enable-debug-command yes").type, '-') << "not while it runs";
}

TEST_F(DebugTest, DueKeysStayWhileTheirExpiryIsOff) {
  EXPECT_EQ(call("DEBUG SET-ACTIVE-EXPIRE 0"), ok());
  call("SET k v PX 10");
  advance_ms(20);
  EXPECT_EQ(call("DBSIZE"), integer(1));
  EXPECT_FALSE(broker().has_work());
  EXPECT_EQ(call("GET k"), null()) << "nobody sees it; it goes when it was asked for";
  EXPECT_EQ(call("DBSIZE"), integer(0));
  call("SET k v PX 10");
  advance_ms(20);
  EXPECT_EQ(call("DBSIZE"), integer(1));
  EXPECT_EQ(call("DEBUG SET-ACTIVE-EXPIRE 1"), ok());
  EXPECT_EQ(call("DBSIZE"), integer(0));
}

TEST_F(DebugTest, TellsHowThingsAreKept) {
  call("SADD small a b");
  call("RPUSH l a");
  EXPECT_EQ(call("DEBUG LISTPACK small").type, '+');
  for (int i = 0; i < 200; ++i) call("SADD large m" + std::to_string(i)), call("RPUSH long " + Bytes(100, 'x'));
  EXPECT_EQ(call("DEBUG LISTPACK large"), error("ERR Not a listpack encoded object."));
  EXPECT_NE(call("DEBUG HTSTATS-KEY large").text.find("entries: 200\n"), Bytes::npos);
  EXPECT_EQ(call("DEBUG HTSTATS-KEY small"),
            error("ERR The value stored at the specified key is not represented using an hash table"));
  EXPECT_EQ(call("DEBUG HTSTATS-KEY none"), error("ERR no such key"));
  EXPECT_NE(call("DEBUG HTSTATS 0").text.find("entries: 4\n"), Bytes::npos);
  EXPECT_EQ(call("DEBUG HTSTATS 16"), error("ERR Out of range database"));
  call("CONFIG SET list-compress-depth 1");
  EXPECT_NE(call("DEBUG OBJECT long").text.find(" ql_listpack_max:-2 ql_compressed:1 "), Bytes::npos);
  EXPECT_EQ(call("DEBUG OBJECT l").text.find("ql_nodes"), Bytes::npos);
}

TEST_F(DebugTest, ScriptsMayDebugWhenToldSo) {
  const std::vector<Bytes> script = {"EVAL", "return redis.call('DEBUG', 'PROTOCOL', 'integer')", "0"};
  EXPECT_EQ(client().call_words(script).text.find("ERR This Redis command is not allowed from script"), 0u);
  EXPECT_EQ(call("DEBUG SET-DISABLE-DENY-SCRIPTS 1"), ok());
  EXPECT_EQ(client().call_words(script), integer(12345));
  EXPECT_EQ(client().call_words({"EVAL", "return redis.call('SUBSCRIBE', 'c')", "0"}).type, '-')
      << "what would do harm it may not";
  EXPECT_EQ(call("DEBUG SET-DISABLE-DENY-SCRIPTS 0"), ok());
  EXPECT_EQ(client().call_words(script).type, '-');
}

TEST_F(DebugTest, TheDiskHoldsWhatTheMemoryHolds) {
  call("RPUSH l a b");
  call("HSET h f v");
  call("SET e v EX 100");
  EXPECT_EQ(call("DEBUG RELOAD"), ok());
  call("XADD s 1-1 f v");
  EXPECT_EQ(call("DEBUG LOADAOF"), ok());
  EXPECT_EQ(call("SAVE"), ok());
  call("RPUSH l c");
  EXPECT_EQ(call("DEBUG RELOAD NOSAVE"), ok());
  EXPECT_EQ(call("LRANGE l 0 -1"), array("a", "b", "c"));
  EXPECT_EQ(call("DEBUG RELOAD x"), error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."));
}

// What is rebuilt is lived in: all goes on from there, into snapshots, too.
TEST_F(DebugTest, WhatIsReloadedIsLivedIn) {
  const auto fill = [&](const Bytes& mark) {
    for (int i = 0; i < 300; ++i) {
      const Bytes n = std::to_string(i);
      call("SET string:" + n + mark + " " + Bytes(1 + i * 13 % 700, 'x'));
      call("RPUSH list " + mark + n);
      call("ZADD zset " + n + " " + mark + n);
      call("HSET hash " + mark + n + " " + Bytes(30, 'v'));
      call("XADD stream * f " + n);
    }
    call("SET expires" + mark + " v EX 100");
    call("HEXPIRE hash 100 FIELDS 1 " + mark + "1");
  };
  fill("a");
  call("SELECT 3");
  call("SET other v");
  call("SWAPDB 3 5");
  call("SELECT 0");
  client().call_words({"FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 7 end)"});
  call("APPEND raw short");
  TestClient& waiter = connect();
  waiter.send("BLPOP queue 0");
  TestClient& watcher = connect();
  watcher.call("WATCH raw");
  const uint64_t before = digest();
  for (const char* how : {"DEBUG LOADAOF", "DEBUG RELOAD NOSAVE", "DEBUG RELOAD", "DEBUG LOADAOF", "DEBUG RELOAD"}) {
    EXPECT_EQ(call(how), ok());
    EXPECT_EQ(digest(), before) << how;
    EXPECT_EQ(call("DBSIZE"), integer(306));
  }
  fill("b");
  call("DEL zset list");
  EXPECT_EQ(call("DEBUG LOADAOF"), ok());
  fill("c");
  EXPECT_EQ(call("BGSAVE").type, '+');
  EXPECT_EQ(call("DEBUG LOADAOF"), ok()) << "with a snapshot under way";
  fill("d");
  call("RPUSH queue job");
  EXPECT_EQ(waiter.reply(), array("queue", "job"));
  watcher.call("MULTI");
  watcher.call("PING");
  EXPECT_EQ(watcher.call("EXEC"), array(simple("PONG"))) << "nothing has changed";
  EXPECT_EQ(call("FCALL f 0"), integer(7));
  advance_ms(200'000);
  EXPECT_EQ(call("EXISTS expiresa expiresd"), integer(0));
  EXPECT_EQ(call("SAVE"), ok());
  call("MULTI");
  call("DEBUG RELOAD");
  EXPECT_TRUE(call("EXEC").items.at(0).is_error());
}

TEST_F(DebugTest, Digests) {
  const Reply nothing = simple(Bytes(40, '0'));
  EXPECT_EQ(call("DEBUG DIGEST"), nothing);
  call("SET a v");
  call("SET b v");
  call("SET c other");
  const Reply values = call("DEBUG DIGEST-VALUE a b c nosuch");
  EXPECT_EQ(values.items.at(0), values.items.at(1)) << "whatever the key is called";
  EXPECT_NE(values.items.at(0), values.items.at(2));
  EXPECT_EQ(values.items.at(3), nothing);
  EXPECT_EQ(values.items.at(0).text.size(), 40u);
  EXPECT_NE(call("DEBUG DIGEST"), nothing);
  const Bytes object = call("DEBUG OBJECT a").text;
  EXPECT_NE(object.find(" refcount:1 encoding:embstr serializedlength:"), Bytes::npos) << object;
  EXPECT_NE(object.find(" lru_seconds_idle:0"), Bytes::npos) << object;
  EXPECT_EQ(call("DEBUG OBJECT nosuch"), error("ERR no such key"));
}

TEST_F(DebugTest, ValuesOfEachType) {
  EXPECT_EQ(call("DEBUG PROTOCOL bignum"), bulk("1234567999999999999999999999999999999"));
  EXPECT_EQ(call("DEBUG PROTOCOL map"), array(0, 0, 1, 1, 2, 0));
  EXPECT_EQ(call("DEBUG PROTOCOL attrib"), bulk("Some real reply following the attribute"));
  EXPECT_EQ(call("DEBUG PROTOCOL push"), error("ERR RESP2 is not supported by this command"));
  EXPECT_EQ(call("DEBUG PROTOCOL nosuch").type, '-');
  call("HELLO 3");
  EXPECT_EQ(call("DEBUG PROTOCOL double"), real("3.141"));
  EXPECT_EQ(call("DEBUG PROTOCOL set"), set(0, 1, 2));
  client().send("DEBUG PROTOCOL attrib");
  EXPECT_EQ(client().received(), "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"
                                 "$39\r\nSome real reply following the attribute\r\n");
  client().received().clear();
  client().send("DEBUG PROTOCOL bignum");
  EXPECT_EQ(client().received(), "(1234567999999999999999999999999999999\r\n");
  client().received().clear();
}

TEST_F(DebugTest, Populate) {
  call("SET key:1 there");
  EXPECT_EQ(call("DEBUG POPULATE 3"), ok());
  EXPECT_EQ(call("MGET key:0 key:1 key:2 key:3"), array("value:0", "there", "value:2", null()));
  EXPECT_EQ(call("DEBUG POPULATE 2 short 3"), ok());
  EXPECT_EQ(call("GET short:1"), bulk("val"));
  EXPECT_EQ(call("DEBUG POPULATE 1 long 10"), ok());
  EXPECT_EQ(call("GET long:0"), bulk(Bytes("value:0\0\0\0", 10)));
  EXPECT_EQ(call("DEBUG POPULATE 0"), ok());
  EXPECT_EQ(call("DBSIZE"), integer(6));
  for (const View words : {"-1", "x", "1 p x", "1 p -1"}) {
    EXPECT_EQ(call("DEBUG POPULATE " + Bytes(words)), error("ERR value is not an integer or out of range")) << words;
  }
  for (const View words : {"10000001", "1 p 536870913", "10000000 p 1000"}) {
    EXPECT_EQ(call("DEBUG POPULATE " + Bytes(words)).text.substr(0, 27), "ERR DEBUG POPULATE makes at") << words;
  }
  EXPECT_EQ(call("DEBUG POPULATE 100000 many"), ok());
  EXPECT_EQ(call("DBSIZE"), integer(100006));
}

TEST_F(DebugTest, TheSmallOnes) {
  EXPECT_EQ(call("DEBUG DICT-RESIZING 0"), ok());
  EXPECT_EQ(call("DEBUG REPLYBUFFER RESIZING 0"), ok());
  EXPECT_EQ(call("DEBUG LOG hello"), ok());
  EXPECT_EQ(client().call_words({"DEBUG", "ERROR", "MY error\r\n+OK"}), error("MY error  +OK"));
  EXPECT_EQ(call("DEBUG JMAP").type, '-');
  EXPECT_EQ(call("DEBUG STRINGMATCH-LEN a* abc"), integer(1));
  EXPECT_EQ(call("DEBUG STRINGMATCH-LEN b* abc"), integer(0));
  EXPECT_EQ(call("DEBUG CHANGE-REPL-ID"), ok());
  EXPECT_EQ(call("DEBUG QUICKLIST-PACKED-THRESHOLD 100b"), ok());
  EXPECT_EQ(call("DEBUG QUICKLIST-PACKED-THRESHOLD x"),
            error("ERR argument must be a memory value bigger than 1 and smaller than 4gb"));
  EXPECT_EQ(call("DEBUG NOSUCH"),
            error("ERR unknown subcommand or wrong number of arguments for 'NOSUCH'. Try DEBUG HELP."));
  EXPECT_EQ(call("DEBUG SLEEP"),
            error("ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP."));
  EXPECT_EQ(call("DEBUG HELP").type, '*');
}

}  // namespace leat::testing
