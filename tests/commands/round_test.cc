// SPDX-License-Identifier: Apache-2.0
// round_test.cc: requests of several clients that are parsed together and run one after the other (broker/round.h).
#include "tests/support/broker_test.h"

namespace leat::testing {
namespace {

class RoundTest : public BrokerTest {
 protected:
  static Bytes requests(const std::vector<Bytes>& lines) {
    Bytes out;
    for (const Bytes& line : lines) out += request_bytes(split_words(line));
    return out;
  }
  // Without a tick: they lie there together when it comes.
  void put(TestClient& client, View bytes) { broker().receive(client.client(), bytes); }
};

TEST_F(RoundTest, ClientsTakeTurnsAndKeepTheirOrder) {
  TestClient& other = connect();
  for (int i = 0; i < 40; ++i) {
    put(client(), requests({"RPUSH mine " + std::to_string(i), "PING a"}));
    put(other, requests({"RPUSH theirs " + std::to_string(i), "PING b"}));
  }
  while (broker().has_work()) tick();
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(client().reply(), integer(i + 1));
    EXPECT_EQ(client().reply(), bulk("a"));
    EXPECT_EQ(other.reply(), integer(i + 1));
    EXPECT_EQ(other.reply(), bulk("b"));
  }
  EXPECT_EQ(call("LINDEX mine 39"), bulk("39"));
}

// Many keys, so that their memory is fetched ahead; in several databases, of several kinds of commands.
TEST_F(RoundTest, FetchesAheadAmongManyKeys) {
  for (int i = 0; i < 5000; ++i) put(client(), requests({"SET key:" + std::to_string(i) + " " + std::to_string(i)}));
  while (broker().has_work()) tick();
  client().received().clear();
  TestClient& other = connect();
  EXPECT_EQ(other.call("SELECT 1"), ok());
  Bytes pipeline;
  for (int i = 0; i < 30; ++i)
    pipeline += requests({"GET key:" + std::to_string(i * 7), "EVAL \"return redis.call('GET',KEYS[1])\" 1 key:3"});
  put(client(), pipeline);
  put(other, requests({"GET key:1", "NOSUCH key:1", "EVAL 1 1", "XREAD STREAMS key:1 0"}));
  while (broker().has_work()) tick();
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(client().reply(), bulk(std::to_string(i * 7)));
    EXPECT_EQ(client().reply(), bulk("3"));
  }
  EXPECT_EQ(other.reply(), null());
  EXPECT_EQ(other.reply().text.substr(0, 19), "ERR unknown command");
  EXPECT_EQ(other.reply().type, '-');
  EXPECT_EQ(other.reply(), null_array());
}

