// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "broker/keyspace/hash.h"
#include "tests/support/broker_test.h"

namespace leat::testing {

class HashLifetimeTest : public BrokerTest {
 protected:
  // The time goes on, and nothing else: what is due is still there when the next command looks.
  void pass_ms(int64_t ms) { clock.advance_ms(ms); }
  int64_t now_ms() { return clock.wall_ms(); }
  Bytes in_ms(int64_t ms) { return std::to_string(now_ms() + ms); }
  size_t stored(View key) {  // fields, also those that are due
    const auto hash = rooms().keyspace.database(0).see<Hash>(key);
    return hash == nullptr ? 0 : hash->size();
  }
};

TEST_F(HashLifetimeTest, SetsAndTells) {
  call("HSET h a 1 b 2 c 3");
  EXPECT_EQ(call("HEXPIRE h 10 FIELDS 3 a b none"), array(1, 1, -2));
  EXPECT_EQ(call("HTTL h FIELDS 4 a b c none"), array(10, 10, -1, -2));
  EXPECT_EQ(call("HPTTL h FIELDS 2 a c"), array(10000, -1));
  EXPECT_EQ(call("HPEXPIRE h 1500 fields 1 b"), array(1));
  EXPECT_EQ(call("HTTL h FIELDS 1 b"), array(2)) << "seconds are rounded up";
  EXPECT_EQ(call("HPTTL h FIELDS 1 b"), array(1500));
  EXPECT_EQ(call("HEXPIREAT h 1900000000 FIELDS 1 a"), array(1));
  EXPECT_EQ(call("HEXPIRETIME h FIELDS 3 a c none"), array(1900000000, -1, -2));
  EXPECT_EQ(call("HPEXPIREAT h 1900000000001 FIELDS 1 a"), array(1));
  EXPECT_EQ(call("HPEXPIRETIME h FIELDS 1 a").items[0].text, "1900000000001");
  EXPECT_EQ(call("HEXPIRETIME h FIELDS 1 a"), array(1900000001));
  EXPECT_EQ(call("HPERSIST h FIELDS 4 a a c none"), array(1, -1, -1, -2));
  EXPECT_EQ(call("HTTL h FIELDS 1 a"), array(-1));
  EXPECT_EQ(call("HGETALL h"), array("a", "1", "b", "2", "c", "3"));
}

TEST_F(HashLifetimeTest, Conditions) {
  call("HSET h a 1 b 2");
  EXPECT_EQ(call("HEXPIRE h 100 XX FIELDS 2 a b"), array(0, 0));
  EXPECT_EQ(call("HEXPIRE h 100 GT FIELDS 1 a"), array(0)) << "no lifetime is longer than none";
  EXPECT_EQ(call("HEXPIRE h 100 LT FIELDS 1 a"), array(1));
  EXPECT_EQ(call("HEXPIRE h 200 nx FIELDS 2 a b"), array(0, 1));
  EXPECT_EQ(call("HEXPIRE h 200 LT FIELDS 2 a b"), array(0, 0));
  EXPECT_EQ(call("HEXPIRE h 200 GT FIELDS 2 a b"), array(1, 0));
  EXPECT_EQ(call("HEXPIRE h 300 XX FIELDS 3 a b none"), array(1, 1, -2));
  EXPECT_EQ(call("HTTL h FIELDS 2 a b"), array(300, 300));
  call("HPERSIST h FIELDS 2 a b");
  EXPECT_EQ(call("HEXPIRE h 10 NX FIELDS 2 a a"), array(1, 0)) << "the second mention meets what the first has made";
  EXPECT_EQ(call("HEXPIRE h 0 GT FIELDS 1 a"), array(0));
  EXPECT_EQ(call("HEXPIRE h 0 LT FIELDS 2 a a"), array(2, -2));
}

TEST_F(HashLifetimeTest, ATimeThatHasComeDeletes) {
  call("HSET h a 1 b 2 c 3");
  EXPECT_EQ(call("HEXPIRE h 0 FIELDS 2 a none"), array(2, -2));
  EXPECT_EQ(call("HEXPIREAT h 1000 FIELDS 1 b"), array(2));
  EXPECT_EQ(call("HGETALL h"), array("c", "3"));
  EXPECT_EQ(call("HPEXPIREAT h 1 FIELDS 1 c"), array(2));
  for (const char* line : {"HEXPIREAT g 0 FIELDS 1 a", "HPEXPIREAT g 0 FIELDS 1 a", "HGETEX g EXAT 0 FIELDS 1 a",
                           "HGETEX g PXAT 0 FIELDS 1 a", "HSETEX g EXAT 0 FIELDS 1 a 2"}) {
    ASSERT_EQ(call("HSET g a 1"), integer(1));
    ASSERT_EQ(call("HEXPIRE g 100 FIELDS 1 a"), array(1));
    EXPECT_NE(call(line).type, '-') << line;
    EXPECT_EQ(call("EXISTS g"), integer(0)) << "0 is a time, too: " << line;
  }
  EXPECT_EQ(call("EXISTS h"), integer(0)) << "an emptied hash and none are one thing";
}

TEST_F(HashLifetimeTest, MissingKeys) {
  EXPECT_EQ(call("HEXPIRE none 10 FIELDS 2 a b"), array(-2, -2));
  EXPECT_EQ(call("HTTL none FIELDS 2 a b"), array(-2, -2));
  EXPECT_EQ(call("HPEXPIRETIME none FIELDS 1 a"), array(-2));
  EXPECT_EQ(call("HPERSIST none FIELDS 2 a b"), array(-2, -2));
  EXPECT_EQ(call("HGETDEL none FIELDS 2 a b"), array(null(), null()));
  EXPECT_EQ(call("HGETEX none EX 10 FIELDS 2 a b"), array(null(), null()));
  EXPECT_EQ(call("DBSIZE"), integer(0));
}

TEST_F(HashLifetimeTest, WrongTypeAndArity) {
  call("SET s x");
  for (const char* line : {"HEXPIRE s 10 FIELDS 1 a", "HPEXPIRE s 10 FIELDS 1 a", "HEXPIREAT s 10 FIELDS 1 a",
                           "HPEXPIREAT s 10 FIELDS 1 a", "HTTL s FIELDS 1 a", "HPTTL s FIELDS 1 a",
                           "HEXPIRETIME s FIELDS 1 a", "HPEXPIRETIME s FIELDS 1 a", "HPERSIST s FIELDS 1 a",
                           "HGETDEL s FIELDS 1 a", "HGETEX s FIELDS 1 a", "HSETEX s FIELDS 1 a v"}) {
    EXPECT_EQ(call(line).text.substr(0, 9), "WRONGTYPE") << line;
  }
  for (const char* line :
       {"HEXPIRE h 10 FIELDS 1", "HPEXPIREAT h 10 FIELDS 1", "HTTL h FIELDS 1", "HPERSIST h FIELDS 1",
        "HGETDEL h FIELDS 1", "HGETEX h FIELDS 1", "HSETEX h FIELDS 1 a", "HGETEX h EX 10 FIELDS"}) {
    const Reply reply = call(line);
    EXPECT_EQ(reply.text.substr(0, 36), "ERR wrong number of arguments for 'h") << line;
  }
}

TEST_F(HashLifetimeTest, Errors) {
  call("HSET h a 1");
  const std::pair<const char*, const char*> cases[] = {
      {"HEXPIRE h x FIELDS 1 a", "ERR value is not an integer or out of range"},
      {"HEXPIRE h -1 FIELDS 1 a", "ERR invalid expire time, must be >= 0"},
      {"HPEXPIREAT h 70368744177664 FIELDS 1 a", "ERR invalid expire time in 'hpexpireat' command"},
      {"HPEXPIRE h 70368744177663 FIELDS 1 a", "ERR invalid expire time in 'hpexpire' command"},
      {"HEXPIRE h 9223372036854775807 FIELDS 1 a", "ERR invalid expire time in 'hexpire' command"},
      {"HEXPIREAT h 70368744178 FIELDS 1 a", "ERR invalid expire time in 'hexpireat' command"},
      {"HEXPIRE h 10 WHEN FIELDS 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"},
      {"HEXPIRE h 10 NX 1 a b", "ERR Mandatory argument FIELDS is missing or not at the right position"},
      {"HEXPIRE h 10 FIELDS 0 a", "ERR Parameter `numFields` should be greater than 0"},
      {"HEXPIRE h 10 FIELDS x a", "ERR Parameter `numFields` should be greater than 0"},
      {"HEXPIRE h 10 FIELDS 2 a", "ERR The `numfields` parameter must match the number of arguments"},
      {"HEXPIRE h 10 FIELDS 1 a b", "ERR The `numfields` parameter must match the number of arguments"},
      {"HEXPIRE h 10 NX FIELDS 1", "ERR The `numfields` parameter must match the number of arguments"},
      {"HTTL h NAMES 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"},
      {"HTTL h FIELDS 0 a", "ERR Number of fields must be a positive integer"},
      {"HPTTL h FIELDS -1 a", "ERR Number of fields must be a positive integer"},
      {"HPERSIST h FIELDS x a", "ERR Number of fields must be a positive integer"},
      {"HEXPIRETIME h FIELDS 2 a", "ERR The `numfields` parameter must match the number of arguments"},
      {"HGETDEL h FIELD 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"},
      {"HGETDEL h FIELDS 0 a", "ERR Number of fields must be a positive integer"},
      {"HGETDEL h FIELDS 2 a", "ERR The `numfields` parameter must match the number of arguments"},
      {"HGETEX h WHEN 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"},
      {"HGETEX h PERSIST 1 FIELDS 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"},
      {"HGETEX h FIELDS 2 a", "ERR The `numfields` parameter must match the number of arguments"},
      {"HGETEX h FIELDS 9223372036854775808 a", "ERR Number of fields must be a positive integer"},
      {"HGETEX h EX x FIELDS 1 a", "ERR value is not an integer or out of range"},
      {"HGETEX h PX -1 FIELDS 1 a", "ERR invalid expire time, must be >= 0"},
      {"HGETEX h PXAT 70368744177664 FIELDS 1 a", "ERR invalid expire time in 'hgetex' command"},
      {"HGETEX h EX 10 PERSIST FIELDS 1 a", "ERR Mandatory argument FIELDS is missing or not at the right position"},
      {"HSETEX h NX FIELDS 1 a v", "ERR unknown argument: NX"},
      {"HSETEX h FXX FNX FIELDS 1 a v", "ERR Only one of FXX or FNX arguments can be specified"},
      {"HSETEX h EX 10 KEEPTTL FIELDS 1 a v",
       "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"},
      {"HSETEX h ex fields 1 a v", "ERR value is not an integer or out of range"},
      {"HSETEX h EXAT -1 1 a v", "ERR invalid expire time, must be >= 0"},
      {"HSETEX h EXAT 281474976710656 1 a v", "ERR invalid expire time in 'hsetex' command"},
      {"HSETEX h FNX KEEPTTL FIELDS 0 a v", "ERR invalid number of fields"},
      {"HSETEX h FIELDS x a v", "ERR invalid number of fields"},
      {"HSETEX h FIELDS 2 a v", "ERR wrong number of arguments for 'hsetex' command"},
      {"HSETEX h FIELDS 1 a v EX", "ERR wrong number of arguments for 'hsetex' command"},
      {"HSETEX h FIELDS 2 a v b v c v", "ERR wrong number of arguments for 'hsetex' command"},
      {"HSETEX h FXX EX 10 a v", "ERR unknown argument: a"},
      {"HSETEX h FXX KEEPTTL FXX PX", "ERR Only one of FXX or FNX arguments can be specified"},
  };
  for (const auto& [line, text] : cases) EXPECT_EQ(call(line), error(text)) << line;
  EXPECT_EQ(call("HTTL h FIELDS 1 a"), array(-1));
  EXPECT_EQ(call("HPEXPIREAT h 70368744177663 FIELDS 1 a"), array(1)) << "the last time there is";
}

TEST_F(HashLifetimeTest, WhatPutsAFieldAnewDropsItsLifetime) {
  call("HSET h a 1 b 2 c 3 d 4 e 5");
  call("HEXPIRE h 100 FIELDS 5 a b c d e");
  call("HSET h a 9");
  call("HMSET h b 9");
  EXPECT_EQ(call("HSETNX h c 9"), integer(0));
  EXPECT_EQ(call("HINCRBY h d 5"), integer(9));
  EXPECT_EQ(call("HINCRBYFLOAT h e 0.5"), bulk("5.5"));
  EXPECT_EQ(call("HTTL h FIELDS 5 a b c d e"), array(-1, -1, 100, 100, 100));
  call("HDEL h c");
  call("HSETNX h c 1");
  EXPECT_EQ(call("HTTL h FIELDS 1 c"), array(-1));
  restart();
  EXPECT_EQ(call("HTTL h FIELDS 5 a b c d e"), array(-1, -1, -1, 100, 100));
}

// Nothing shows a field whose time has come, although it was not purged yet.
TEST_F(HashLifetimeTest, WhatIsDueIsHiddenAtOnce) {
  call("HSET h a 1 b 2 c 3");
  call("HPEXPIRE h 100 FIELDS 2 a b");
  call("SADD ids h");
  const auto due = [&](const char* line) {
    call("HSETEX h PX 100 FIELDS 2 a 1 b 2");
    pass_ms(101);
    return call(line);
  };
  EXPECT_EQ(due("HGET h a"), null());
  EXPECT_EQ(due("HMGET h a c"), array(null(), "3"));
  EXPECT_EQ(due("HLEN h"), integer(1));
  EXPECT_EQ(due("HEXISTS h a"), integer(0));
  EXPECT_EQ(due("HSTRLEN h a"), integer(0));
  EXPECT_EQ(due("HGETALL h"), array("c", "3"));
  EXPECT_EQ(due("HKEYS h"), array("c"));
  EXPECT_EQ(due("HVALS h"), array("3"));
  EXPECT_EQ(due("HSCAN h 0"), array("0", array("c", "3")));
  EXPECT_EQ(due("HRANDFIELD h"), bulk("c"));
  EXPECT_EQ(due("HRANDFIELD h 5 WITHVALUES"), array("c", "3"));
  EXPECT_EQ(due("HRANDFIELD h -2"), array("c", "c"));
  EXPECT_EQ(due("HTTL h FIELDS 2 a c"), array(-2, -1));
  EXPECT_EQ(due("HPERSIST h FIELDS 2 a c"), array(-2, -1));
  EXPECT_EQ(due("HEXPIRE h 10 FIELDS 1 a"), array(-2));
  EXPECT_EQ(due("HGETEX h EX 10 FIELDS 2 a c"), array(null(), "3"));
  EXPECT_EQ(due("HGETEX h PERSIST FIELDS 2 a c"), array(null(), "3"));
  EXPECT_EQ(due("HGETDEL h FIELDS 1 a"), array(null()));
  EXPECT_EQ(due("HDEL h a"), integer(0));
  EXPECT_EQ(due("HSETNX h a 9"), integer(1));
  EXPECT_EQ(due("HSET h a 9"), integer(1));
  EXPECT_EQ(due("HINCRBY h a 5"), integer(5));
  EXPECT_EQ(call("HTTL h FIELDS 1 a"), array(-1));
  EXPECT_EQ(due("HINCRBYFLOAT h a 5"), bulk("5"));
  EXPECT_EQ(due("HSETEX h FXX FIELDS 1 a 9"), integer(0));
  EXPECT_EQ(due("HSETEX h FNX FIELDS 1 a 9"), integer(1));
  EXPECT_EQ(due("HSETEX h KEEPTTL FIELDS 2 a 9 c 3"), integer(1));
  EXPECT_EQ(call("HTTL h FIELDS 2 a c"), array(-1, -1)) << "there was no lifetime left to keep";
  EXPECT_EQ(due("SORT ids BY nosort GET *->a GET *->c"), array(null(), "3"));
  EXPECT_EQ(due("EVAL \"return redis.call('HGETALL','h')\" 0"), array("c", "3"));
}

TEST_F(HashLifetimeTest, AHashWhoseFieldsAreAllDueIsNotThere) {
  const auto due = [&](const char* line) {
    call("DEL h");
    call("HSETEX h PX 100 FIELDS 2 a 1 b 2");
    pass_ms(101);
    return call(line);
  };
  EXPECT_EQ(due("EXISTS h"), integer(0));
  EXPECT_EQ(due("TYPE h"), simple("none"));
  EXPECT_EQ(due("HLEN h"), integer(0));
  EXPECT_EQ(due("HGETALL h"), array());
  EXPECT_EQ(due("HRANDFIELD h"), null());
  EXPECT_EQ(due("KEYS *"), array());
  EXPECT_EQ(due("SCAN 0"), array("0", array()));
  EXPECT_EQ(due("RANDOMKEY"), null());
  EXPECT_EQ(due("OBJECT ENCODING h"), null());
  EXPECT_EQ(due("TTL h"), integer(-2));
  EXPECT_EQ(due("DEL h"), integer(0));
  EXPECT_EQ(due("RENAME h other"), error("ERR no such key"));
  EXPECT_EQ(due("HSETEX h FXX FIELDS 1 a v"), integer(0));
  EXPECT_EQ(due("SETNX h v"), integer(1));
  EXPECT_EQ(call("GET h"), bulk("v"));
  EXPECT_EQ(due("HINCRBY h a 5"), integer(5));
  EXPECT_EQ(call("HGETALL h"), array("a", "5"));
  EXPECT_EQ(due("HSET h c 3"), integer(1));
  EXPECT_EQ(call("HGETALL h"), array("c", "3"));
  EXPECT_EQ(call("HTTL h FIELDS 1 c"), array(-1));
}

// So many that naming them all would hold a write up: the key goes, and the write begins it anew.
TEST_F(HashLifetimeTest, AWriteToAHashOfManyDueFieldsBeginsItAnew) {
  for (int i = 0; i < 500; ++i) call("HSETEX h PXAT " + in_ms(1000) + " FIELDS 1 f" + std::to_string(i) + " v");
  pass_ms(1001);
  EXPECT_EQ(call("HSET h a 1"), integer(1));
  EXPECT_EQ(stored("h"), 1u);
  EXPECT_EQ(call("HGETALL h"), array("a", "1"));
}

// By the broker, at its time: nobody looks.
TEST_F(HashLifetimeTest, FieldsGoByThemselves) {
  call("HSET h a 1 b 2 c 3");
  call("HPEXPIRE h 100 FIELDS 1 a");
  call("HPEXPIRE h 200 FIELDS 1 b");
  call("HSETEX whole PX 150 FIELDS 2 x 1 y 2");
  ASSERT_TRUE(broker().next_tick_us().has_value());
  EXPECT_LE(*broker().next_tick_us() - clock.monotonic_us(), 100 * 1000) << "the timer is set";
  advance_ms(99);
  EXPECT_EQ(stored("h"), 3u);
  advance_ms(1);
  EXPECT_EQ(stored("h"), 2u);
  advance_ms(50);
  EXPECT_EQ(rooms().keyspace.database(0).size(), 1u) << "an emptied hash vanishes";
  advance_ms(50);
  EXPECT_EQ(call("HGETALL h"), array("c", "3"));
  const Bytes info = call("INFO stats").text;
  EXPECT_NE(info.find("expired_subkeys:4\r\n"), Bytes::npos);
  EXPECT_NE(info.find("expired_keys:0\r\n"), Bytes::npos);
  EXPECT_NE(call("INFO keyspace").text.find("db0:keys=1,expires=0,avg_ttl=0,subexpiry=0"), Bytes::npos);
  call("SET short v PX 1000");
  call("SET long v PX 2001");
  EXPECT_NE(call("INFO keyspace").text.find("db0:keys=3,expires=2,avg_ttl=1500,subexpiry=0"), Bytes::npos);
  call("DEL short long");
  call("HEXPIRE h 10 FIELDS 1 c");
  EXPECT_NE(call("INFO keyspace").text.find("subexpiry=1"), Bytes::npos);
}

TEST_F(HashLifetimeTest, DebugCanLeaveThemAlone) {
  config.debug_commands = DebugAccess::kLocal;
  restart();
  call("DEBUG SET-ACTIVE-EXPIRE 0");
  call("HSETEX h PX 100 FIELDS 2 a 1 b 2");
  call("HSET h c 3");
  advance_ms(200);
  EXPECT_EQ(stored("h"), 3u);
  EXPECT_EQ(call("HGETALL h"), array("c", "3"));
  tick();
  EXPECT_EQ(stored("h"), 1u) << "somebody met one: a record bears witness of the time";
}

TEST_F(HashLifetimeTest, LifetimesMoveWithTheirKey) {
  call("HSET h a 1 b 2");
  call("HPEXPIRE h 1000 FIELDS 1 a");
  EXPECT_EQ(call("COPY h copy"), integer(1));
  EXPECT_EQ(call("COPY h h DB 3"), integer(1));
  call("RENAME h renamed");
  EXPECT_EQ(call("HPTTL copy FIELDS 2 a b"), array(1000, -1));
  EXPECT_EQ(call("HPTTL renamed FIELDS 2 a b"), array(1000, -1));
  EXPECT_EQ(call("MOVE copy 3"), integer(1));
  call("HPERSIST renamed FIELDS 1 a");
  call("SWAPDB 3 4");
  advance_ms(1001);
  EXPECT_EQ(call("HGETALL renamed"), array("a", "1", "b", "2"));
  call("SELECT 4");
  EXPECT_EQ(call("HGETALL copy"), array("b", "2"));
  EXPECT_EQ(call("HGETALL h"), array("b", "2"));
  call("HEXPIRE h 10 FIELDS 1 b");
  call("SET h text");
  call("HEXPIRE copy 10 FIELDS 1 b");
  call("FLUSHDB");
  advance_ms(20000);
  EXPECT_EQ(call("DBSIZE"), integer(0));
}

TEST_F(HashLifetimeTest, EncodingSaysSo) {
  call("HSET h a 1");
  EXPECT_EQ(call("OBJECT ENCODING h"), bulk("listpack"));
  call("HEXPIRE h 10 FIELDS 1 a");
  EXPECT_EQ(call("OBJECT ENCODING h"), bulk("listpackex"));
  call("COPY h copy");
  EXPECT_EQ(call("OBJECT ENCODING copy"), bulk("listpackex"));
  call("HPERSIST h FIELDS 1 a");
  EXPECT_EQ(call("OBJECT ENCODING h"), bulk("listpackex"));
  client().call_words({"HSET", "h", "long", Bytes(65, 'x')});
  EXPECT_EQ(call("OBJECT ENCODING h"), bulk("hashtable"));
  call("HEXPIRE h 10 FIELDS 1 a");
  EXPECT_EQ(call("OBJECT ENCODING h"), bulk("hashtable"));
  restart();
  EXPECT_EQ(call("OBJECT ENCODING copy"), bulk("listpackex"));
}

TEST_F(HashLifetimeTest, Hgetdel) {
  call("HSET h a 1 b 2 c 3");
  call("HEXPIRE h 10 FIELDS 1 a");
  EXPECT_EQ(call("HGETDEL h FIELDS 4 a none c a"), array("1", null(), "3", null()));
  EXPECT_EQ(call("HGETALL h"), array("b", "2"));
  EXPECT_EQ(call("HGETDEL h FIELDS 1 b"), array("2"));
  EXPECT_EQ(call("EXISTS h"), integer(0));
}

TEST_F(HashLifetimeTest, Hgetex) {
  call("HSET h a 1 b 2 c 3");
  EXPECT_EQ(call("HGETEX h FIELDS 2 a none"), array("1", null()));
  EXPECT_EQ(call("HTTL h FIELDS 1 a"), array(-1));
  EXPECT_EQ(call("HGETEX h EX 100 FIELDS 2 a none"), array("1", null()));
  EXPECT_EQ(call("HGETEX h PX 50000 FIELDS 1 b"), array("2"));
  EXPECT_EQ(call("HTTL h FIELDS 3 a b none"), array(100, 50, -2));
  EXPECT_EQ(call("HGETEX h FIELDS 1 a"), array("1"));
  EXPECT_EQ(call("HTTL h FIELDS 1 a"), array(100)) << "no option leaves it as it is";
  EXPECT_EQ(call("HGETEX h EXAT 1900000000 FIELDS 1 a"), array("1"));
  EXPECT_EQ(call("HGETEX h PXAT 1900000001000 FIELDS 1 b"), array("2"));
  EXPECT_EQ(call("HEXPIRETIME h FIELDS 2 a b"), array(1900000000, 1900000001));
  EXPECT_EQ(call("HGETEX h PERSIST FIELDS 3 a a c"), array("1", "1", "3"));
  EXPECT_EQ(call("HTTL h FIELDS 2 a b").items[0], integer(-1));
  EXPECT_EQ(call("HGETEX h PX 0 FIELDS 2 a a"), array("1", null())) << "a time that has come deletes";
  EXPECT_EQ(call("HGETEX h EXAT 1 FIELDS 2 b c"), array("2", "3"));
  EXPECT_EQ(call("EXISTS h"), integer(0));
}

TEST_F(HashLifetimeTest, Hsetex) {
  EXPECT_EQ(call("HSETEX h FXX FIELDS 1 a 1"), integer(0));
  EXPECT_EQ(call("EXISTS h"), integer(0));
  EXPECT_EQ(call("HSETEX h FNX EX 60 FIELDS 2 a 1 b 2"), integer(1));
  EXPECT_EQ(call("HTTL h FIELDS 2 a b"), array(60, 60));
  EXPECT_EQ(call("HSETEX h FNX FIELDS 2 b 9 c 9"), integer(0)) << "one is there";
  EXPECT_EQ(call("HSETEX h FXX FIELDS 2 b 9 c 9"), integer(0)) << "one is not";
  EXPECT_EQ(call("HSETEX h KEEPTTL FXX FIELDS 1 b 3"), integer(1));
  EXPECT_EQ(call("HSETEX h KEEPTTL FIELDS 2 a 4 c 5"), integer(1));
  EXPECT_EQ(call("HGETALL h"), array("a", "4", "b", "3", "c", "5"));
  EXPECT_EQ(call("HTTL h FIELDS 3 a b c"), array(60, 60, -1));
  EXPECT_EQ(call("HSETEX h FIELDS 1 a 6"), integer(1));
  EXPECT_EQ(call("HTTL h FIELDS 1 a"), array(-1)) << "set anew";
  EXPECT_EQ(call("HSETEX h PXAT 1900000000000 FIELDS 1 a 6"), integer(1));
  EXPECT_EQ(call("HSETEX h EXAT 1900000001 FIELDS 1 b 6"), integer(1));
  EXPECT_EQ(call("HEXPIRETIME h FIELDS 2 a b"), array(1900000000, 1900000001));
  EXPECT_EQ(call("HSETEX h PX 0 FIELDS 1 a 7"), integer(1));
  EXPECT_EQ(call("HSETEX h EXAT 5 FIELDS 2 b 1 c 2"), integer(1));
  EXPECT_EQ(call("EXISTS h"), integer(0));
  EXPECT_EQ(call("HSETEX h PX 0 FIELDS 1 a 7"), integer(1));
  EXPECT_EQ(call("EXISTS h"), integer(0));
}

TEST_F(HashLifetimeTest, ShapesInResp3) {
  call("HELLO 3");
  call("HSET h a 1");
  EXPECT_EQ(call("HEXPIRE h 10 FIELDS 2 a none"), array(1, -2));
  EXPECT_EQ(call("HTTL h FIELDS 2 a none"), array(10, -2));
  EXPECT_EQ(call("HGETEX h FIELDS 2 a none"), array("1", null3()));
  EXPECT_EQ(call("HGETDEL h FIELDS 2 a none"), array("1", null3()));
  EXPECT_EQ(call("HSETEX h FIELDS 1 a 1"), integer(1));
}

// One time for all of a script, and of a transaction.
TEST_F(HashLifetimeTest, ScriptsAndTransactions) {
  EXPECT_EQ(call("EVAL \"redis.call('HSETEX',KEYS[1],'PX','100','FIELDS','1','a','1') "
                 "return redis.call('HPTTL',KEYS[1],'FIELDS','2','a','b')\" 1 h"),
            array(100, -2));
  EXPECT_EQ(call("EVAL_RO \"return redis.call('HEXPIRE',KEYS[1],'1','FIELDS','1','a')\" 1 h").type, '-');
  call("MULTI");
  call("HPEXPIRE h 50 FIELDS 1 a");
  call("HPTTL h FIELDS 1 a");
  call("HGETDEL h FIELDS 1 a");
  EXPECT_EQ(call("EXEC"), array(array(1), array(50), array("1")));
}

TEST_F(HashLifetimeTest, AFieldThatGoesIsAChangeToWatchers) {
  call("HSET h a 1 b 2");
  call("HPEXPIRE h 100 FIELDS 1 a");
  call("WATCH h");
  advance_ms(101);
  call("MULTI");
  call("PING");
  EXPECT_EQ(call("EXEC"), null_array());
}

TEST_F(HashLifetimeTest, LongNamesAndValues) {
  const Bytes name(5000, 'n'), value(5000, 'v');
  client().call_words({"HSETEX", "h", "PX", "1000", "FIELDS", "2", name, value, "short", value});
  EXPECT_EQ(client().call_words({"HPTTL", "h", "FIELDS", "1", name}), array(1000));
  call("COPY h copy");
  restart();
  EXPECT_EQ(client().call_words({"HPTTL", "copy", "FIELDS", "2", name, "short"}), array(1000, 1000));
  EXPECT_EQ(client().call_words({"HPERSIST", "copy", "FIELDS", "1", name}), array(1));
  advance_ms(1001);
  EXPECT_EQ(call("KEYS *"), array("copy"));
  EXPECT_EQ(call("HLEN copy"), integer(1));
}

// Many fields in one hash: all by themselves, each at its time, also over starts and a snapshot in between.
TEST_F(HashLifetimeTest, ManyFields) {
  constexpr int kFields = 20000;
  for (int i = 0; i < kFields; ++i) {
    const Bytes name = "f" + std::to_string(i);
    client().call_words({"HSETEX", "h", "PX", std::to_string(1000 + i % 100), "FIELDS", "1", name, "v"});
  }
  call("HSET h stays v");
  EXPECT_EQ(call("HLEN h"), integer(kFields + 1));
  EXPECT_TRUE(broker().save().ok());
  advance_ms(1049);
  EXPECT_EQ(call("HLEN h"), integer(kFields / 2 + 1));
  restart();
  EXPECT_EQ(call("HLEN h"), integer(kFields / 2 + 1));
  EXPECT_EQ(call("HPTTL h FIELDS 1 f99"), array(50));
  EXPECT_TRUE(broker().save().ok());
  pass_ms(20);
  std::set<Bytes> seen;
  Bytes cursor = "0";
  do {
    const Reply page = call("HSCAN h " + cursor + " COUNT 100 NOVALUES");
    cursor = page.items[0].text;
    for (const Reply& field : page.items[1].items) EXPECT_TRUE(seen.insert(field.text).second);
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), kFields * 30 / 100 + 1u);
  restart_after_power_cut(7);
  advance_ms(30);
  EXPECT_EQ(call("HGETALL h"), array("stays", "v"));
}

// Half of them due and not purged, by every way to pick some.
TEST_F(HashLifetimeTest, RandomFieldsAmongManyDue) {
  for (int i = 0; i < 300; ++i) {
    const Bytes name = std::to_string(i);
    client().call_words({"HSETEX", "h", "PXAT", in_ms(i % 100 == 0 ? 9000 : 1000), "FIELDS", "1", name, "v"});
  }
  pass_ms(1001);
  client().send_without_tick("HRANDFIELD h -50");
  client().send_without_tick("HRANDFIELD h 300");
  client().send_without_tick("HRANDFIELD h 2");
  client().send_without_tick("HLEN h");
  tick();
  for (const Reply& picked : client().reply().items) EXPECT_TRUE(std::stoi(picked.text) % 100 == 0) << picked;
  EXPECT_EQ(client().reply().items.size(), 3u);
  EXPECT_EQ(client().reply().items.size(), 2u);
  EXPECT_EQ(client().reply(), integer(3));
}

}  // namespace leat::testing
