// SPDX-License-Identifier: Apache-2.0
// every_command_test.cc: what holds for each row of the command table, whatever the command does.
#include <map>

#include "tests/support/broker_test.h"
#include "tests/support/strict_reply.h"

namespace leat::testing {

namespace {

constexpr View kNoStream =
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option "
    "to create an empty stream automatically.";

// One request of each row that has keys. @ and letters stand for a key that holds one of those types (of the first,
// where it is to be there): S string, L list, H hash, T set, Z sorted set, X stream, P HyperLogLog; @* a key of any
// type, for whose type the command does not ask. `missing`: the answer's first line, in RESP2, when no key is there.
struct Sample {
  View request, missing;
};
constexpr Sample kSamples[] = {
    {"APPEND @S v", ":1"},
    {"BITCOUNT @S", ":0"},
    {"BITFIELD @S SET u8 0 1", "*1"},
    {"BITFIELD_RO @S GET u8 0", "*1"},
    {"BITOP AND @* @S @S", ":0"},
    {"BITPOS @S 1", ":-1"},
    {"BLMOVE @L @L LEFT RIGHT 0.01", "*-1"},
    {"BLMPOP 0.01 2 @L @L LEFT", "*-1"},
    {"BLPOP @L @L 0.01", "*-1"},
    {"BRPOP @L @L 0.01", "*-1"},
    {"BRPOPLPUSH @L @L 0.01", "*-1"},
    {"BZMPOP 0.01 2 @Z @Z MIN", "*-1"},
    {"BZPOPMAX @Z @Z 0.01", "*-1"},
    {"BZPOPMIN @Z @Z 0.01", "*-1"},
    {"COPY @* @*", ":0"},
    {"DECR @S", ":-1"},
    {"DECRBY @S 2", ":-2"},
    {"DEL @* @*", ":0"},
    {"DUMP @*", "$-1"},
    {"EVAL return(1) 2 @* @*", ":1"},
    {"EVALSHA nosuch 2 @* @*", "-NOSCRIPT No matching script. Please use EVAL."},
    {"EVALSHA_RO nosuch 2 @* @*", "-NOSCRIPT No matching script. Please use EVAL."},
    {"EVAL_RO return(1) 2 @* @*", ":1"},
    {"EXISTS @* @*", ":0"},
    {"EXPIRE @* 100", ":0"},
    {"EXPIREAT @* 4000000000", ":0"},
    {"EXPIRETIME @*", ":-2"},
    {"FCALL nosuch 2 @* @*", "-ERR Function not found"},
    {"FCALL_RO nosuch 2 @* @*", "-ERR Function not found"},
    {"GEOADD @Z 13.3 38.1 m", ":1"},
    {"GEODIST @Z a b", "$-1"},
    {"GEOHASH @Z a", "*1"},
    {"GEOPOS @Z a", "*1"},
    {"GEORADIUS @Z 0 0 1 km", "*0"},
    {"GEORADIUSBYMEMBER @Z a 1 km", "*0"},
    {"GEORADIUSBYMEMBER_RO @Z a 1 km", "*0"},
    {"GEORADIUS_RO @Z 0 0 1 km", "*0"},
    {"GEOSEARCH @Z FROMLONLAT 0 0 BYRADIUS 1 km", "*0"},
    {"GEOSEARCHSTORE @* @Z FROMLONLAT 0 0 BYRADIUS 1 km", ":0"},
    {"GET @S", "$-1"},
    {"GETBIT @S 0", ":0"},
    {"GETDEL @S", "$-1"},
    {"GETEX @S", "$-1"},
    {"GETRANGE @S 0 -1", "$0"},
    {"GETSET @S v", "$-1"},
    {"HDEL @H f g", ":0"},
    {"HEXISTS @H f", ":0"},
    {"HEXPIRE @H 100 FIELDS 1 f", "*1"},
    {"HEXPIREAT @H 4000000000 FIELDS 1 f", "*1"},
    {"HEXPIRETIME @H FIELDS 1 f", "*1"},
    {"HGET @H f", "$-1"},
    {"HGETALL @H", "*0"},
    {"HGETDEL @H FIELDS 1 f", "*1"},
    {"HGETEX @H FIELDS 1 f", "*1"},
    {"HINCRBY @H f 2", ":2"},
    {"HINCRBYFLOAT @H f 2.5", "$3"},
    {"HKEYS @H", "*0"},
    {"HLEN @H", ":0"},
    {"HMGET @H f g", "*2"},
    {"HMSET @H f v", "+OK"},
    {"HPERSIST @H FIELDS 1 f", "*1"},
    {"HPEXPIRE @H 100 FIELDS 1 f", "*1"},
    {"HPEXPIREAT @H 4000000000000 FIELDS 1 f", "*1"},
    {"HPEXPIRETIME @H FIELDS 1 f", "*1"},
    {"HPTTL @H FIELDS 1 f", "*1"},
    {"HRANDFIELD @H", "$-1"},
    {"HSCAN @H 0", "*2"},
    {"HSET @H f v", ":1"},
    {"HSETEX @H FIELDS 1 f v", ":1"},
    {"HSETNX @H f v", ":1"},
    {"HSTRLEN @H f", ":0"},
    {"HTTL @H FIELDS 1 f", "*1"},
    {"HVALS @H", "*0"},
    {"INCR @S", ":1"},
    {"INCRBY @S 2", ":2"},
    {"INCRBYFLOAT @S 2.5", "$3"},
    {"LCS @S @S", "$0"},
    {"LINDEX @L 0", "$-1"},
    {"LINSERT @L BEFORE a b", ":0"},
    {"LLEN @L", ":0"},
    {"LMOVE @L @L LEFT RIGHT", "$-1"},
    {"LMPOP 2 @L @L LEFT", "*-1"},
    {"LPOP @L", "$-1"},
    {"LPOS @L a", "$-1"},
    {"LPUSH @L v", ":1"},
    {"LPUSHX @L v", ":0"},
    {"LRANGE @L 0 -1", "*0"},
    {"LREM @L 0 v", ":0"},
    {"LSET @L 0 v", "-ERR no such key"},
    {"LTRIM @L 0 1", "+OK"},
    {"MEMORY USAGE @*", "$-1"},
    {"MGET @* @*", "*2"},
    {"MOVE @* 1", ":0"},
    {"MSET @* v @* w", "+OK"},
    {"MSETNX @* v @* w", ":1"},
    {"OBJECT ENCODING @*", "$-1"},
    {"OBJECT FREQ @*", "$-1"},
    {"OBJECT IDLETIME @*", "$-1"},
    {"OBJECT REFCOUNT @*", "$-1"},
    {"PERSIST @*", ":0"},
    {"PEXPIRE @* 100", ":0"},
    {"PEXPIREAT @* 4000000000000", ":0"},
    {"PEXPIRETIME @*", ":-2"},
    {"PFADD @P a", ":1"},
    {"PFCOUNT @P @P", ":0"},
    {"PFDEBUG GETREG @P", "-ERR The specified key does not exist"},
    {"PFMERGE @P @P @P", "+OK"},
    {"PSETEX @* 100000 v", "+OK"},
    {"PTTL @*", ":-2"},
    {"RENAME @* @*", "-ERR no such key"},
    {"RENAMENX @* @*", "-ERR no such key"},
    {"MIGRATE 127.0.0.1 1 @* 0 10", "+NOKEY"},
    {"RESTORE @* 0 nonsense", "-ERR DUMP payload version or checksum are wrong"},
    {"RPOP @L", "$-1"},
    {"RPOPLPUSH @L @L", "$-1"},
    {"RPUSH @L v", ":1"},
    {"RPUSHX @L v", ":0"},
    {"SADD @T m", ":1"},
    {"SCARD @T", ":0"},
    {"SDIFF @T @T", "*0"},
    {"SDIFFSTORE @* @T @T", ":0"},
    {"SET @* v", "+OK"},
    {"SETBIT @S 0 1", ":0"},
    {"SETEX @* 100000 v", "+OK"},
    {"SETNX @* v", ":1"},
    {"SETRANGE @S 0 v", ":1"},
    {"SINTER @T @T", "*0"},
    {"SINTERCARD 2 @T @T", ":0"},
    {"SINTERSTORE @* @T @T", ":0"},
    {"SISMEMBER @T m", ":0"},
    {"SMEMBERS @T", "*0"},
    {"SMISMEMBER @T m n", "*2"},
    {"SMOVE @T @T a", ":0"},
    {"SORT @LTZ ALPHA", "*0"},
    {"SORT_RO @LTZ ALPHA", "*0"},
    {"SPOP @T", "$-1"},
    {"SRANDMEMBER @T", "$-1"},
    {"SREM @T m", ":0"},
    {"SSCAN @T 0", "*2"},
    {"STRLEN @S", ":0"},
    {"SUBSTR @S 0 -1", "$0"},
    {"SUNION @T @T", "*0"},
    {"SUNIONSTORE @* @T @T", ":0"},
    {"TOUCH @* @*", ":0"},
    {"TTL @*", ":-2"},
    {"TYPE @*", "+none"},
    {"UNLINK @* @*", ":0"},
    {"WATCH @* @*", "+OK"},
    {"XACK @X g 1-1", ":0"},
    {"XACKDEL @X g IDS 1 1-1", "*1"},
    {"XADD @X * f v", "$15"},
    {"XAUTOCLAIM @X g c 0 0", "-NOGROUP No such key 'k1' or consumer group 'g'"},
    {"XCFGSET @X IDMP-DURATION 10", "-ERR no such key"},
    {"XCLAIM @X g c 0 1-1", "-NOGROUP No such key 'k1' or consumer group 'g'"},
    {"XDEL @X 1-1", ":0"},
    {"XDELEX @X IDS 1 1-1", "*1"},
    {"XGROUP CREATE @X g2 0 MKSTREAM", "+OK"},
    {"XGROUP CREATECONSUMER @X g c", kNoStream},
    {"XGROUP DELCONSUMER @X g c", kNoStream},
    {"XGROUP DESTROY @X g", kNoStream},
    {"XGROUP SETID @X g 0", kNoStream},
    {"XINFO CONSUMERS @X g", "-ERR no such key"},
    {"XINFO GROUPS @X", "-ERR no such key"},
    {"XINFO STREAM @X", "-ERR no such key"},
    {"XLEN @X", ":0"},
    {"XPENDING @X g", "-NOGROUP No such key 'k1' or consumer group 'g'"},
    {"XRANGE @X - +", "*0"},
    {"XREAD STREAMS @X @X 0 0", "*-1"},
    {"XREADGROUP GROUP g c STREAMS @X @X > >",
     "-NOGROUP No such key 'k1' or consumer group 'g' in XREADGROUP with GROUP option"},
    {"XREVRANGE @X + -", "*0"},
    {"XSETID @X 9-9", "-ERR no such key"},
    {"XTRIM @X MAXLEN 1", ":0"},
    {"ZADD @Z 1 m", ":1"},
    {"ZCARD @Z", ":0"},
    {"ZCOUNT @Z 0 1", ":0"},
    {"ZDIFF 2 @ZT @ZT", "*0"},
    {"ZDIFFSTORE @* 2 @ZT @ZT", ":0"},
    {"ZINCRBY @Z 1 m", "$1"},
    {"ZINTER 2 @ZT @ZT", "*0"},
    {"ZINTERCARD 2 @ZT @ZT", ":0"},
    {"ZINTERSTORE @* 2 @ZT @ZT", ":0"},
    {"ZLEXCOUNT @Z - +", ":0"},
    {"ZMPOP 2 @Z @Z MIN", "*-1"},
    {"ZMSCORE @Z a", "*1"},
    {"ZPOPMAX @Z", "*0"},
    {"ZPOPMIN @Z", "*0"},
    {"ZRANDMEMBER @Z", "$-1"},
    {"ZRANGE @Z 0 -1", "*0"},
    {"ZRANGEBYLEX @Z - +", "*0"},
    {"ZRANGEBYSCORE @Z 0 1", "*0"},
    {"ZRANGESTORE @* @Z 0 -1", ":0"},
    {"ZRANK @Z a", "$-1"},
    {"ZREM @Z a", ":0"},
    {"ZREMRANGEBYLEX @Z - +", ":0"},
    {"ZREMRANGEBYRANK @Z 0 -1", ":0"},
    {"ZREMRANGEBYSCORE @Z 0 1", ":0"},
    {"ZREVRANGE @Z 0 -1", "*0"},
    {"ZREVRANGEBYLEX @Z + -", "*0"},
    {"ZREVRANGEBYSCORE @Z 1 0", "*0"},
    {"ZREVRANK @Z a", "$-1"},
    {"ZSCAN @Z 0", "*2"},
    {"ZSCORE @Z a", "$-1"},
    {"ZUNION 2 @ZT @ZT", "*0"},
    {"ZUNIONSTORE @* 2 @ZT @ZT", ":0"},
};

// Where a key of a wrong type is answered otherwise, by its place among the keys, from 0.
struct OwnWay {
  View name;
  size_t key;
  View reply;  // how it begins; empty: as it does without that key
  View reason;
};
constexpr OwnWay kOwnWays[] = {
    {"BLMPOP", 1, "", "the first key answers"},
    {"BLPOP", 1, "", "the first key answers"},
    {"BRPOP", 1, "", "the first key answers"},
    {"BZMPOP", 1, "", "the first key answers"},
    {"BZPOPMAX", 1, "", "the first key answers"},
    {"BZPOPMIN", 1, "", "the first key answers"},
    {"LCS", 0, "-ERR The specified keys must contain string values", "Redis' own text"},
    {"LCS", 1, "-ERR The specified keys must contain string values", "Redis' own text"},
    {"LMPOP", 1, "", "the first key answers"},
    {"ZMPOP", 1, "", "the first key answers"},
};

const OwnWay* own_way_of(View name, size_t key) {
  const auto found = std::find_if(std::begin(kOwnWays), std::end(kOwnWays),
                                  [&](const OwnWay& one) { return one.name == name && one.key == key; });
  return found == std::end(kOwnWays) ? nullptr : found;
}

// What is not asked here, in this order or at all.
constexpr View kApart[] = {"MONITOR", "SHUTDOWN", "QUIT", "PFSELFTEST", "LEAT|BACKUP", "CLIENT|PAUSE", "CLIENT|REPLY"};

bool is_apart(View name) { return std::find(std::begin(kApart), std::end(kApart), name) != std::end(kApart); }

}  // namespace

class EveryCommandTest : public BrokerTest {
 protected:
  void SetUp() override {
    config.debug_commands = DebugAccess::kYes;
    BrokerTest::SetUp();
  }

