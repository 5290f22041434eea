// SPDX-License-Identifier: Apache-2.0
// Names and order of events are compared with redis-server's by tests/differential/run.py --events; here stands what
// that cannot see: what 7.0.15 does otherwise, which classes are told, on what an event rests, and events that
// nobody caused.
#include "tests/support/broker_test.h"

namespace leat::testing {

class NotificationTest : public BrokerTest {
 public:
  void listen(View classes) {
    EXPECT_EQ(call("CONFIG SET notify-keyspace-events " + Bytes(classes)), ok());
    listener_ = &connect();
    listener_->call("PSUBSCRIBE __key*__:*");
  }
  // "channel message" of each event since the last time.
  std::vector<Bytes> told() {
    std::vector<Bytes> events;
    tick();
    while (listener_->has_reply()) {
      const Reply message = listener_->reply();
      EXPECT_EQ(message.items.at(0).text, "pmessage");
      events.push_back(message.items.at(2).text + " " + message.items.at(3).text);
    }
    return events;
  }
  std::vector<Bytes> told_by(View line) { return call(line), told(); }
  TestClient& listener() { return *listener_; }

 private:
  TestClient* listener_ = nullptr;
};

using Events = std::vector<Bytes>;

TEST_F(NotificationTest, NothingIsToldUnlessSomebodyAskedForIt) {
  EXPECT_EQ(call("CONFIG GET notify-keyspace-events"), array("notify-keyspace-events", ""));
  listen("A");  // no channel
  EXPECT_EQ(told_by("SET k v"), Events());
  EXPECT_EQ(call("CONFIG SET notify-keyspace-events Kq"),
            error("ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class "
                  "character. Use 'Ag$lshzxeKEtmdn'."));
}

TEST_F(NotificationTest, TheKeyAndTheEventHaveAChannelEach) {
  listen("KEA");
  EXPECT_EQ(told_by("SET k v"), (Events{"__keyspace@0__:k set", "__keyevent@0__:set k"}));
  call("SELECT 3");
  EXPECT_EQ(told_by("LPUSH l a"), (Events{"__keyspace@3__:l lpush", "__keyevent@3__:lpush l"}));
}

TEST_F(NotificationTest, OnlyTheClassesThatWereAskedFor) {
  listen("Ex$");
  EXPECT_EQ(told_by("SET k v EX 10"), (Events{"__keyevent@0__:set k"})) << "expire is of the class g";
  EXPECT_EQ(told_by("LPUSH l a"), Events());
  EXPECT_EQ(told_by("DEL l"), Events());
  call("CONFIG SET notify-keyspace-events Km");
  EXPECT_EQ(told_by("GET none"), (Events{"__keyspace@0__:none keymiss"}));
  EXPECT_EQ(told_by("SET none 1"), Events());
  for (const View line : {"GETDEL no", "GETEX no PERSIST", "GETSET no v", "SORT no", "XACK no g 1-0", "SET no v GET",
                          "SINTERSTORE to no", "ZUNIONSTORE to 1 no", "ZRANGESTORE to no 0 1", "BITOP NOT to no",
                          "COPY no to", "BITFIELD no GET u8 0", "GEOSEARCHSTORE to no FROMLONLAT 0 0 BYRADIUS 1 m"}) {
    call("DEL no");
    EXPECT_EQ(told_by(line), (Events{"__keyspace@0__:no keymiss"})) << line << ": it reads as well";
  }
  call("DEL no");
  for (const View line :
       {"SET to v", "BITFIELD no GET u8 0 SET u8 0 1", "DEL no", "OBJECT ENCODING no", "MEMORY USAGE no"})
    EXPECT_EQ(told_by(line), Events()) << line;
}

TEST_F(NotificationTest, LettersComeBackAsRedisOrdersThem) {
  call("CONFIG SET notify-keyspace-events g$lshzxetdKE");
  EXPECT_EQ(call("CONFIG GET notify-keyspace-events"), array("notify-keyspace-events", "AKE"));
  call("CONFIG SET notify-keyspace-events mEnA");
  EXPECT_EQ(call("CONFIG GET notify-keyspace-events"), array("notify-keyspace-events", "AnEm"))
      << "7.0.15 loses the n here, and setting what was read would change it";
}

TEST_F(NotificationTest, AKeyThatIsNewIsTold) {
  listen("Kn");
  EXPECT_EQ(told_by("SET k v"), (Events{"__keyspace@0__:k new"}));
  EXPECT_EQ(told_by("SET k w"), Events());
  EXPECT_EQ(told_by("RENAME k l"), (Events{"__keyspace@0__:l new"}));
  EXPECT_EQ(told_by("COPY l m DB 1"), (Events{"__keyspace@1__:m new"}));
  EXPECT_EQ(told_by("SADD s a b"), (Events{"__keyspace@0__:s new"}));
  EXPECT_EQ(told_by("SADD s c"), Events());
}

TEST_F(NotificationTest, WhatExpiresIsToldInTimeByTheBrokerAlone) {
  listen("KEx");
  call("SET a 1 PX 100");
  call("SET b 1 PX 100");
  advance_ms(99);
  EXPECT_EQ(told(), Events());
  advance_ms(2);
  EXPECT_EQ(told(), (Events{"__keyspace@0__:a expired", "__keyevent@0__:expired a", "__keyspace@0__:b expired",
                            "__keyevent@0__:expired b"}));
}

TEST_F(NotificationTest, WhatExpiredBeforeAWriteIsToldBeforeTheWrite) {
  listen("KA");
  call("DEBUG SET-ACTIVE-EXPIRE 0");
  rooms().broker.purge().active = false;
  call("SET k 1 PX 100");
  told();
  advance_ms(101);
  EXPECT_EQ(told_by("INCR k"), (Events{"__keyspace@0__:k expired", "__keyspace@0__:k incrby"}));
}

TEST_F(NotificationTest, AnEmptiedValueIsDeleted) {
  listen("KA");
  call("RPUSH l a");
  told();
  EXPECT_EQ(told_by("LPOP l"), (Events{"__keyspace@0__:l lpop", "__keyspace@0__:l del"}));
  call("HSET h f v");
  told();
  EXPECT_EQ(told_by("HDEL h f"), (Events{"__keyspace@0__:h hdel", "__keyspace@0__:h del"}));
}

TEST_F(NotificationTest, WhatACommandReplacesIsNotDeleted) {
  listen("KA");
  call("SADD a 1 2");
  call("SET to x");
  told();
  EXPECT_EQ(told_by("SUNIONSTORE to a"), (Events{"__keyspace@0__:to sunionstore"}));
  EXPECT_EQ(told_by("SINTERSTORE to a none"), (Events{"__keyspace@0__:to del"}));
}

TEST_F(NotificationTest, AWokenPopIsTold) {
  listen("KA");
  TestClient& worker = connect();
  worker.send("BLPOP q 0");
  EXPECT_EQ(told_by("RPUSH q a"), (Events{"__keyspace@0__:q rpush", "__keyspace@0__:q lpop", "__keyspace@0__:q del"}));
}

TEST_F(NotificationTest, TransactionsAndScriptsTellOfEachCommand) {
  listen("KA");
  call("MULTI");
  call("SET k 1");
  call("INCR k");
  call("EXEC");
  EXPECT_EQ(told(), (Events{"__keyspace@0__:k set", "__keyspace@0__:k incrby"}));
  client().call_words(
      {"EVAL", "redis.call('HSET', 'h', 'f', 1) redis.call('HINCRBY', 'h', 'f', 2) redis.call('DEL', 'h')", "0"});
  EXPECT_EQ(told(), (Events{"__keyspace@0__:h hset", "__keyspace@0__:h hincrby", "__keyspace@0__:h del"}));
}

// An event must not be heard before the change is on disk.
TEST_F(NotificationTest, AnEventRestsOnItsChange) {
  listen("KA");
  call("SET k v");
  EXPECT_EQ(listener().client().output.stamp().synced, broker().log()->proposed());
  call("SET e v PX 10");
  told();
  advance_ms(11);
  EXPECT_EQ(listener().client().output.stamp().synced, broker().log()->proposed()) << "also one that nobody caused";
}

TEST_F(NotificationTest, WhoChangesAndListensHearsItBehindItsReply) {
  call("CONFIG SET notify-keyspace-events KA");
  call("HELLO 3");
  call("PSUBSCRIBE __key*__:*");
  EXPECT_EQ(call("SET k v"), ok());
  EXPECT_EQ(client().reply().items.at(3).text, "set");
}

TEST_F(NotificationTest, TheNameHangsOnTheOption) {
  listen("Kz");
  EXPECT_EQ(told_by("ZADD z 1 a 2 b"), (Events{"__keyspace@0__:z zadd"}));
  EXPECT_EQ(told_by("ZADD z INCR 1 a"), (Events{"__keyspace@0__:z zincr"}));
  EXPECT_EQ(told_by("ZADD z 1 c"), (Events{"__keyspace@0__:z zadd"}));
  EXPECT_EQ(told_by("ZMPOP 1 z MAX COUNT 9"), (Events{"__keyspace@0__:z zpopmax"}));
}

}  // namespace leat::testing
