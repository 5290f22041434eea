// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

namespace {
constexpr View kWrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
}  // namespace

class BitmapTest : public BrokerTest {
 protected:
  // What INFO says the log holds.
  size_t log_bytes() {
    const Bytes info = call("INFO persistence").text;
    return std::stoul(info.substr(info.find("log_bytes:") + 10));
  }
  void set(const Bytes& key, const Bytes& value) { EXPECT_EQ(client().call_words({"SET", key, value}), ok()); }
};

TEST_F(BitmapTest, SetAndGetBits) {
  EXPECT_EQ(call("SETBIT k 7 1"), integer(0));
  EXPECT_EQ(call("SETBIT k 7 0"), integer(1));
  EXPECT_EQ(call("SETBIT k 0 1"), integer(0));
  EXPECT_EQ(call("GET k"), bulk("\x80"));
  EXPECT_EQ(call("SETBIT k 17 1"), integer(0));
  EXPECT_EQ(call("GET k"), bulk(Bytes("\x80\0\x40", 3)));
  EXPECT_EQ(call("GETBIT k 17"), integer(1));
  EXPECT_EQ(call("GETBIT k 18"), integer(0));
  EXPECT_EQ(call("GETBIT k 4294967295"), integer(0));
  EXPECT_EQ(call("GETBIT none 0"), integer(0));
  EXPECT_EQ(call("SETBIT zero 9 0"), integer(0));
  EXPECT_EQ(call("STRLEN zero"), integer(2));
  EXPECT_EQ(call("OBJECT ENCODING k"), bulk("raw"));
}