  static size_t words_of(const Command& command) { return command.row.name.find('|') == View::npos ? 1 : 2; }

  static std::vector<Bytes> name_of(const Command& command) {
    const View name = command.row.name;
    const size_t bar = name.find('|');
    if (bar == View::npos) return {Bytes(name)};
    return {Bytes(name.substr(0, bar)), Bytes(name.substr(bar + 1))};
  }

  const Command& command_of(const Sample& sample) {
    const std::vector<Bytes> words = split_words(sample.request);
    const std::vector<View> views(words.begin(), words.end());
    return *rooms().table.find(Args(views));
  }

  void make(const Bytes& key, char type) {
    switch (type) {
      case 'S': return void(call("SET " + key + " 10"));
      case 'L': return void(call("RPUSH " + key + " a b"));
      case 'H': return void(call("HSET " + key + " f 1"));
      case 'T': return void(call("SADD " + key + " a b"));
      case 'Z': return void(call("ZADD " + key + " 1 a 2 b"));
      case 'X': return void(call("XADD " + key + " 1-1 f v")), void(call("XGROUP CREATE " + key + " g 0"));
      case 'P': return void(call("PFADD " + key + " a b"));
      default: break;
    }
  }

  static Bytes key(size_t i) { return "k" + std::to_string(i + 1); }
  static char right_type(const Bytes& kinds) { return kinds == "*" ? 'S' : kinds[0]; }

