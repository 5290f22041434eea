// SPDX-License-Identifier: Apache-2.0
// DUMP and RESTORE. tests/dump.py has the values travel to redis-server and back, and every layout.
#include "broker/rdb/crc64.h"
#include "broker/rdb/listpack.h"
#include "broker/rdb/lzf.h"
#include "broker/rdb/output.h"
#include "tests/support/broker_test.h"

namespace leat::testing {

namespace {

const Reply kBadFormat = error("ERR Bad data format");
const Reply kWrongCheck = error("ERR DUMP payload version or checksum are wrong");

Bytes dump_of(int layout, View body, int version = 6) {
  Bytes out(1, static_cast<char>(layout));
  out += body;
  put_u16(out, static_cast<uint16_t>(version));
  put_u64(out, rdb::crc64(out));
  return out;
}

Bytes strings(std::initializer_list<View> all) {
  Bytes out;
  rdb::Output to(out);
  for (const View one : all) to.string(one);
  return out;
}

Bytes counted(uint64_t count, View rest) {
  Bytes out;
  rdb::Output(out).length(count);
  return out += rest;
}

Bytes listpack(std::initializer_list<View> items) {
  Bytes out;
  rdb::ListpackBuilder to(out);
  for (const View item : items) to.add(item);
  to.finish();
  return out;
}

}  // namespace

class DumpTest : public BrokerTest {
 protected:
  Bytes dump(View key) { return client().call_words({"DUMP", Bytes(key)}).text; }
  Reply restore(const Bytes& key, const Bytes& payload, std::vector<Bytes> options = {}, const Bytes& ttl = "0") {
    std::vector<Bytes> words = {"RESTORE", key, ttl, payload};
    words.insert(words.end(), options.begin(), options.end());
    return client().call_words(words);
  }
  uint64_t content(View key) { return rooms().keyspace.database(0).value_digest_of(key); }
  void expect_same(const Bytes& key) {
    EXPECT_EQ(restore("twin:" + key, dump(key)), ok()) << key;
    EXPECT_EQ(content("twin:" + key), content(key)) << key;
    EXPECT_EQ(call("OBJECT ENCODING twin:" + key), call("OBJECT ENCODING " + key)) << key;
  }
  // All that is told of a stream and its groups but since when a consumer got nothing: no dump before 7.2 has that.
  std::vector<Reply> facts(const Bytes& key) {
    return {call("XINFO STREAM " + key), call("XINFO GROUPS " + key), call("XPENDING " + key + " g - + 100")};
  }
  int version(View key) {
    const Bytes payload = dump(key);
    return get_fixed<uint16_t>(payload.data() + payload.size() - 10);
  }
};

TEST_F(DumpTest, EveryTypeComesBack) {
  call("SET s hello");
  call("SET number 12345");
  call("SET long " + Bytes(10000, 'x'));
  call("RPUSH l a b 3 -700 " + Bytes(100, 'y'));
  call("SADD numbers 1 2 70000");
  call("SADD m a b c 1");
  call("ZADD z 1 a -0 b 0.1 c inf d -inf e 5e-324 f 1.7976931348623157e308 g");
  call("HSET h f v g 2 h " + Bytes(3000, 'z'));
  call("XADD x 1-1 f v");
  call("XADD x 1-2 f w g u");
  call("XADD x 5-0 f v2");
  for (const char* key : {"s", "number", "long", "l", "numbers", "m", "z", "h", "x"}) expect_same(key);
  for (const char* key : {"s", "number", "long", "l", "numbers", "m", "z", "h"}) EXPECT_EQ(version(key), 6) << key;
  EXPECT_EQ(version("x"), 9);
  EXPECT_LT(dump("long").size(), 300u) << "compressed";
}

TEST_F(DumpTest, LargeOnesToo) {
  for (int i = 0; i < 3000; ++i) {
    const Bytes n = std::to_string(i), padded = n + Bytes(static_cast<size_t>(i % 97), 'p');
    client().call_words({"RPUSH", "l", n, padded, Bytes(static_cast<size_t>(i % 5 * 40), 'q')});
    client().call_words({"SADD", "m", n, padded});
    client().call_words({"HSET", "h", padded, n});
    client().call_words({"ZADD", "z", std::to_string(i * 0.37), padded});
    client().call_words({"XADD", "x", n + "-1", i % 50 == 0 ? "other" : "name", padded, "second", n});
  }
  client().call_words({"RPUSH", "l", Bytes(300000, 'L'), "last"});
  client().call_words({"HSET", "h", Bytes(80000, 'n'), Bytes(200000, 'v')});
  client().call_words({"ZADD", "z", "17", Bytes(100000, 'M'), "17", Bytes(100000, 'N')});
  client().call_words({"XADD", "x", "9999-1", "name", Bytes(100000, 'E')});
  for (const char* key : {"l", "m", "h", "z", "x"}) expect_same(key);
  restart();
  for (const Bytes key : {"l", "m", "h", "z", "x"}) EXPECT_EQ(content("twin:" + key), content(key)) << key;
}

TEST_F(DumpTest, StreamsWithAllThatHangsOnThem) {
  for (int i = 1; i <= 9; ++i) call("XADD x " + std::to_string(i) + "-0 f v");
  call("XGROUP CREATE x g 0");
  call("XGROUP CREATE x fresh $");
  call("XGROUP CREATE x middle 4-0");
  call("XREADGROUP GROUP g ann COUNT 3 STREAMS x >");
  advance_ms(100);
  call("XREADGROUP GROUP g bob COUNT 2 STREAMS x >");
  call("XREADGROUP GROUP g ann STREAMS x 0");
  call("XCLAIM x g bob 0 1-0 RETRYCOUNT 7");
  call("XACK x g 2-0");
  call("XGROUP CREATECONSUMER x g idle");
  expect_same("x");
  EXPECT_EQ(version("x"), 10) << "how many the groups have read";
  EXPECT_EQ(facts("twin:x"), facts("x"));
  call("XDEL x 3-0 9-0");
  call("XTRIM x MAXLEN 5");
  call("DEL twin:x");
  expect_same("x");
  EXPECT_EQ(facts("twin:x"), facts("x"));
  call("XTRIM x MAXLEN 0");
  restore("empty", dump("x"));
  EXPECT_EQ(facts("empty"), facts("x"));
  call("XGROUP CREATE made g $ MKSTREAM");
  expect_same("made");
}

TEST_F(DumpTest, MissingArityAndShapes) {
  EXPECT_EQ(call("DUMP none"), null());
  EXPECT_EQ(call("DUMP"), error("ERR wrong number of arguments for 'dump' command"));
  EXPECT_EQ(call("RESTORE k 0"), error("ERR wrong number of arguments for 'restore' command"));
  call("SET k 10");
  EXPECT_EQ(call("DUMP k").text, dump_of(0, "\xc0\x0a"));
  EXPECT_EQ(call("EVAL \"return redis.call('restore', KEYS[2], 0, redis.call('dump', KEYS[1]))\" 2 k j"), ok());
  EXPECT_EQ(call("GET j"), bulk("10"));
  call("HELLO 3");
  EXPECT_EQ(call("DUMP none"), null3());
  EXPECT_EQ(call("DUMP k").type, '$');
  call("SET due v PX 5");
  clock.advance_ms(5);
  EXPECT_EQ(call("DUMP due"), null3());
}

// The example of https://redis.io/docs/latest/commands/restore/: a list of Redis 2.6.
TEST_F(DumpTest, TheDocumentedExample) {
  const Bytes payload("\n\x17\x17\x00\x00\x00\x12\x00\x00\x00\x03\x00\x00\xc0\x01\x00\x04\xc0\x02\x00"
                      "\x04\xc0\x03\x00\xff\x04\x00u#<\xc0;.\xe9\xdd",
                      35);
  EXPECT_EQ(restore("mykey", payload), ok());
  EXPECT_EQ(call("TYPE mykey"), simple("list"));
  EXPECT_EQ(call("LRANGE mykey 0 -1"), array("1", "2", "3"));
}

TEST_F(DumpTest, ABusyKeyAndReplace) {
  call("SET k v EX 100");
  call("RPUSH l a b");
  const Bytes text = dump("k"), list = dump("l");
  EXPECT_EQ(restore("k", "nonsense", {}, "junk"), error("BUSYKEY Target key name already exists.")) << "before all else";
  EXPECT_EQ(restore("k", list, {"replace"}), ok());
  EXPECT_EQ(call("LRANGE k 0 -1"), array("a", "b")) << "not behind what was there";
  EXPECT_EQ(call("TTL k"), integer(-1));
  EXPECT_EQ(restore("k", list, {"REPLACE", "REPLACE"}), ok());
  EXPECT_EQ(call("LLEN k"), integer(2));
  EXPECT_EQ(restore("l", text, {"REPLACE"}), ok());
  EXPECT_EQ(call("GET l"), bulk("v"));
  call("PEXPIRE l 5");
  clock.advance_ms(5);
  EXPECT_EQ(restore("l", list), ok()) << "it was due";
  EXPECT_EQ(call("LRANGE l 0 -1"), array("a", "b"));
}

TEST_F(DumpTest, LifetimesOfKeys) {
  call("SET s v");
  call("SADD m a");
  for (const char* key : {"s", "m"}) {
    const Bytes payload = dump(key);
    EXPECT_EQ(restore("a", payload, {"REPLACE"}, "5000"), ok());
    EXPECT_EQ(call("PTTL a"), integer(5000));
    EXPECT_EQ(restore("b", payload, {"REPLACE", "ABSTTL"}, std::to_string(rooms().time.now_ms() + 9000)), ok());
    EXPECT_EQ(call("PTTL b"), integer(9000));
    EXPECT_EQ(restore("c", payload, {"REPLACE", "ABSTTL"}, "0"), ok());
    EXPECT_EQ(call("PTTL c"), integer(-1));
    EXPECT_EQ(restore("c", payload, {"REPLACE", "ABSTTL"}, "1"), ok()) << "it is over, and takes the old one along";
    EXPECT_EQ(call("EXISTS c"), integer(0));
    EXPECT_EQ(restore("d", payload, {"ABSTTL"}, "1"), ok());
    EXPECT_EQ(call("EXISTS d"), integer(0));
    EXPECT_EQ(restore("d", payload, {}, "-1"), error("ERR Invalid TTL value, must be >= 0"));
    EXPECT_EQ(restore("d", payload, {}, "x"), error("ERR value is not an integer or out of range"));
    EXPECT_EQ(restore("d", payload, {}, "9223372036854775807"), error("ERR invalid expire time in 'restore' command"));
  }
}

TEST_F(DumpTest, IdleTimesAndFrequencies) {
  call("SET s v");
  const Bytes payload = dump("s");
  EXPECT_EQ(restore("k", payload, {"IDLETIME", "1000"}), ok());
  EXPECT_EQ(call("OBJECT IDLETIME k"), integer(1000));
  EXPECT_EQ(restore("k", payload, {"REPLACE", "IDLETIME", "9223372036854775807"}), ok());
  EXPECT_GT(call("OBJECT IDLETIME k").number(), 100'000'000);
  EXPECT_EQ(restore("f", payload, {"FREQ", "100"}), ok()) << "not what the policy goes by";
  EXPECT_EQ(restore("f", payload, {"REPLACE", "IDLETIME", "-1"}), error("ERR Invalid IDLETIME value, must be >= 0"));
  EXPECT_EQ(restore("f", payload, {"REPLACE", "FREQ", "-1"}), error("ERR Invalid FREQ value, must be >= 0 and <= 255"));
  EXPECT_EQ(restore("f", payload, {"REPLACE", "FREQ", "256"}), error("ERR Invalid FREQ value, must be >= 0 and <= 255"));
  EXPECT_EQ(restore("f", payload, {"REPLACE", "FREQ", "x"}), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(restore("f", payload, {"REPLACE", "FREQ"}), error("ERR syntax error"));
  EXPECT_EQ(restore("f", payload, {"IDLETIME", "1", "FREQ", "1"}), error("ERR syntax error"));
  EXPECT_EQ(restore("f", payload, {"NOSUCH"}), error("ERR syntax error"));
  call("CONFIG SET maxmemory-policy allkeys-lfu");
  EXPECT_EQ(restore("f", payload, {"REPLACE", "FREQ", "100"}), ok());
  EXPECT_EQ(call("OBJECT FREQ f"), integer(100));
}

TEST_F(DumpTest, WrongVersionOrCheck) {
  call("SET s hello");
  const Bytes payload = dump("s");
  for (size_t at = 0; at < payload.size(); ++at) {
    Bytes spoilt = payload;
    spoilt[at] ^= 1;
    EXPECT_EQ(restore("k", spoilt), kWrongCheck) << at;
    EXPECT_EQ(restore("k", payload.substr(0, at)), kWrongCheck) << at;
  }
  EXPECT_EQ(restore("k", dump_of(0, strings({"hello"}), 12)), ok());
  EXPECT_EQ(restore("k", dump_of(0, strings({"hello"}), 13), {"REPLACE"}), kWrongCheck);
  EXPECT_EQ(call("GET k"), bulk("hello"));
}

TEST_F(DumpTest, WhatIsNotWellFormed) {
  const Bytes a = strings({"a"});
  const double nan = __builtin_nan("");
  const Bytes not_a_number(reinterpret_cast<const char*>(&nan), sizeof nan);
  const std::pair<int, Bytes> wrong[] = {
      {0, ""}, {0, "\x05only"}, {0, "\x01" "ab"}, {0, "\x81\xff\xff\xff\xff\xff\xff\xff\xff" "a"}, {0, "\xc4"}, {0, "\x82"},
      {0, "\xc3\x01\x7f\x00"}, {0, Bytes("\xc3\x02\x80\x7f\xff\xff\xff\x00" "a", 9)},
      {1, counted(0, "")}, {1, counted(2, a)}, {1, counted(1 << 30, a)}, {1, counted(1, a + a)},
      {2, counted(0, "")}, {2, counted(2, a + a)}, {2, counted(3, strings({"a", "b", "a"}))},
      {3, counted(1, a + "\xfd")}, {3, counted(1, a + "\x03nan")}, {3, counted(1, a + "\x01x")}, {3, counted(0, "")},
      {5, counted(1, a + not_a_number)}, {5, counted(2, a + Bytes(8, '\0') + a + Bytes(8, '\1'))},
      {4, counted(1, a)}, {4, counted(0, "")}, {4, counted(2, strings({"f", "v", "f", "w"}))},
      {8, a}, {26, a}, {255, a},
      {10, a}, {11, strings({Bytes(8, '\0')})}, {12, a}, {13, a}, {9, a}, {14, counted(0, "")}, {15, "\x01"},
      {16, strings({listpack({"f", "v", "g"})})}, {16, strings({listpack({"f", "v", "f", "v"})})},
      {16, strings({listpack({})})},
      {17, strings({listpack({"m", "x"})})}, {17, strings({listpack({"m", "1", "m", "2"})})},
      {20, strings({listpack({"m", "m"})})}, {18, counted(1, "\x03" + a)},
      {18, counted(1, "\x02" + strings({listpack({})}))},
  };
  for (const auto& [layout, body] : wrong) {
    EXPECT_EQ(restore("k", dump_of(layout, body)), kBadFormat) << layout << " " << body.size();
  }
  EXPECT_EQ(call("EXISTS k"), integer(0));
  EXPECT_EQ(restore("k", dump_of(7, a)), error("ERR Bad data format: it is of a module, and leat has none"));
}

// Streams, from the smallest good one on.
TEST_F(DumpTest, WhatIsNoStream) {
  struct Made {
    Bytes first = Bytes(7, '\0') + '\5' + Bytes(7, '\0') + '\1';  // 5-1
    Bytes node = listpack({"1", "1", "1", "f", "0", "2", "0", "0", "v", "4", "1", "0", "1", "1", "g", "w", "6"});
    // length, last, first, deleted, added without its first byte.
    Bytes end = Bytes("\x01\x05\x02\x05\x01\x05\x02\x02", 8);
    Bytes name = "\x01g";
    Bytes cursor = Bytes("\x05\x02\x02", 3);
    Bytes pending;                          // counted
    Bytes consumers;                        // counted
    Bytes all() const {
      return counted(1, strings({first}) + strings({node}) + end + "\x01" + name + cursor + pending + consumers);
    }
  };
  const Bytes id = Bytes(7, '\0') + '\5' + Bytes(7, '\0') + '\1';
  const Bytes held = id + Bytes(8, '\1') + "\x02", consumer = "\x01" "c" + Bytes(8, '\1') + counted(1, id);
  Made good;
  good.pending = counted(1, held);
  good.consumers = counted(1, consumer);
  EXPECT_EQ(restore("good", dump_of(19, good.all(), 10)), ok());
  EXPECT_EQ(call("XRANGE good - +"), array(array("5-1", array("f", "v"))));
  EXPECT_EQ(call("XPENDING good g"), array(1, "5-1", "5-1", array(array("c", "1"))));

  std::vector<Made> wrong(18, good);
  size_t n = 0;
  wrong[n++].first = "short";
  wrong[n++].first = Bytes(8, '\0') + Bytes(8, '\0') + "x";
  wrong[n++].node = listpack(
      {"1", "1", "1", "f", "0", "2", "0", "0", "v", "5", "1", "0", "1", "1", "g", "w", "6"});  // places
  wrong[n++].node = listpack(
      {"1", "1", "1", "f", "0", "2", "0", "1", "v", "4", "1", "0", "0", "1", "g", "w", "6"});  // order
  wrong[n++].node = listpack(
      {"2", "0", "1", "f", "0", "2", "0", "0", "v", "4", "1", "0", "1", "1", "g", "w", "6"});  // counts
  wrong[n++].node = listpack(
      {"1", "1", "1", "f", "1", "2", "0", "0", "v", "4", "1", "0", "1", "1", "g", "w", "6"});  // no zero
  wrong[n++].node = listpack(
      {"1", "0", "0", "0", "2", "0", "0", "3"});  // no pairs
  wrong[n++].node = listpack({"1", "1", "9999999", "f", "0"});
  wrong[n++].node = listpack({});
  wrong[n++].end = Bytes("\x02\x05\x02\x05\x01\x05\x02\x02", 8);  // more than there are
  wrong[n++].end = Bytes("\x01\x05\x01\x05\x01\x05\x01\x02", 8);  // last before the last
  wrong[n++].end = Bytes("\x01\x05\x02\x05\x01\x06\x02\x02", 8);  // deleted behind the last
  wrong[n++].end = Bytes("\x01\x05\x02\x05\x01\x05\x02\x00", 8);  // fewer added than there are
  wrong[n++].pending = counted(0, "");                            // held by a consumer alone
  wrong[n++].consumers = counted(0, "");                          // held by nobody
  wrong[n++].pending = counted(2, held + held);
  wrong[n++].consumers = counted(2, consumer + consumer);
  wrong[n++].consumers = counted(1, "\x01" "c" + Bytes(8, '\xff') + counted(1, id));  // seen before 1970
  ASSERT_EQ(n, wrong.size());
  for (size_t i = 0; i < n; ++i) EXPECT_EQ(restore("k", dump_of(19, wrong[i].all(), 10)), kBadFormat) << i;
  const Bytes twice = counted(1, strings({good.first}) + strings({good.node}) + good.end + "\x02" + good.name + good.cursor +
                                     good.pending + good.consumers + good.name + good.cursor + counted(0, "") +
                                     counted(0, ""));
  EXPECT_EQ(restore("k", dump_of(19, twice, 10)), kBadFormat) << "two groups of one name";
}

TEST_F(DumpTest, HashFieldsIn74sLayouts) {
  const Bytes plain = Bytes(8, '\0') + counted(1, Bytes(1, '\0') + strings({"f", "v"}));
  EXPECT_EQ(restore("a", dump_of(24, plain, 12)), ok());
  EXPECT_EQ(restore("b", dump_of(25, Bytes(8, '\0') + strings({listpack({"f", "v", "0"})}), 12)), ok());
  for (const char* key : {"a", "b"}) EXPECT_EQ(client().call_words({"HGETALL", key}), array("f", "v"));
  Bytes lasting;
  put_fixed<int64_t>(lasting, 4000000000000);
  lasting += counted(3, "\x01" + strings({"f", "v"}) + "\x09" + strings({"g", "w"}) + Bytes(1, '\0') + strings({"h", "x"}));
  EXPECT_EQ(restore("d", dump_of(24, lasting, 12)), ok());
  EXPECT_EQ(client().call_words({"HPEXPIRETIME", "d", "FIELDS", "3", "f", "g", "h"}), array(integer(4000000000000), integer(4000000000008), -1));
  EXPECT_EQ(restore("e", dump_of(25, Bytes(8, '\0') + strings({listpack({"f", "v", "4000000000000"})}), 12)), ok());
  EXPECT_EQ(client().call_words({"HPEXPIRETIME", "e", "FIELDS", "1", "f"}), array(integer(4000000000000)));
  EXPECT_EQ(restore("c", dump_of(25, Bytes(8, '\0') + strings({listpack({"f", "v", "x"})}), 12)), kBadFormat);
  EXPECT_EQ(restore("c", dump_of(25, Bytes(8, '\0') + strings({listpack({"f", "v"})}), 12)), kBadFormat);
}

TEST_F(DumpTest, LifetimesOfFieldsGoThere) {
  call("HSET h f 1 g 2 h 3");
  call("HPEXPIRE h 5000 FIELDS 1 f");
  call("HPEXPIRE h 10 FIELDS 1 g");
  advance_ms(11);
  const Bytes dumped = call("DUMP h").text;
  EXPECT_EQ(restore("to", dumped), ok());
  EXPECT_EQ(call("HPTTL to FIELDS 3 f g h"), array(4989, -2, -1));
  call("HPERSIST h FIELDS 1 f");
  EXPECT_EQ(call("DUMP h").text[0], '\x04') << "and who has none is dumped as 2.6 reads it";
  advance_ms(5000);
  EXPECT_EQ(call("HGETALL to"), array("h", "3"));
}

// A few bytes may not stand for a log without end: names of a stream's entries are in the dump once.
TEST_F(DumpTest, WhatGrowsWithoutEndIsRefused) {
  Bytes node;
  rdb::ListpackBuilder to(node);
  constexpr int kEntries = 3000;
  for (const int64_t head : {kEntries, 0, 1}) to.add(head);
  to.add(Bytes(400000, 'n'));
  to.add(int64_t{0});
  for (int i = 0; i < kEntries; ++i) {
    for (const int64_t part : {2, i, 0, 1, 4}) to.add(part);
  }
  to.finish();
  const Bytes first = Bytes(15, '\0') + '\1';
  const Bytes body = counted(1, strings({first}) + strings({node}) + counted(kEntries, counted(kEntries, "\x01")) + "\0");
  const Reply refused = restore("x", dump_of(15, body + Bytes(1, '\0'), 9));
  EXPECT_EQ(refused.text.substr(0, 30), "ERR the value would take more ");
  EXPECT_EQ(call("EXISTS x"), integer(0));
}

TEST_F(DumpTest, LimitsOfAClass) {
  Bytes many;
  for (int i = 0; i < 100; ++i) many += " " + std::to_string(i) + Bytes(30, 'x');
  call("RPUSH l" + many);
  call("SET s " + Bytes(2000, 's'));
  call("XADD x 1-0 f " + Bytes(2000, 'x'));
  const Bytes list = dump("l"), text = dump("s"), stream = dump("x");
  ClassConfig small;
  small.name = "small";
  small.prefixes = {"small:"};
  small.max_value_bytes = 1000;
  small.places[""] = "test";
  config.classes = {small};
  restart();
  EXPECT_GT(list.size(), 1000u);
  EXPECT_EQ(restore("small:l", list), ok()) << "each element counts for itself";
  const Reply longer = error("ERR string would be longer than class 'small' allows: its max_value_bytes is 1000");
  EXPECT_LT(text.size(), 1000u);
  EXPECT_EQ(restore("small:s", text), longer);
  EXPECT_EQ(restore("small:x", stream), longer);
  EXPECT_EQ(restore("plain", text), ok());
}

TEST_F(DumpTest, NoMemoryLeft) {
  call("SET s v");
  const Bytes payload = dump("s");
  call("CONFIG SET maxmemory 1");
  EXPECT_EQ(restore("k", payload), error("OOM command not allowed when used memory > 'maxmemory'."));
  EXPECT_EQ(call("DUMP s").type, '$');
}

TEST_F(DumpTest, WhoWaitsIsServed) {
  call("RPUSH l a b");
  const Bytes payload = dump("l");
  TestClient& waiter = connect();
  waiter.send("BLPOP jobs 0");
  EXPECT_EQ(restore("jobs", payload), ok());
  EXPECT_EQ(waiter.reply(), array("jobs", "a"));
  EXPECT_EQ(call("LRANGE jobs 0 -1"), array("b"));
}

}  // namespace leat::testing
