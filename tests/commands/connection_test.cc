// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class ConnectionTest : public BrokerTest {};

TEST_F(ConnectionTest, HelloSpeaksBothProtocols) {
  EXPECT_EQ(call("HELLO 4"), error("NOPROTO unsupported protocol version"));
  EXPECT_EQ(call("HELLO x"), error("ERR Protocol version is not an integer or out of range"));
  EXPECT_EQ(call("HELLO 3 AUTH nobody x").text, "WRONGPASS invalid username-password pair or user is disabled.");
  const Reply hello = call("HELLO 3 AUTH default x SETNAME me");
  EXPECT_EQ(hello.type, '%');
  EXPECT_EQ(hello.items[1], bulk("redis"));
  EXPECT_EQ(call("GET none"), null3());
  EXPECT_EQ(call("CLIENT GETNAME"), bulk("me"));
  EXPECT_EQ(call("RESET"), simple("RESET"));
  EXPECT_EQ(call("GET none"), null());
  EXPECT_EQ(call("AUTH x").type, '-');
  EXPECT_EQ(call("AUTH default x"), ok());
  EXPECT_EQ(call("HELLO 3 NONSENSE"), error("ERR Syntax error in HELLO option 'NONSENSE'"));
}

TEST_F(ConnectionTest, ARequestMayArriveAByteAtATime) {
  for (const char c : request_bytes({"SET", "k", "v"}) + request_bytes({"GET", "k"})) client().send_raw(View(&c, 1));
  EXPECT_EQ(client().reply(), ok());
  EXPECT_EQ(client().reply(), bulk("v"));
}

TEST_F(ConnectionTest, InlineCommands) {
  client().send_raw("SET k \"a\\x41 b\"\r\n\r\nGET k\n");
  EXPECT_EQ(client().reply(), ok());
  EXPECT_EQ(client().reply(), bulk("aA b"));
  client().send_raw("SET \"k\r\n");
  EXPECT_EQ(client().reply(), error("ERR Protocol error: unbalanced quotes in request"));
  EXPECT_TRUE(client().closed());
}

TEST_F(ConnectionTest, MalformedInputIsToldAndClosed) {
  const std::pair<Bytes, Bytes> cases[] = {
      {"*1\r\n:1\r\n", "ERR Protocol error: expected '$', got ':'"},
      {"*2147483648\r\n", "ERR Protocol error: invalid multibulk length"},
      {"*x\r\n", "ERR Protocol error: invalid multibulk length"},
      {"*1\r\n$-5\r\n", "ERR Protocol error: invalid bulk length"},
      {"*1\r\n$9223372036854775807\r\n", "ERR Protocol error: invalid bulk length"},
  };
  for (const auto& [input, answer] : cases) {
    TestClient& one = connect();
    one.send_raw(input);
    EXPECT_EQ(one.reply(), error(answer));
    EXPECT_TRUE(one.closed());
  }
}

TEST_F(ConnectionTest, RepliesStayInOrderInALongPipeline) {
  Bytes requests;
  for (int i = 0; i < 20000; ++i) requests += request_bytes({"INCR", "n"});
  client().send_raw(requests);
  for (int i = 0; i < 20000 && !client().has_reply(); ++i) tick();
  while (broker().has_work()) tick();
  View rest = client().received();
  for (int i = 1; i <= 20000; ++i) ASSERT_EQ(read_reply(rest), integer(i));
}

TEST_F(ConnectionTest, QuitAnswersAndCloses) {
  TestClient& leaving = connect();
  leaving.send_raw(request_bytes({"QUIT"}) + request_bytes({"SET", "k", "v"}));
  EXPECT_EQ(leaving.reply(), ok());
  EXPECT_TRUE(leaving.closed());
  EXPECT_EQ(call("EXISTS k"), integer(0));
}

