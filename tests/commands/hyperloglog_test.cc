// SPDX-License-Identifier: Apache-2.0
// What redis-server 7.0.15 holds after the same commands stands here as bytes and as SHA-1.
#include "tests/support/broker_test.h"

namespace leat::testing {

namespace {
const Reply kNotOne = error("WRONGTYPE Key is not a valid HyperLogLog string value.");
const Reply kCorrupted = error("INVALIDOBJ Corrupted HLL object detected");
}  // namespace

class HyperLogLogTest : public BrokerTest {
 protected:
  static Bytes header(char encoding, char stale = 0) {
    return Bytes("HYLL") + encoding + Bytes(10, '\0') + stale;
  }
  void add(const Bytes& key, int from, int to) {
    for (int i = from; i < to; ++i) client().call_words({"PFADD", key, "el:" + std::to_string(i)});
  }
  Bytes sha1(const Bytes& key) {
    return client().call_words({"EVAL", "return redis.sha1hex(redis.call('GET', KEYS[1]))", "1", key}).text;
  }
  void set(const Bytes& key, const Bytes& value) { client().call_words({"SET", key, value}); }
  size_t log_bytes() {
    const Bytes info = call("INFO persistence").text;
    return std::stoul(info.substr(info.find("log_bytes:") + 10));
  }
};

TEST_F(HyperLogLogTest, SparseAsRedisLaysItOut) {
  EXPECT_EQ(call("PFADD h a b c"), integer(1));
  const Bytes opcodes("\x60\xf3\x80P\xb1\x84K\xfb\x80" "BZ");
  EXPECT_EQ(call("GET h"), bulk(header(1, '\x80') + opcodes));
  EXPECT_EQ(call("PFDEBUG DECODE h"), bulk("Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603"));
  EXPECT_EQ(call("PFCOUNT h"), integer(3));
  Bytes counted = header(1) + opcodes;
  counted[8] = 3;
  EXPECT_EQ(call("GET h"), bulk(counted));
  EXPECT_EQ(call("PFADD h a b c"), integer(0));
  EXPECT_EQ(call("GET h"), bulk(counted)) << "nothing new was seen";
  EXPECT_EQ(call("OBJECT ENCODING h"), bulk("raw"));
}

TEST_F(HyperLogLogTest, BecomesDenseAsInRedis) {
  add("s", 0, 1000);
  EXPECT_EQ(call("PFDEBUG ENCODING s"), simple("sparse"));
  EXPECT_EQ(sha1("s"), "b0e8969ee5b29a5ed2c3297d7f011603ce69c251");
  add("s", 1000, 2000);
  EXPECT_EQ(call("PFDEBUG ENCODING s"), simple("dense"));
  EXPECT_EQ(call("STRLEN s"), integer(12304));
  EXPECT_EQ(sha1("s"), "65a0bedc1a8eda07bc5b8d0f71e252b5e86182e0");
  EXPECT_EQ(call("PFCOUNT s"), integer(1987));
  EXPECT_EQ(sha1("s"), "5f85c852296ef88d29d9f80e69003452ec66283c");
  call("PFADD h a b c");
  EXPECT_EQ(call("PFMERGE m h s"), ok());
  EXPECT_EQ(sha1("m"), "1cb8a774e4c6098efc9d211c8783b1ff3d9bf83e");
  EXPECT_EQ(call("PFCOUNT h s none"), integer(1990));
  EXPECT_EQ(call("PFCOUNT m"), integer(1990));
  restart();
  EXPECT_EQ(call("PFCOUNT m"), integer(1990));
}

TEST_F(HyperLogLogTest, ARegisterIsAFewBytesOfLog) {
  add("s", 0, 3000);
  const size_t before = log_bytes();
  add("s", 3000, 3100);
  EXPECT_LT(log_bytes() - before, 100 * 200u);
}

TEST_F(HyperLogLogTest, MissingAndEmpty) {
  EXPECT_EQ(call("PFCOUNT none"), integer(0));
  EXPECT_EQ(call("PFCOUNT none neither"), integer(0));
  EXPECT_EQ(call("PFADD h"), integer(1));
  EXPECT_EQ(call("PFADD h"), integer(0));
  EXPECT_EQ(call("PFCOUNT h"), integer(0));
  EXPECT_EQ(call("PFMERGE to"), ok());
  EXPECT_EQ(call("PFMERGE to none"), ok());
  EXPECT_EQ(call("PFCOUNT to"), integer(0));
  EXPECT_EQ(call("PFADD"), error("ERR wrong number of arguments for 'pfadd' command"));
  call("PFADD e x");
  call("EXPIRE e 100");
  call("PFADD e y");
  call("PFCOUNT e");
  EXPECT_EQ(call("TTL e"), integer(100));
  advance_ms(100'000);
  EXPECT_EQ(call("PFCOUNT e"), integer(0));
}

TEST_F(HyperLogLogTest, MadeUpValues) {
  call("RPUSH l a");
  const Reply type = error("WRONGTYPE Operation against a key holding the wrong kind of value");
  EXPECT_EQ(call("PFADD l a"), type);
  EXPECT_EQ(call("PFCOUNT l"), type);
  EXPECT_EQ(call("PFCOUNT none l"), type);
  EXPECT_EQ(call("PFMERGE l none"), type);
  for (const Bytes& bad : {Bytes(), Bytes("HYLL"), Bytes(20, 'x'), header(2) + "xx", header(0) + Bytes(12287, 'x'),
                           header(0) + Bytes(12289, 'x')}) {
    set("bad", bad);
    EXPECT_EQ(call("PFADD bad a"), kNotOne);
    EXPECT_EQ(call("PFCOUNT bad"), kNotOne);
    EXPECT_EQ(call("PFCOUNT bad none"), kNotOne);
    EXPECT_EQ(call("PFMERGE to bad"), kNotOne);
    EXPECT_EQ(call("PFMERGE bad"), kNotOne);
  }
  // Too few registers, too many, cut off, and runs that would lie far beyond the last.
  for (const Bytes& bad : {Bytes(), Bytes("\x7f"), Bytes("\x80"), Bytes("\x7f\xff\x80"), Bytes("\x7f\xff\x7f\xff"),
                           Bytes(30000, '\x7f'), Bytes(100, '\xff'), Bytes("\x7f\xfe\x83")}) {
    set("bad", header(1, '\x80') + bad);
    EXPECT_EQ(call("PFADD bad a"), kCorrupted);
    EXPECT_EQ(call("PFCOUNT bad"), kCorrupted);
    EXPECT_EQ(call("PFCOUNT bad none"), kCorrupted);
    EXPECT_EQ(call("PFMERGE to bad"), kCorrupted);
    EXPECT_EQ(call("PFDEBUG GETREG bad"), kCorrupted);
    EXPECT_EQ(call("PFDEBUG TODENSE bad"), kCorrupted);
  }
  EXPECT_EQ(call("EXISTS to"), integer(0));
  set("full", header(0, '\x80') + Bytes(12288, '\xff'));  // registers that no element could raise so high
  EXPECT_EQ(call("PFCOUNT full").type, ':');
  EXPECT_EQ(call("PFADD full a"), integer(0));
}

TEST_F(HyperLogLogTest, SparseBytesAreBounded) {
  EXPECT_EQ(call("CONFIG GET hll-sparse-max-bytes"), array("hll-sparse-max-bytes", "3000"));
  EXPECT_EQ(call("CONFIG SET hll-sparse-max-bytes 22"), ok());
  call("PFADD h a");
  EXPECT_EQ(call("PFDEBUG ENCODING h"), simple("sparse"));
  call("PFADD h b");
  EXPECT_EQ(call("PFDEBUG ENCODING h"), simple("dense"));
  EXPECT_EQ(call("PFCOUNT h"), integer(2));
  call("CONFIG SET hll-sparse-max-bytes 3000");
}

TEST_F(HyperLogLogTest, Debugging) {
  call("PFADD h a b c");
  EXPECT_EQ(call("PFDEBUG encoding h"), simple("sparse"));
  EXPECT_EQ(call("PFDEBUG TODENSE h"), integer(1));
  EXPECT_EQ(call("PFDEBUG TODENSE h"), integer(0));
  EXPECT_EQ(call("PFDEBUG ENCODING h"), simple("dense"));
  EXPECT_EQ(call("PFDEBUG DECODE h"), error("ERR HLL encoding is not sparse"));
  call("PFADD g a b c");
  const Reply registers = call("PFDEBUG GETREG g");
  ASSERT_EQ(registers.items.size(), 16384u);
  EXPECT_EQ(registers.items[8436], integer(1));
  EXPECT_EQ(registers.items[8436 + 1 + 4274], integer(2));
  EXPECT_EQ(call("PFDEBUG ENCODING g"), simple("dense"));
  EXPECT_EQ(call("PFDEBUG NOSUCH g"), error("ERR Unknown PFDEBUG subcommand 'NOSUCH'"));
  EXPECT_EQ(call("PFDEBUG GETREG none"), error("ERR The specified key does not exist"));
  EXPECT_EQ(call("PFDEBUG GETREG"), error("ERR wrong number of arguments for 'pfdebug' command"));
  EXPECT_EQ(call("PFSELFTEST"), ok());
}

TEST_F(HyperLogLogTest, FromScripts) {
  const Bytes body = "redis.call('PFADD', KEYS[1], 'a') return redis.call('PFCOUNT', KEYS[1])";
  EXPECT_EQ(client().call_words({"EVAL", body, "1", "h"}), integer(1));
  const Reply refused = client().call_words({"EVAL_RO", "return redis.call('PFCOUNT', KEYS[1])", "1", "h"});
  EXPECT_TRUE(refused.text.starts_with("ERR Write commands are not allowed from read-only scripts.")) << "it is stored";
}

TEST_F(HyperLogLogTest, AsCommandDescribesThem) {
  const Reply count = call("COMMAND INFO PFCOUNT").items[0];
  EXPECT_EQ(count.items[2], array(simple("readonly")));
  EXPECT_EQ(count.items[6], array(simple("@read"), simple("@hyperloglog"), simple("@slow")));
  const Reply debug = call("COMMAND INFO PFDEBUG").items[0];
  EXPECT_EQ(debug.items[2], array(simple("write"), simple("denyoom"), simple("admin")));
  EXPECT_EQ(call("COMMAND GETKEYS PFMERGE to a b"), array("to", "a", "b"));
}

}  // namespace leat::testing
