// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class StringTest : public BrokerTest {};

TEST_F(StringTest, SetWithItsOptions) {
  EXPECT_EQ(call("SET k v"), ok());
  EXPECT_EQ(call("GET k"), bulk("v"));
  EXPECT_EQ(call("SET k w NX"), null());
  EXPECT_EQ(call("SET none w XX"), null());
  EXPECT_EQ(call("SET k w XX GET"), bulk("v"));
  EXPECT_EQ(call("SET k x NX GET"), bulk("w"));
  EXPECT_EQ(call("SET k v EX 10"), ok());
  EXPECT_EQ(call("TTL k"), integer(10));
  EXPECT_EQ(call("SET k v KEEPTTL"), ok());
  EXPECT_EQ(call("PTTL k"), integer(10000));
  EXPECT_EQ(call("SET k v"), ok());
  EXPECT_EQ(call("TTL k"), integer(-1));
  EXPECT_EQ(call("SET k v EX 0"), error("ERR invalid expire time in 'set' command"));
  EXPECT_EQ(call("SET k v EX 9223372036854775807"), error("ERR invalid expire time in 'set' command"));
  EXPECT_EQ(call("SET k v EX x"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("SET k v EX 1 PX 1"), error("ERR syntax error"));
  EXPECT_EQ(call("SET k v NX XX"), error("ERR syntax error"));
  EXPECT_EQ(call("SET k v EX"), error("ERR syntax error"));
  EXPECT_EQ(call("SET k"), error("ERR wrong number of arguments for 'set' command"));
}

TEST_F(StringTest, SetReplacesAnyType) {
  call("RPUSH l a");
  EXPECT_EQ(call("SET l v GET"), error("WRONGTYPE Operation against a key holding the wrong kind of value"));
  EXPECT_EQ(call("SET l v"), ok());
  EXPECT_EQ(call("TYPE l"), simple("string"));
}

TEST_F(StringTest, CountsUpAndDown) {
  EXPECT_EQ(call("INCR n"), integer(1));
  EXPECT_EQ(call("DECRBY n 5"), integer(-4));
  call("EXPIRE n 100");
  EXPECT_EQ(call("INCRBY n 10"), integer(6));
  EXPECT_EQ(call("TTL n"), integer(100));
  call("SET n 9223372036854775807");
  EXPECT_EQ(call("INCR n"), error("ERR increment or decrement would overflow"));
  call("SET n 1.5");
  EXPECT_EQ(call("INCR n"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("INCRBYFLOAT n 0.1"), bulk("1.6"));
  EXPECT_EQ(call("INCRBYFLOAT n 5.0e3"), bulk("5001.60000000000000009"));  // as Redis' long double prints it
  EXPECT_EQ(call("INCRBYFLOAT n x"), error("ERR value is not a valid float"));
  EXPECT_EQ(call("INCRBYFLOAT n inf").type, '-');
  EXPECT_EQ(call("DECRBY n -9223372036854775808"), error("ERR decrement would overflow"));
}

TEST_F(StringTest, PartsOfAString) {
  EXPECT_EQ(call("APPEND s abc"), integer(3));
  EXPECT_EQ(call("APPEND s def"), integer(6));
  EXPECT_EQ(call("GETRANGE s 1 -2"), bulk("bcde"));
  EXPECT_EQ(call("GETRANGE s 0 -100"), bulk("a"));
  EXPECT_EQ(call("GETRANGE s 5 1"), bulk(""));
  EXPECT_EQ(call("SETRANGE s 8 x"), integer(9));
  EXPECT_EQ(call("GET s"), bulk(Bytes("abcdef\0\0x", 9)));
  EXPECT_EQ(call("SETRANGE s -1 x"), error("ERR offset is out of range"));
  EXPECT_EQ(call("SETRANGE s 536870912 x"), error("ERR string exceeds maximum allowed size (proto-max-bulk-len)"));
  EXPECT_EQ(call("SETRANGE s 9223372036854775807 x"),
            error("ERR string exceeds maximum allowed size (proto-max-bulk-len)"));
  EXPECT_EQ(call("SETRANGE none 0 \"\""), integer(0));
  EXPECT_EQ(call("EXISTS none"), integer(0));
  EXPECT_EQ(call("STRLEN s"), integer(9));
}

TEST_F(StringTest, LongStringsGrowInPlace) {
  const Bytes part(3000, 'x');
  for (int i = 0; i < 100; ++i) client().call_words({"APPEND", "s", part});
  EXPECT_EQ(call("STRLEN s"), integer(300000));
  client().call_words({"SETRANGE", "s", "299999", "yz"});
  restart();
  EXPECT_EQ(call("GETRANGE s 299998 -1"), bulk("xyz"));
}

TEST_F(StringTest, SeveralAtOnce) {
  EXPECT_EQ(call("MSET a 1 b 2 a 3"), ok());
  EXPECT_EQ(call("MGET a b none"), array("3", "2", null()));
  EXPECT_EQ(call("MSETNX c 1 a 2"), integer(0));
  EXPECT_EQ(call("MSETNX c 1 d 2"), integer(1));
  EXPECT_EQ(call("MSET a"), error("ERR wrong number of arguments for 'mset' command"));
  EXPECT_EQ(call("MSET a 1 b"), error("ERR wrong number of arguments for 'mset' command"));
}

TEST_F(StringTest, GetAndChange) {
  call("SET k v");
  EXPECT_EQ(call("GETSET k w"), bulk("v"));
  EXPECT_EQ(call("GETEX k PX 500"), bulk("w"));
  EXPECT_EQ(call("PTTL k"), integer(500));
  EXPECT_EQ(call("GETEX k PERSIST"), bulk("w"));
  EXPECT_EQ(call("TTL k"), integer(-1));
  EXPECT_EQ(call("GETEX k EXAT 1"), bulk("w"));
  EXPECT_EQ(call("EXISTS k"), integer(0));
  EXPECT_EQ(call("GETDEL k"), null());
  call("SETEX k 10 v");
  EXPECT_EQ(call("GETDEL k"), bulk("v"));
  EXPECT_EQ(call("SETEX k 0 v"), error("ERR invalid expire time in 'setex' command"));
  EXPECT_EQ(call("PSETEX k -1 v"), error("ERR invalid expire time in 'psetex' command"));
}

TEST_F(StringTest, LongestCommonSubsequence) {
  call("MSET a ohmytext b mynewtext");
  EXPECT_EQ(call("LCS a b"), bulk("mytext"));
  EXPECT_EQ(call("LCS a b LEN"), integer(6));
  EXPECT_EQ(call("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN"),
            array("matches", array(array(array(4, 7), array(5, 8), 4)), "len", 6));
  EXPECT_EQ(call("LCS a b IDX"),
            array("matches", array(array(array(4, 7), array(5, 8)), array(array(2, 3), array(0, 1))), "len", 6));
  EXPECT_EQ(call("LCS a b IDX MINMATCHLEN -5 withmatchlen").items[1].items.size(), 2u);
  EXPECT_EQ(call("LCS a none"), bulk(""));
  EXPECT_EQ(call("LCS none a LEN"), integer(0));
  EXPECT_EQ(call("LCS none a IDX"), array("matches", array(), "len", 0));
  EXPECT_EQ(call("LCS a b LEN IDX"), error("ERR If you want both the length and indexes, please just use IDX."));
  EXPECT_EQ(call("LCS a b MINMATCHLEN"), error("ERR syntax error"));
  EXPECT_EQ(call("LCS a b MINMATCHLEN x"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("LCS a"), error("ERR wrong number of arguments for 'lcs' command"));
  call("RPUSH l x");
  EXPECT_EQ(call("LCS a l"), error("ERR The specified keys must contain string values"));
  call("HELLO 3");
  EXPECT_EQ(call("LCS none a IDX"), map("matches", array(), "len", 0));
}

// A table of four million cells is half a megabyte; one that would be too large is refused before it is made.
TEST_F(StringTest, LongestCommonSubsequenceOfLongStrings) {
  Bytes a, b;
  for (int i = 0; i < 2000; ++i) a += static_cast<char>('a' + i * i % 7), b += static_cast<char>('a' + i % 5);
  client().call_words({"MSET", "a", a, "b", b, "long", Bytes(200'000, 'x')});
  const Reply common = call("LCS a b");
  EXPECT_EQ(call("LCS a b LEN"), integer(static_cast<int64_t>(common.text.size())));
  for (const Bytes& whole : {a, b}) {  // it is a subsequence of both
    size_t matched = 0;
    for (const char c : whole) matched += matched < common.text.size() && common.text[matched] == c;
    EXPECT_EQ(matched, common.text.size());
  }
  EXPECT_EQ(call("LCS a a"), bulk(a));
  EXPECT_EQ(call("LCS long long LEN"),
            error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"));
}

TEST_F(StringTest, EncodingLabels) {
  call("MSET i 12 e short");
  client().call_words({"SET", "r", Bytes(45, 'x')});
  call("APPEND i x");
  EXPECT_EQ(call("OBJECT ENCODING e"), bulk("embstr"));
  EXPECT_EQ(call("OBJECT ENCODING r"), bulk("raw"));
  EXPECT_EQ(call("OBJECT ENCODING i"), bulk("raw"));
  call("SET i 12");
  EXPECT_EQ(call("OBJECT ENCODING i"), bulk("int"));
}

}  // namespace leat::testing
