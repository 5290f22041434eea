// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class MonitorTest : public BrokerTest {
 public:
  // The next line, without the time in front.
  Bytes line(TestClient& watcher) {
    const Reply reply = watcher.reply();
    EXPECT_EQ(reply.type, '+');
    return reply.text.substr(reply.text.find(' ') + 1);
  }
};

TEST_F(MonitorTest, EveryCommandIsShownOnce) {
  TestClient& watcher = connect();
  EXPECT_EQ(watcher.call("MONITOR"), ok());
  client().call_words({"SET", "k", Bytes("a\"\\\r\n\x01\xff", 7)});
  EXPECT_EQ(line(watcher), "[0 127.0.0.1:50000] \"SET\" \"k\" \"a\\\"\\\\\\r\\n\\x01\\xff\"");
  call("nosuch");
  call("CONFIG GET port");
  call("CLIENT LIST");
  call("SELECT 2");
  EXPECT_EQ(line(watcher), "[2 127.0.0.1:50000] \"SELECT\" \"2\"")
      << "what is refused or for administrators is not shown";
  call("AUTH default secret");
  EXPECT_EQ(line(watcher), "[2 127.0.0.1:50000] \"AUTH\" \"(redacted)\" \"(redacted)\"");
  EXPECT_FALSE(watcher.has_reply());
}

TEST_F(MonitorTest, TransactionsAndScriptsAreShownInTheirOrder) {
  TestClient& watcher = connect();
  watcher.call("MONITOR");
  call("MULTI");
  call("SET k v");
  call("EXEC");
  EXPECT_EQ(line(watcher), "[0 127.0.0.1:50000] \"MULTI\"");
  EXPECT_EQ(line(watcher), "[0 127.0.0.1:50000] \"SET\" \"k\" \"v\"");
  EXPECT_EQ(line(watcher), "[0 127.0.0.1:50000] \"EXEC\"");
  call("EVAL \"return redis.call('SET', 'a', 'b')\" 0");
  EXPECT_EQ(line(watcher).substr(0, 27), "[0 127.0.0.1:50000] \"EVAL\" ");
  EXPECT_EQ(line(watcher), "[0 lua] \"SET\" \"a\" \"b\"");
  EXPECT_FALSE(watcher.has_reply());
}

TEST_F(MonitorTest, AWaitIsShownOnce) {
  TestClient& watcher = connect();
  watcher.call("MONITOR");
  TestClient& waiter = connect();
  waiter.send("BLPOP l 0");
  call("LPUSH l 1");
  call("LPUSH l 2");
  EXPECT_EQ(line(watcher), "[0 127.0.0.1:50000] \"BLPOP\" \"l\" \"0\"");
  EXPECT_EQ(line(watcher), "[0 127.0.0.1:50000] \"LPUSH\" \"l\" \"1\"");
  EXPECT_EQ(line(watcher), "[0 127.0.0.1:50000] \"LPUSH\" \"l\" \"2\"");
}

// A monitor sees nothing that a power cut could take back.
TEST_F(MonitorTest, LinesWaitForTheDiskAsRepliesDo) {
  config.log_thread = LogThreadMode::kAlways;  // the disk works when the test says so
  restart();
  TestClient& watcher = connect();
  watcher.call("MONITOR");
  client().send("SET k v");
  EXPECT_FALSE(watcher.has_reply());
  let_it_work();
  EXPECT_EQ(client().reply(), ok());
  EXPECT_EQ(line(watcher), "[0 127.0.0.1:50000] \"SET\" \"k\" \"v\"");
}

// More lines than are kept for the end of a script: they go in pieces, and in order.
TEST_F(MonitorTest, ALongScriptIsShownWhole) {
  TestClient& watcher = connect();
  watcher.call("MONITOR");
  EXPECT_EQ(call("EVAL \"for i = 1, 30000 do redis.call('SET', 'k', 'value ' .. i .. string.rep('x', 40)) end\" 0"),
            null());
  while (broker().has_work()) tick();
  View rest = watcher.received();
  EXPECT_GT(rest.size(), 2 * Monitors::kLinesBytesMax);
  ASSERT_NE(read_reply(rest)->text.find("\"EVAL\""), Bytes::npos);
  for (int i = 1; i <= 30000; ++i) {
    ASSERT_NE(read_reply(rest)->text.find("lua] \"SET\" \"k\" \"value " + std::to_string(i) + "x"), Bytes::npos);
  }
  EXPECT_TRUE(rest.empty());
}

TEST_F(MonitorTest, AMonitorOnlyWatches) {
  TestClient& watcher = connect();
  watcher.call("MONITOR");
  EXPECT_EQ(watcher.call("GET k"), error("ERR Replica can't interact with the keyspace"));
  EXPECT_EQ(watcher.call("PING"), simple("PONG"));
  EXPECT_EQ(line(watcher), "[0 127.0.0.1:50000] \"PING\"") << "it sees itself";
  EXPECT_NE(call("CLIENT LIST").text.find(" flags=O "), Bytes::npos);
  watcher.hang_up();
  EXPECT_EQ(call("SET k v"), ok());
  EXPECT_FALSE(rooms().monitors.any());
  call("MULTI");
  call("MONITOR");
  EXPECT_EQ(call("EXEC"), array(error("ERR MONITOR isn't allowed for DENY BLOCKING client")));
}

}  // namespace leat::testing