TEST_F(ConnectionTest, ClientListShowsAndForgets) {
  TestClient& named = connect();
  named.call("CLIENT SETNAME bull:abc:w:1");
  named.call("CLIENT SETINFO LIB-NAME ioredis");
  EXPECT_EQ(named.call("CLIENT SETNAME \"a b\"").type, '-');
  named.send("BZPOPMIN marker 10");
  EXPECT_NE(call("CLIENT LIST").text.find("name=bull:abc:w:1 "), Bytes::npos);
  EXPECT_NE(call("CLIENT LIST").text.find("lib-name=ioredis"), Bytes::npos);
  EXPECT_NE(call("CLIENT LIST TYPE normal").text.find("flags=b"), Bytes::npos);
  named.hang_up();
  EXPECT_EQ(call("CLIENT LIST").text.find("name=bull:abc:w:1 "), Bytes::npos);
  EXPECT_EQ(call("CLIENT KILL ID 999"), integer(0));
  EXPECT_EQ(call("CLIENT KILL 1.2.3.4:5"), error("ERR No such client"));
}

TEST_F(ConnectionTest, ReplyModes) {
  client().send("CLIENT REPLY OFF");
  client().send("SET a 1");
  EXPECT_FALSE(client().has_reply());
  EXPECT_EQ(call("CLIENT REPLY ON"), ok());
  client().send("CLIENT REPLY SKIP");
  client().send("SET b 1");
  EXPECT_FALSE(client().has_reply());
  EXPECT_EQ(call("MGET a b"), array("1", "1"));
}

// What it has subscribed to is no reply, also when it publishes it itself.
TEST_F(ConnectionTest, MessagesComeWithoutReplies) {
  call("HELLO 3");
  call("SUBSCRIBE news");
  client().send("CLIENT REPLY OFF");
  client().send("PUBLISH news 1");
  EXPECT_EQ(client().reply(), push("message", "news", "1"));
  connect().call("PUBLISH news 2");
  EXPECT_EQ(client().reply(), push("message", "news", "2"));
  EXPECT_FALSE(client().has_reply());
  client().send("SUBSCRIBE other");
  EXPECT_EQ(client().reply(), push("subscribe", "other", integer(2))) << "that is no reply either";
  client().send("CLIENT REPLY SKIP");
  client().send("UNSUBSCRIBE");
  EXPECT_EQ(client().reply(), push("unsubscribe", "news", integer(1)));
  EXPECT_EQ(client().reply(), push("unsubscribe", "other", integer(0)));
  client().send("PUNSUBSCRIBE");
  EXPECT_EQ(client().reply(), push("punsubscribe", null3(), integer(0)));
  TestClient& old = connect();
  old.send("CLIENT REPLY OFF");
  old.send("SSUBSCRIBE c");
  EXPECT_EQ(old.reply(), array("ssubscribe", "c", 1));
}

TEST_F(ConnectionTest, PauseHoldsWritesAndLetsReadsPass) {
  EXPECT_EQ(call("CLIENT PAUSE 1000 WRITE"), ok());
  TestClient& writer = connect();
  writer.send("SET k v");
  EXPECT_FALSE(writer.has_reply());
  EXPECT_EQ(call("GET k"), null());
  advance_ms(1001);
  EXPECT_EQ(writer.reply(), ok());
  call("CLIENT PAUSE 100000 WRITE");
  writer.send("APPEND k w");
  EXPECT_EQ(call("CLIENT UNPAUSE"), ok());
  tick();
  EXPECT_EQ(writer.reply(), integer(2));
  call("CLIENT PAUSE 1000 ALL");
  writer.send("GETRANGE k 0 0");
  EXPECT_FALSE(writer.has_reply());
  advance_ms(1001);
  EXPECT_EQ(writer.reply(), bulk("v"));
}