// One that is always ahead of the ticks: what was executed does not stay in front of what was not. (It did: a string of
// 10 MB was copied now and then, while all others waited for 30 ms.)
TEST_F(RoundTest, WhoSendsWithoutEndTakesNoMoreMemory) {
  const Bytes set = request_bytes({"SET", "k", Bytes(100'000, 'v')});  // some three fill a tick
  for (int i = 0; i < 8; ++i) put(client(), set);
  for (int i = 0; i < 100; ++i) {
    put(client(), set + set + set);
    tick();
    ASSERT_TRUE(broker().has_work());
    ASSERT_LT(client().client().input.size(), 20 * set.size());
  }
  while (broker().has_work()) tick();
  for (int i = 0; i < 308; ++i) ASSERT_EQ(client().reply(), ok());
}

TEST_F(RoundTest, ARequestMayBeCutAnywhere) {
  const Bytes both = requests({"SET k hello", "GET k"}) + "\r\n*0\r\nGET k\r\n" + requests({"APPEND k !"});
  for (size_t cut = 0; cut <= both.size(); ++cut) {
    put(client(), View(both).substr(0, cut));
    tick();
    client().send_raw(View(both).substr(cut));
    EXPECT_EQ(client().reply(), ok()) << cut;
    EXPECT_EQ(client().reply(), bulk("hello"));
    EXPECT_EQ(client().reply(), bulk("hello"));
    EXPECT_EQ(client().reply(), integer(6));
    EXPECT_FALSE(client().has_reply());
  }
}

// What waits stops its own client's requests and nobody else's; they are parsed anew when it goes on.
TEST_F(RoundTest, AWaitKeepsWhatWasParsedBehindIt) {
  TestClient& other = connect();
  const Bytes cut = requests({"GET k"});
  put(client(), requests({"SET k 1", "BLPOP l 0", "INCR k"}) + cut.substr(0, 9));
  put(other, requests({"INCR n"}));
  tick();
  EXPECT_EQ(client().reply(), ok());
  EXPECT_FALSE(client().has_reply());
  EXPECT_EQ(other.reply(), integer(1));
  put(client(), View(cut).substr(9));
  tick();
  EXPECT_FALSE(client().has_reply());
  EXPECT_EQ(other.call("RPUSH l x"), integer(1));
  tick();
  EXPECT_EQ(client().reply(), array("l", "x"));
  EXPECT_EQ(client().reply(), integer(2));
  EXPECT_EQ(client().reply(), bulk("2"));
}

TEST_F(RoundTest, AClientThatIsKilledInItRunsNothingMore) {
  TestClient& victim = connect();
  put(client(), requests({"CLIENT KILL ID " + std::to_string(victim.client().id), "SET k 1"}));
  put(victim, requests({"SET k 2", "SET k 3"}));
  tick();
  EXPECT_TRUE(victim.closed());
  tick();
  EXPECT_EQ(client().reply(), integer(1));
  EXPECT_EQ(client().reply(), ok());
  EXPECT_EQ(call("GET k"), bulk("1"));
}

TEST_F(RoundTest, WhatComesBeforeAMalformedRequestIsAnswered) {
  TestClient& other = connect();
  put(client(), requests({"SET k 1", "GET k"}) + "*1\r\n:5\r\n" + requests({"SET k 2"}));
  put(other, requests({"GET k"}));
  tick();
  EXPECT_EQ(client().reply(), ok());
  EXPECT_EQ(client().reply(), bulk("1"));
  EXPECT_EQ(client().reply(), error("ERR Protocol error: expected '$', got ':'"));
  EXPECT_TRUE(client().closed());
  EXPECT_EQ(other.reply(), bulk("1"));
}

// A pipeline about one large hash has its fields fetched before: nothing is to be seen of it, whatever the key
// has become.
TEST_F(RoundTest, APipelineAboutOneKey) {
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(call("HSET h f" + std::to_string(i) + " v"), integer(1));
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(call("SADD s m" + std::to_string(i)), integer(1));
  const auto ask = [&](const std::vector<Bytes>& lines) {
    put(client(), requests(lines));
    tick();
    std::vector<Reply> replies;
    while (client().has_reply()) replies.push_back(client().reply());
    return replies;
  };
  const std::vector<Reply> ones(4, integer(1)), zeros(4, integer(0));
  EXPECT_EQ(ask({"HSET h f1 w", "HSET h f2 w", "HSET h f4999 w", "HSET h f3 w"}), zeros);
  EXPECT_EQ(ask({"HDEL h f1", "HDEL h f2", "HDEL h f4999", "HDEL h f3"}), ones);
  EXPECT_EQ(ask({"SISMEMBER s m1", "SISMEMBER s m2", "SISMEMBER s m3", "SISMEMBER s m4"}), ones);
  EXPECT_EQ(ask({"SREM s m1", "SREM s m2", "SREM s m3", "SREM s m4"}), ones);
  EXPECT_EQ(ask({"SISMEMBER none a", "SISMEMBER none b", "SISMEMBER none c", "SISMEMBER none d"}), zeros);
  for (const Reply& wrong : ask({"SADD h a", "SADD h b", "SADD h c", "SADD h d"}))
    EXPECT_EQ(wrong.text.substr(0, 9), "WRONGTYPE");
  EXPECT_EQ(ask({"PEXPIRE h 1"}).at(0), integer(1));
  advance_ms(2);
  EXPECT_EQ(ask({"HGET h f5", "HGET h f6", "HGET h f7", "HGET h f8"}), std::vector<Reply>(4, null()));
}

// The clients behind a slow script in the same round are not bound by it: one of them may be who kills it.
TEST_F(RoundTest, ASlowScriptGivesTheOthersBack) {
  rooms().config.busy_reply_threshold_ms = 0;
  TestClient& second = connect();
  TestClient& third = connect();
  broker().set_pump([] {});
  put(client(), request_bytes({"EVAL", "while true do end", "0"}) + requests({"PING"}));
  put(second, requests({"GET k", "PING"}));
  put(third, requests({"SCRIPT KILL"}));
  while (broker().has_work()) tick();
  const Reply killed = client().reply();
  EXPECT_NE(killed.text.find("Script killed by user with SCRIPT KILL"), Bytes::npos) << killed;
  EXPECT_EQ(client().reply(), simple("PONG"));
  EXPECT_EQ(second.reply().text.substr(0, 4), "BUSY");
  EXPECT_EQ(second.reply().text.substr(0, 4), "BUSY");
  EXPECT_EQ(third.reply(), ok());
  broker().set_pump(nullptr);
}

}  // namespace
}  // namespace leat::testing