  // With k1, k2 … for its keys; `kinds` gets their letters.
  static std::vector<Bytes> request_of(const Sample& sample, std::vector<Bytes>* kinds = nullptr) {
    std::vector<Bytes> words = split_words(sample.request);
    size_t number = 0;
    for (Bytes& word : words) {
      if (word[0] != '@') continue;
      if (kinds != nullptr) kinds->push_back(word.substr(1));
      word = key(number++);
    }
    return words;
  }

  // The raw answer, waited for; it must be one, and well formed.
  Bytes answer(const std::vector<Bytes>& words, Resp version) {
    TestClient& one = client();
    one.received().clear();
    one.send_words(words);
    if (one.blocked()) advance_ms(50);
    const Bytes bytes = std::exchange(one.received(), Bytes());
    View rest = bytes;
    do {
      const StrictReply reply = read_strictly(rest, version);
      EXPECT_NE(reply.size, 0u) << words[0] << " answered " << rest.substr(0, 500);
      if (reply.size == 0) break;
      rest.remove_prefix(reply.size);
    } while (!rest.empty());
    return bytes;
  }

  void flush() { call("FLUSHALL"); }
};

TEST_F(EveryCommandTest, AnotherNumberOfWordsIsRefused) {
  for (const Command& command : rooms().table.all()) {
    const auto words = static_cast<size_t>(std::abs(command.row.arity));
    const View prefix = command.row.name == "EXEC" ? "-EXECABORT Transaction discarded because of: " : "-ERR ";
    const Bytes expected =
        Bytes(prefix) + "wrong number of arguments for '" + lower(command.row.name) + "' command\r\n";
    std::vector<size_t> wrong;
    if (words > words_of(command)) wrong.push_back(words - 1);
    if (command.row.arity > 0) wrong.push_back(words + 1);
    for (const size_t size : wrong) {
      std::vector<Bytes> request = name_of(command);
      request.resize(size, "x");
      EXPECT_EQ(answer(request, Resp::k2), expected) << size << " words";
    }
  }
}

TEST_F(EveryCommandTest, EachRowWithKeysHasASample) {
  std::map<Bytes, size_t> sampled;
  for (const Sample& sample : kSamples) {
    const Command& command = command_of(sample);
    ++sampled[Bytes(command.row.name)];
    std::vector<Bytes> kinds;
    const std::vector<Bytes> request = request_of(sample, &kinds);
    const std::vector<View> views(request.begin(), request.end());
    const auto positions = key_positions(command.row, Args(views));
    ASSERT_TRUE(positions.has_value()) << sample.request;
    ASSERT_EQ(positions->size(), kinds.size()) << sample.request;
    for (size_t i = 0; i < kinds.size(); ++i) {
      EXPECT_EQ(request[(*positions)[i]], key(i)) << sample.request;
    }
  }
  for (const Command& command : rooms().table.all()) {
    if (command.row.keys.any()) {
      EXPECT_EQ(sampled[Bytes(command.row.name)], 1u) << command.row.name << ": give it a line in kSamples";
    }
  }
}

TEST_F(EveryCommandTest, AKeyOfAnotherTypeIsRefused) {
  for (const Sample& sample : kSamples) {
    std::vector<Bytes> kinds;
    const std::vector<Bytes> request = request_of(sample, &kinds);
    const Bytes name(command_of(sample).row.name);
    for (size_t wrong = 0; wrong < kinds.size(); ++wrong) {
      const OwnWay* const own = own_way_of(name, wrong);
      if (kinds[wrong] == "*" || (own != nullptr && own->reply.empty())) continue;
      for (const char type : View("SLHTZX")) {
        if (kinds[wrong].find(type) != Bytes::npos) continue;
        flush();
        for (size_t i = 0; i < kinds.size(); ++i) make(key(i), i == wrong ? type : right_type(kinds[i]));
        const uint64_t before = digest();
        const Bytes reply = answer(request, Resp::k2);
        EXPECT_TRUE(reply.starts_with(own != nullptr ? own->reply : View("-WRONGTYPE ")))
            << sample.request << " with a " << type << " as key " << wrong + 1 << ": " << reply;
        EXPECT_EQ(digest(), before) << sample.request;
      }
    }
  }
}

// Also: what reads emits nothing.
TEST_F(EveryCommandTest, MissingKeysAreAnswered) {
  for (const Sample& sample : kSamples) {
    flush();
    const uint64_t before = digest(), effects = rooms().batch.effects();
    const Bytes reply = answer(request_of(sample), Resp::k2);
    EXPECT_EQ(reply.substr(0, reply.find('\r')), sample.missing) << sample.request;
    if (command_of(sample).is(kWrite)) continue;
    EXPECT_EQ(digest(), before) << sample.request;
    EXPECT_EQ(rooms().batch.effects(), effects) << sample.request;
  }
}

TEST_F(EveryCommandTest, RepliesAreWellFormedInBothVersions) {
  for (const Resp version : {Resp::k2, Resp::k3}) {
    call(version == Resp::k2 ? "HELLO 2" : "HELLO 3");
    for (const Sample& sample : kSamples) {
      flush();
      std::vector<Bytes> kinds;
      const std::vector<Bytes> request = request_of(sample, &kinds);
      for (size_t i = 0; i < kinds.size(); ++i) make(key(i), right_type(kinds[i]));
      const uint64_t effects = rooms().batch.effects();
      const Bytes reply = answer(request, version);
      EXPECT_FALSE(reply.starts_with("-WRONGTYPE")) << sample.request << ": " << reply;
      const Command& command = command_of(sample);
      if (!command.is(kWrite | kMayWrite) && command.family != "scripting") {
        EXPECT_EQ(rooms().batch.effects(), effects) << sample.request;
      }
    }
  }
}

TEST_F(EveryCommandTest, WhatHasNoKeysIsAnswered) {
  for (const Resp version : {Resp::k2, Resp::k3}) {
    for (const Command& command : rooms().table.all()) {
      if (command.row.keys.any() || is_apart(command.row.name)) continue;
      call(version == Resp::k2 ? "HELLO 2" : "HELLO 3");
      std::vector<Bytes> request = name_of(command);
      request.resize(std::max(request.size(), static_cast<size_t>(std::abs(command.row.arity))), "1");
      const uint64_t before = digest();
      EXPECT_FALSE(answer(request, command.row.name == "RESET" ? Resp::kEither : version).empty()) << command.row.name;
      const bool users = command.row.name == "ACL|SETUSER" || command.row.name == "ACL|DELUSER";  // no write, to Redis
      if (!command.is(kWrite) && !users) {
        EXPECT_EQ(digest(), before) << command.row.name;
      }
      call("RESET");
    }
  }
}

TEST_F(EveryCommandTest, LongKeysAndManyWordsDoNoHarm) {
  const Bytes huge(100'000, 'k');
  for (const Sample& sample : kSamples) {
    std::vector<Bytes> request = request_of(sample);
    for (Bytes& word : request) {
      if (word.size() == 2 && word[0] == 'k') word = huge + word;
    }
    EXPECT_FALSE(answer(request, Resp::k2).empty()) << sample.request;
    flush();
    request = request_of(sample);
    request.resize(1000, request.back());
    EXPECT_FALSE(answer(request, Resp::k2).empty()) << sample.request;
    flush();
  }
  call("UNWATCH");
}

}  // namespace leat::testing