// What expires is a write: it waits, too; and nobody sees what is due all the same.
TEST_F(ConnectionTest, PauseHoldsExpiry) {
  call("SET k v PX 100");
  call("HSET h f v g w");
  call("HPEXPIRE h 100 FIELDS 1 f");
  call("CLIENT PAUSE 1000 WRITE");
  advance_ms(500);
  const Index before = broker().log()->proposed();
  EXPECT_EQ(call("DBSIZE"), integer(2));
  EXPECT_EQ(broker().next_tick_us(), clock.monotonic_us() + 500'000) << "nobody looks again and again";
  EXPECT_EQ(call("GET k"), null()) << "the answer rests on the time, and a record has it";
  EXPECT_EQ(call("HGET h f"), null());
  EXPECT_EQ(broker().log()->proposed(), before + 2);
  EXPECT_EQ(call("DBSIZE"), integer(2));
  EXPECT_EQ(rooms().stats.expired_keys, 0u);
  advance_ms(501);
  EXPECT_EQ(call("DBSIZE"), integer(1));
  EXPECT_EQ(rooms().stats.expired_keys, 1u);
  EXPECT_EQ(rooms().stats.expired_fields, 1u);
}

TEST_F(ConnectionTest, ThePublishedReachesWhoListens) {
  TestClient& listener = connect();
  EXPECT_EQ(listener.call("SUBSCRIBE a b"), array("subscribe", "a", 1));
  EXPECT_EQ(listener.reply(), array("subscribe", "b", 2));
  EXPECT_EQ(listener.call("PSUBSCRIBE n*"), array("psubscribe", "n*", 3));
  EXPECT_EQ(listener.call("GET k").text.substr(0, 23), "ERR Can't execute 'get'");
  EXPECT_EQ(listener.call("PING"), array("pong", ""));
  EXPECT_EQ(call("PUBLISH a hello"), integer(1));
  EXPECT_EQ(listener.reply(), array("message", "a", "hello"));
  EXPECT_EQ(call("PUBLISH news hello"), integer(1));
  EXPECT_EQ(listener.reply(), array("pmessage", "n*", "news", "hello"));
  EXPECT_EQ(call("PUBSUB NUMSUB a none"), array("a", 1, "none", 0));
  EXPECT_EQ(call("PUBSUB NUMPAT"), integer(1));
  EXPECT_EQ(listener.call("UNSUBSCRIBE"), array("unsubscribe", "a", 2));
  listener.hang_up();
  EXPECT_EQ(call("PUBLISH a hello"), integer(0));
}

// A message must not be seen before what its publisher wrote is on disk, also from inside a transaction or a script.
TEST_F(ConnectionTest, AMessageRestsOnWhatItsPublisherWrote) {
  TestClient& listener = connect();
  listener.call("SUBSCRIBE a");
  call("MULTI");
  call("SET k v");
  call("PUBLISH a hello");
  call("EXEC");
  EXPECT_EQ(listener.reply(), array("message", "a", "hello"));
  EXPECT_EQ(listener.client().output.stamp().synced, broker().log()->proposed());
  client().call_words({"EVAL", "redis.call('SET', 'k', 'w') return redis.call('PUBLISH', 'a', 'again')", "0"});
  EXPECT_EQ(listener.reply(), array("message", "a", "again"));
  EXPECT_EQ(listener.client().output.stamp().synced, broker().log()->proposed());
}

TEST_F(ConnectionTest, ConfigIsReadAndSet) {
  EXPECT_EQ(call("CONFIG GET maxmemory-policy"), array("maxmemory-policy", "noeviction"));
  EXPECT_EQ(call("CONFIG SET hash-max-ziplist-entries 7"), ok());
  EXPECT_EQ(call("CONFIG GET hash-max-listpack-entries"), array("hash-max-listpack-entries", "7"));
  EXPECT_EQ(call("CONFIG SET tcp-backlog 1").type, '-');
  EXPECT_EQ(call("CONFIG SET appendfsync everysec"), ok());
  EXPECT_EQ(call("CONFIG GET durability"), array("durability", "interval"));
  EXPECT_EQ(call("CONFIG SET nonsense 1"),
            error("ERR Unknown option or number of arguments for CONFIG SET - 'nonsense'"));
}

TEST_F(ConnectionTest, InfoTellsWhatBullMqReads) {
  const Bytes info = call("INFO").text;
  for (const char* line : {"redis_version:7.4", "leat_version:", "loading:0\r\n", "maxmemory_policy:noeviction\r\n",
                           "role:master\r\n", "blocked_clients:0\r\n", "rdb_changes_since_last_save:0\r\n"}) {
    EXPECT_NE(info.find(line), Bytes::npos) << line;
  }
  EXPECT_EQ(call("COMMAND COUNT").type, ':');
  EXPECT_EQ(call("COMMAND GETKEYS EVAL x 2 a b c"), array("a", "b"));
  EXPECT_EQ(call("COMMAND GETKEYS MSET a 1 b 2"), array("a", "b"));
  EXPECT_EQ(call("COMMAND GETKEYS PING"), error("ERR The command has no key arguments"));
}

}  // namespace leat::testing