TEST_F(BitmapTest, BitsKeepTheExpiry) {
  call("SET k v EX 100");
  call("SETBIT k 1 0");
  EXPECT_EQ(call("TTL k"), integer(100));
  advance_ms(100'000);
  EXPECT_EQ(call("SETBIT k 1 1"), integer(0));
  EXPECT_EQ(call("GET k"), bulk("@"));
  EXPECT_EQ(call("TTL k"), integer(-1));
}

TEST_F(BitmapTest, WhatSetbitAndGetbitRefuse) {
  const Reply offset = error("ERR bit offset is not an integer or out of range");
  const Reply bit = error("ERR bit is not an integer or out of range");
  EXPECT_EQ(call("SETBIT k -1 1"), offset);
  EXPECT_EQ(call("SETBIT k 4294967296 1"), offset);  // 512 MiB
  EXPECT_EQ(call("SETBIT k x 1"), offset);
  EXPECT_EQ(call("GETBIT k 9223372036854775808"), offset);
  EXPECT_EQ(call("SETBIT k 0 2"), bit);
  EXPECT_EQ(call("SETBIT k 0 -1"), bit);
  EXPECT_EQ(call("SETBIT k 0 x"), bit);
  EXPECT_EQ(call("SETBIT k 0"), error("ERR wrong number of arguments for 'setbit' command"));
  call("RPUSH l a");
  EXPECT_EQ(call("SETBIT l 0 1"), error(kWrongType));
  EXPECT_EQ(call("SETBIT l 0 2"), bit);  // first
  EXPECT_EQ(call("GETBIT l 0"), error(kWrongType));
  EXPECT_EQ(call("EXISTS k"), integer(0));
}

TEST_F(BitmapTest, ABitOfALongStringIsAFewBytesOfLog) {
  set("long", Bytes(1'000'000, 'x'));
  const size_t before = log_bytes();
  EXPECT_EQ(call("SETBIT long 4000000 1"), integer(0));
  EXPECT_EQ(call("BITFIELD long INCRBY u16 #1000 5"), array(30845));
  EXPECT_LT(log_bytes() - before, 600u) << "two small records";
  const size_t then = log_bytes();
  EXPECT_EQ(call("SETBIT long 4000000 1"), integer(1));
  EXPECT_EQ(log_bytes(), then) << "nothing has changed";
  restart();
  EXPECT_EQ(call("GETBIT long 4000000"), integer(1));
  EXPECT_EQ(call("GETRANGE long 2000 2001"), bulk("x}"));
}

TEST_F(BitmapTest, CountsBits) {
  call("SET k foobar");
  EXPECT_EQ(call("BITCOUNT k"), integer(26));
  EXPECT_EQ(call("BITCOUNT k 0 0"), integer(4));
  EXPECT_EQ(call("BITCOUNT k 1 1"), integer(6));
  EXPECT_EQ(call("BITCOUNT k 1 1 BYTE"), integer(6));
  EXPECT_EQ(call("BITCOUNT k 5 30 bit"), integer(17));
  EXPECT_EQ(call("BITCOUNT k -2 -1"), integer(7));
  EXPECT_EQ(call("BITCOUNT k -1 -2"), integer(0));
  EXPECT_EQ(call("BITCOUNT k 0 1000"), integer(26));
  EXPECT_EQ(call("BITCOUNT k -1000 0"), integer(4));
  EXPECT_EQ(call("BITCOUNT k 7 9"), integer(0));
  EXPECT_EQ(call("BITCOUNT k 3 3 BIT"), integer(0));
  EXPECT_EQ(call("BITCOUNT k 1 1 BIT"), integer(1));
  EXPECT_EQ(call("BITCOUNT none 0 -1"), integer(0));
  EXPECT_EQ(call("BITCOUNT k 0"), error("ERR syntax error"));
  EXPECT_EQ(call("BITCOUNT none 0"), error("ERR syntax error"));  // the words come before the key, since 7.4
  EXPECT_EQ(call("BITCOUNT k 0 1 BITS"), error("ERR syntax error"));
  EXPECT_EQ(call("BITCOUNT k 0 1 BIT x"), error("ERR syntax error"));
  EXPECT_EQ(call("BITCOUNT k x 1"), error("ERR value is not an integer or out of range"));
  call("RPUSH l a");
  EXPECT_EQ(call("BITCOUNT l"), error(kWrongType));
  set("long", Bytes(100'001, '\x13'));
  EXPECT_EQ(call("BITCOUNT long"), integer(300'003));
  EXPECT_EQ(call("BITCOUNT long 3 -3"), integer(3 * (100'001 - 5)));
}

TEST_F(BitmapTest, FindsBits) {
  set("k", Bytes("\xff\xf0\x00", 3));
  EXPECT_EQ(call("BITPOS k 0"), integer(12));
  EXPECT_EQ(call("BITPOS k 1"), integer(0));
  EXPECT_EQ(call("BITPOS k 1 2"), integer(-1));
  EXPECT_EQ(call("BITPOS k 0 0 0"), integer(-1));
  EXPECT_EQ(call("BITPOS k 1 7 15 BIT"), integer(7));
  EXPECT_EQ(call("BITPOS k 1 7 -3 BIT"), integer(7));
  EXPECT_EQ(call("BITPOS k 1 12 23 BIT"), integer(-1));
  EXPECT_EQ(call("BITPOS k 0 1 -1 BYTE"), integer(12));
  set("ones", "\xff\xff\xff");
  EXPECT_EQ(call("BITPOS ones 0"), integer(24));  // zeros follow
  EXPECT_EQ(call("BITPOS ones 0 1"), integer(24));
  EXPECT_EQ(call("BITPOS ones 0 0 -1"), integer(-1));  // not within an end
  EXPECT_EQ(call("BITPOS ones 0 5"), integer(-1));
  EXPECT_EQ(call("BITPOS ones 1 3"), integer(-1));
  EXPECT_EQ(call("BITPOS none 0"), integer(0));
  EXPECT_EQ(call("BITPOS none 1"), integer(-1));
  EXPECT_EQ(call("BITPOS none 0 5 7"), integer(0));
  set("empty", "");
  EXPECT_EQ(call("BITPOS empty 0"), integer(-1));
  EXPECT_EQ(call("BITPOS k 2"), error("ERR The bit argument must be 1 or 0."));
  EXPECT_EQ(call("BITPOS k x"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("BITPOS k 1 0 1 bits"), error("ERR syntax error"));
  EXPECT_EQ(call("BITPOS k 1 0 1 bit 1"), error("ERR syntax error"));
  call("RPUSH l a");
  EXPECT_EQ(call("BITPOS l 1"), error(kWrongType));
  set("far", Bytes(100'000, '\0') + "\x01");
  EXPECT_EQ(call("BITPOS far 1"), integer(800'007));
  EXPECT_EQ(call("BITPOS far 1 3 100000"), integer(800'007));
  EXPECT_EQ(call("BITPOS far 1 3 99999"), integer(-1));
}

TEST_F(BitmapTest, CombinesStrings) {
  set("a", "abcdefghij");
  set("b", "foobar");
  EXPECT_EQ(call("BITOP AND to a b"), integer(10));
  EXPECT_EQ(call("GET to"), bulk(Bytes("`bc`ab\0\0\0\0", 10)));
  EXPECT_EQ(call("BITOP OR to a b none"), integer(10));
  EXPECT_EQ(call("GET to"), bulk("goofevghij"));
  EXPECT_EQ(call("BITOP XOR to a b"), integer(10));
  EXPECT_EQ(call("GET to"), bulk("\a\r\f\x06\x04\x14ghij"));
  EXPECT_EQ(call("BITOP not to b"), integer(6));
  EXPECT_EQ(call("GET to"), bulk("\x99\x90\x90\x9d\x9e\x8d"));
  EXPECT_EQ(call("OBJECT ENCODING to"), bulk("raw"));
  EXPECT_EQ(call("BITOP AND to a none"), integer(10));
  EXPECT_EQ(call("GET to"), bulk(Bytes(10, '\0')));
  call("RPUSH l x");
  EXPECT_EQ(call("BITOP AND l a"), integer(10));  // whatever the destination held
  EXPECT_EQ(call("GET l"), bulk("abcdefghij"));
  call("SET to x EX 100");
  EXPECT_EQ(call("BITOP OR to b"), integer(6));
  EXPECT_EQ(call("TTL to"), integer(-1));
  EXPECT_EQ(call("BITOP OR to none none"), integer(0));
  EXPECT_EQ(call("EXISTS to"), integer(0));
  EXPECT_EQ(call("BITOP NOT b b"), integer(6));  // onto itself
}

// Bits of the sources' eight combinations, so that each operation's table of truth is its answer.
TEST_F(BitmapTest, OperationsOfRedis8) {
  set("x", "\x0f");
  set("y", "\x33");
  set("z", "\x55");
  const auto combined = [&](const Bytes& words) {
    EXPECT_EQ(call("BITOP " + words), integer(1));
    return static_cast<int>(static_cast<uint8_t>(call("GET to").text[0]));
  };
  EXPECT_EQ(combined("DIFF to x y z"), 0x0f & ~(0x33 | 0x55));
  EXPECT_EQ(combined("DIFF1 to x y z"), ~0x0f & (0x33 | 0x55) & 0xff);
  EXPECT_EQ(combined("ANDOR to x y z"), 0x0f & (0x33 | 0x55));
  EXPECT_EQ(combined("ONE to x y z"), 0b01101000);
  EXPECT_EQ(combined("one to x"), 0x0f);
  EXPECT_EQ(combined("DIFF to none x"), 0);
  EXPECT_EQ(combined("DIFF1 to none x"), 0x0f);
  EXPECT_EQ(combined("ANDOR to x none"), 0);
  set("longer", "\xf0\xff");
  EXPECT_EQ(call("BITOP DIFF to longer x"), integer(2));
  EXPECT_EQ(call("GET to"), bulk("\xf0\xff"));
  EXPECT_EQ(call("BITOP ONE to longer x"), integer(2));
  EXPECT_EQ(call("GET to"), bulk("\xff\xff"));
  EXPECT_EQ(call("BITOP DIFF to x"), error("ERR BITOP DIFF must be called with at least two source keys."));
  EXPECT_EQ(call("BITOP diff1 to x"), error("ERR BITOP DIFF1 must be called with at least two source keys."));
  EXPECT_EQ(call("BITOP ANDOR to x"), error("ERR BITOP ANDOR must be called with at least two source keys."));
}

TEST_F(BitmapTest, WhatBitopRefuses) {
  EXPECT_EQ(call("BITOP NOT to a b"), error("ERR BITOP NOT must be called with a single source key."));
  EXPECT_EQ(call("BITOP NAND to a b"), error("ERR syntax error"));
  EXPECT_EQ(call("BITOP AND to"), error("ERR wrong number of arguments for 'bitop' command"));
  call("RPUSH l x");
  EXPECT_EQ(call("BITOP AND to none l"), error(kWrongType));
}

TEST_F(BitmapTest, Fields) {
  EXPECT_EQ(call("BITFIELD k SET u8 0 200 GET u8 0 GET i8 0 INCRBY u4 4 3"), array(0, 200, -56, 11));
  EXPECT_EQ(call("GET k"), bulk("\xcb"));
  EXPECT_EQ(call("BITFIELD k SET i5 3 -1 GET u5 3 GET i5 3"), array(11, 31, -1));
  EXPECT_EQ(call("BITFIELD k GET u8 #0 SET u8 #2 65"), array(223, 0));
  EXPECT_EQ(call("GET k"), bulk(Bytes("\xdf\0A", 3)));
  EXPECT_EQ(call("BITFIELD k SET i64 3 -9223372036854775808").items.size(), 1u);
  EXPECT_EQ(call("BITFIELD k GET i64 3 GET u63 4 GET u3 0"), array(integer(INT64_MIN), 0, 6));
  EXPECT_EQ(call("BITFIELD k"), array());
  EXPECT_EQ(call("BITFIELD none GET u8 0"), array(0));
  EXPECT_EQ(call("EXISTS none"), integer(0));
}

TEST_F(BitmapTest, FieldsThatOverflow) {
  EXPECT_EQ(call("BITFIELD k SET u2 0 3 INCRBY u2 0 2"), array(0, 1));
  EXPECT_EQ(call("BITFIELD k SET u2 0 3 OVERFLOW SAT INCRBY u2 0 2 INCRBY u2 0 -9"), array(1, 3, 0));
  EXPECT_EQ(call("BITFIELD k SET u2 0 3 OVERFLOW FAIL INCRBY u2 0 1 SET u2 0 4 GET u2 0"), array(0, null(), null(), 3));
  EXPECT_EQ(call("BITFIELD s SET i8 0 127 INCRBY i8 0 1"), array(0, -128));
  EXPECT_EQ(call("BITFIELD s OVERFLOW SAT INCRBY i8 0 -1 INCRBY i8 0 1000"), array(-128, 127));
  EXPECT_EQ(call("BITFIELD s OVERFLOW SAT SET u8 0 -1 GET u8 0"), array(127, 255));
  EXPECT_EQ(call("BITFIELD s SET i64 0 9223372036854775807 INCRBY i64 0 1"),
            array(integer(-72057594037927936), integer(INT64_MIN)));
  EXPECT_EQ(call("BITFIELD s OVERFLOW SAT INCRBY i64 0 -1"), array(integer(INT64_MIN)));
  EXPECT_EQ(call("BITFIELD s OVERFLOW FAIL INCRBY i64 0 -1"), array(null()));
  EXPECT_EQ(call("BITFIELD s SET u63 1 9223372036854775807 INCRBY u63 1 1"), array(0, 0));
  EXPECT_EQ(call("BITFIELD grown OVERFLOW FAIL INCRBY u8 100 300"), array(null()));
  EXPECT_EQ(call("STRLEN grown"), integer(14));  // it grows first, as in Redis
  call("HELLO 3");
  EXPECT_EQ(call("BITFIELD k OVERFLOW FAIL SET u2 0 4"), array(null3()));
}

TEST_F(BitmapTest, WhatBitfieldRefuses) {
  const Reply type = error(
      "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 "
      "is.");
  const Reply offset = error("ERR bit offset is not an integer or out of range");
  for (const Bytes wrong : {"u64", "i65", "u0", "x8", "u", "8"})
    EXPECT_EQ(call("BITFIELD k GET " + wrong + " 0"), type);
  EXPECT_EQ(call("BITFIELD k GET u8 -1"), offset);
  EXPECT_EQ(call("BITFIELD k GET u8 #x"), offset);
  EXPECT_EQ(call("BITFIELD k GET u8 #4611686018427387904"), offset);
  EXPECT_EQ(call("BITFIELD k SET u8 4294967296 1"), offset);
  EXPECT_EQ(call("BITFIELD k SET u8 0 x"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("BITFIELD k OVERFLOW NONE"), error("ERR Invalid OVERFLOW type specified"));
  EXPECT_EQ(call("BITFIELD k GET u8"), error("ERR syntax error"));
  EXPECT_EQ(call("BITFIELD k SET u8 0"), error("ERR syntax error"));
  EXPECT_EQ(call("BITFIELD_RO k SET u8 0 1"), error("ERR BITFIELD_RO only supports the GET subcommand"));
  EXPECT_EQ(call("BITFIELD_RO k OVERFLOW SAT GET u8 0"), array(0));
  call("RPUSH l a");
  EXPECT_EQ(call("BITFIELD l GET u8 0"), error(kWrongType));
  EXPECT_EQ(call("BITFIELD l SET u8 0 1"), error(kWrongType));
  EXPECT_EQ(call("BITFIELD_RO l GET u8 0"), error(kWrongType));
  EXPECT_EQ(call("EXISTS k"), integer(0));
}

TEST_F(BitmapTest, FromScriptsAndTransactions) {
  const auto eval = [&](const Bytes& name, const Bytes& body) { return client().call_words({name, body, "1", "k"}); };
  EXPECT_EQ(eval("EVAL", "redis.call('SETBIT', KEYS[1], 3, 1) return redis.call('BITCOUNT', KEYS[1])"), integer(1));
  EXPECT_EQ(eval("EVAL", "return redis.call('BITFIELD', KEYS[1], 'OVERFLOW', 'FAIL', 'SET', 'u1', 0, 2)"),
            array(null()));
  EXPECT_EQ(eval("EVAL_RO", "return redis.call('SETBIT', KEYS[1], 3, 1)").type, '-');
  EXPECT_EQ(eval("EVAL_RO", "return redis.call('BITFIELD_RO', KEYS[1], 'GET', 'u8', 0)"), array(16));
  call("WATCH k");
  call("SETBIT k 3 1");  // it is
  call("MULTI");
  call("GETBIT k 3");
  EXPECT_EQ(call("EXEC"), array(1));
}

TEST_F(BitmapTest, AsCommandDescribesThem) {
  const Reply bitop = call("COMMAND INFO BITOP").items[0];
  EXPECT_EQ(bitop.items[1], integer(-4));
  EXPECT_EQ(bitop.items[2], array(simple("write"), simple("denyoom")));
  EXPECT_EQ(bitop.items[3], integer(2));
  EXPECT_EQ(bitop.items[4], integer(-1));
  EXPECT_EQ(bitop.items[6], array(simple("@write"), simple("@bitmap"), simple("@slow")));
  EXPECT_EQ(call("COMMAND GETKEYS BITOP AND to a b"), array("to", "a", "b"));
}

}  // namespace leat::testing
