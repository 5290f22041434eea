// SPDX-License-Identifier: Apache-2.0
// Classes of keys: which a key belongs to, what it is told, what a client may choose.
#include <random>

#include "broker/class_config.h"
#include "broker/config_words.h"
#include "tests/support/broker_test.h"

namespace leat::testing {
namespace {

ClassConfig class_of(View name, std::vector<Bytes> prefixes) {
  ClassConfig one{.name = Bytes(name), .prefixes = std::move(prefixes)};
  one.places[""] = "test";
  return one;
}

// Against looking at every prefix.
TEST(ClassesTest, TheLongestPrefixWins) {
  std::mt19937_64 dice(7);
  for (int round = 0; round < 200; ++round) {
    Config config;
    std::map<Bytes, size_t> prefixes;
    const size_t count = 1 + dice() % 8;
    for (size_t id = 1; id <= count; ++id) {
      ClassConfig one = class_of("c" + std::to_string(id), {});
      for (size_t left = 1 + dice() % 4; left > 0; --left) {
        Bytes prefix;
        for (size_t size = 1 + dice() % 5; size > 0; --size) prefix += static_cast<char>("ab\xff"[dice() % 3]);
        if (prefixes.emplace(prefix, id).second) one.prefixes.push_back(prefix);
      }
      config.classes.push_back(std::move(one));
    }
    const Classes classes(config);
    for (int i = 0; i < 500; ++i) {
      Bytes key;
      for (size_t size = dice() % 8; size > 0; --size) key += static_cast<char>("ab\xff"[dice() % 3]);
      size_t expected = 0, longest = 0;
      for (const auto& [prefix, id] : prefixes) {
        if (key.starts_with(prefix) && prefix.size() > longest) expected = id, longest = prefix.size();
      }
      ASSERT_EQ(classes.of(key), expected) << key;
    }
  }
}

class ClassTest : public BrokerTest {
 protected:
  ClassTest() {
    ClassConfig cache = class_of("cache", {"cache:", "s:"});
    cache.durability = DurabilityMode::kNever;
    cache.policy = EvictionPolicy::kAllLru;
    ClassConfig jobs = class_of("jobs", {"bull:", "cache:jobs:"});
    ClassConfig lax = class_of("lax", {"lax:"});
    lax.durability_floor = DurabilityMode::kNever;
    ClassConfig timed = class_of("timed", {"timed:"});
    timed.durability = DurabilityMode::kInterval;
    config.classes = {cache, jobs, lax, timed};
  }
  Bytes info(View section, View field) {
    const Bytes text = call("INFO " + Bytes(section)).text;
    const size_t at = text.find("\n" + Bytes(field) + ":") + field.size() + 2;
    return text.substr(at, text.find('\r', at) - at);
  }
  ClassId id_of(View name) { return *rooms().classes.named(name); }
  uint64_t bytes_of(View name) { return rooms().usage.of(id_of(name)).bytes; }
  uint64_t keys_of(View name) { return rooms().usage.of(id_of(name)).keys; }
  const ClassStats& stats_of(View name) { return rooms().stats.by_class[id_of(name)]; }
  void expect_exact() {
    const auto fresh = rooms().usage.counted();
    for (ClassId id = 0; id < fresh.size(); ++id) {
      const ClassUsage::Figures kept = rooms().usage.of(id);
      EXPECT_EQ(kept.keys, fresh[id].keys) << rooms().classes[id].name;
      EXPECT_EQ(kept.expiring, fresh[id].expiring) << rooms().classes[id].name;
      EXPECT_EQ(kept.bytes, fresh[id].bytes) << rooms().classes[id].name;
    }
  }
};

TEST_F(ClassTest, ListAndStatsTellWhatThereIs) {
  call("SET cache:a 1");
  call("SET cache:jobs:a 1");
  call("SET plain 1");
  call("GET cache:a");
  call("GET cache:b");
  const Reply list = call("CLASS LIST");
  ASSERT_EQ(list.items.size(), 5u);
  EXPECT_EQ(list.items[0].items[1], bulk("default"));
  EXPECT_EQ(list.items[1].items[1], bulk("cache"));
  EXPECT_EQ(list.items[1].items[3], array("cache:", "s:"));
  EXPECT_EQ(list.items[1].items[5], bulk("never"));
  EXPECT_EQ(list.items[1].items[9], bulk("allkeys-lru"));
  EXPECT_EQ(list.items[3].items[7], bulk("never"));        // lax: the floor …
  EXPECT_EQ(list.items[3].items[5], bulk("always"));       // … below its durability
  EXPECT_EQ(call("CLASS STATS").items.size(), 5u);
  const Reply cache = call("CLASS STATS cache");
  EXPECT_EQ(cache.items[3], integer(1));  // keys
  EXPECT_EQ(cache.items[7], integer(1));  // hits
  EXPECT_EQ(cache.items[9], integer(1));  // misses
  EXPECT_EQ(call("CLASS STATS nobody"), error("ERR no such class 'nobody': CLASS LIST tells which there are"));
  EXPECT_EQ(call("CLASS STATS a b"), error("ERR wrong number of arguments for 'class|stats' command"));
  EXPECT_TRUE(call("CLASS").is_error());
  EXPECT_TRUE(call("CLASS NONSENSE").is_error());
  EXPECT_FALSE(call("CLASS HELP").is_error());
  EXPECT_TRUE(info("classes", "class_jobs").starts_with("keys=1,bytes=")) << info("classes", "class_jobs");
  EXPECT_TRUE(info("classes", "class_cache").ends_with(
      "quota=0,reserve=0,policy=allkeys-lru,durability=never,hits=1,misses=1,evicted=0,expired=0,oom_refusals=0"))
      << info("classes", "class_cache");
  EXPECT_NE(call("INFO everything").text.find("# Classes\r\nclass_default:keys=1,"), Bytes::npos);
  call("CONFIG RESETSTAT");
  EXPECT_EQ(call("CLASS STATS cache").items[7], integer(0));
}

// BullMQ reads it and warns: it is told of its own keys as long as nothing of theirs goes.
TEST_F(ClassTest, InfoTellsThePolicyOfTheJobs) {
  EXPECT_EQ(call("CONFIG SET maxmemory-policy allkeys-lfu"), ok());
  EXPECT_EQ(info("memory", "maxmemory_policy"), "noeviction");
  EXPECT_EQ(call("CONFIG GET maxmemory-policy").items[1], bulk("allkeys-lfu"));
  EXPECT_TRUE(info("classes", "class_default").find("policy=allkeys-lfu") != Bytes::npos);
  EXPECT_TRUE(info("classes", "class_jobs").find("policy=noeviction") != Bytes::npos);
  config.classes.erase(config.classes.begin() + 1);
  restart();
  call("CONFIG SET maxmemory-policy allkeys-lfu");
  EXPECT_EQ(info("memory", "maxmemory_policy"), "allkeys-lfu");
}

TEST_F(ClassTest, WithoutClassesAllIsTheDefaultClass) {
  config.classes.clear();
  restart();
  call("SET a 1");
  call("GET a");
  call("GET b");
  EXPECT_TRUE(info("classes", "class_default").starts_with("keys=1,bytes=")) << info("classes", "class_default");
  EXPECT_TRUE(info("classes", "class_default").ends_with("durability=always,hits=1,misses=1,evicted=0,expired=0,oom_refusals=0"));
  EXPECT_EQ(call("CLASS LIST").items.size(), 1u);
  EXPECT_EQ(call("CLASS STATS default").items[3], integer(1));
}

// ---- CLIENT DURABILITY

TEST_F(ClassTest, AClientTellsAndForgetsItsChoice) {
  EXPECT_EQ(call("CLIENT DURABILITY"), bulk("default"));
  EXPECT_EQ(call("CLIENT DURABILITY Never"), ok());
  EXPECT_EQ(call("CLIENT DURABILITY"), bulk("never"));
  EXPECT_EQ(call("CLIENT DURABILITY sometimes"),
            error("ERR CLIENT DURABILITY is always, interval, never or default, not 'sometimes'"));
  EXPECT_EQ(call("CLIENT DURABILITY always never"), error("ERR syntax error"));
  EXPECT_EQ(call("CLIENT DURABILITY"), bulk("never"));
  EXPECT_EQ(call("CLIENT DURABILITY default"), ok());
  EXPECT_EQ(call("CLIENT DURABILITY"), bulk("default"));
  call("CLIENT DURABILITY interval");
  call("RESET");
  EXPECT_EQ(call("CLIENT DURABILITY"), bulk("default"));
}

// ---- counting

// Whatever is done to whatever, what is kept is what a fresh count comes to.
TEST_F(ClassTest, TheFiguresAreExact) {
  const char* const kNames[] = {"cache:a", "cache:b", "s:a", "bull:a", "cache:jobs:a", "lax:a", "timed:a", "plain"};
  std::mt19937_64 dice(11);
  const auto key = [&] { return Bytes(kNames[dice() % std::size(kNames)]) + std::to_string(dice() % 4); };
  const auto word = [&] { return Bytes(1 + dice() % (dice() % 10 == 0 ? 6000 : 40), static_cast<char>('a' + dice() % 26)); };
  const auto number = [&](uint64_t n) { return std::to_string(dice() % n); };
  for (int i = 0; i < 6000; ++i) {
    std::vector<Bytes> words;
    switch (dice() % 30) {
      case 0: words = {"SET", key(), word()}; break;
      case 1: words = {"SET", key(), word(), "PX", std::to_string(1 + dice() % 3000)}; break;
      case 2: words = {"APPEND", key(), word()}; break;
      case 3: words = {"SETRANGE", key(), number(9000), word()}; break;
      case 4: words = {"RPUSH", key(), word(), word(), word()}; break;
      case 5: words = {"LPOP", key(), "2"}; break;
      case 6: words = {"LMOVE", key(), key(), "LEFT", "RIGHT"}; break;
      case 7: words = {"HSET", key(), number(200), word(), number(200), word()}; break;
      case 8: words = {"HDEL", key(), number(200), number(200)}; break;
      case 9: words = {"SADD", key(), word(), number(1000), number(1000)}; break;
      case 10: words = {"SPOP", key(), "2"}; break;
      case 11: words = {"ZADD", key(), number(100), word(), number(100), number(500)}; break;
      case 12: words = {"ZPOPMIN", key(), "2"}; break;
      case 13: words = {"XADD", key(), "*", "f", word()}; break;
      case 14: words = {"XTRIM", key(), "MAXLEN", "3"}; break;
      case 15: words = {"XGROUP", "CREATE", key(), "g" + number(3), "0", "MKSTREAM"}; break;
      case 16: words = {"XREADGROUP", "GROUP", "g" + number(3), "c" + number(9), "STREAMS", key(), ">"}; break;
      case 17: words = {"XGROUP", "DELCONSUMER", key(), "g" + number(3), "c" + number(9)}; break;
      case 18: words = {"RENAME", key(), key()}; break;
      case 19: words = {"COPY", key(), key(), "DB", number(3), "REPLACE"}; break;
      case 20: words = {"MOVE", key(), number(3)}; break;
      case 21: words = {"DEL", key(), key()}; break;
      case 22: words = {"PEXPIRE", key(), std::to_string(1 + dice() % 3000)}; break;
      case 23: words = {"SELECT", number(3)}; break;
      case 24: words = {"SWAPDB", number(3), number(3)}; break;
      case 25: words = dice() % 20 == 0 ? std::vector<Bytes>{"FLUSHDB"} : std::vector<Bytes>{"PERSIST", key()}; break;
      case 26: words = {"EVAL", "redis.call('SET', KEYS[1], ARGV[1]) redis.call('LPUSH', KEYS[2], ARGV[1])", "2", key(), key(), word()}; break;
      case 27: words = {"SUNIONSTORE", key(), key(), key()}; break;
      case 28: words = {"ZUNIONSTORE", key(), "2", key(), key()}; break;
      default: advance_ms(static_cast<int64_t>(dice() % 400)); continue;
    }
    client().send_words(words);
    client().received().clear();
    if (i % 50 == 0) {
      expect_exact();
      if (HasFailure()) FAIL() << "after " << i;
    }
  }
  expect_exact();
  restart();
  expect_exact();
}

// ---- the disk stands: who is answered

class ClassDurabilityTest : public ClassTest {
 protected:
  ClassDurabilityTest() {
    config.log_thread = LogThreadMode::kAlways;
    config.sync_interval_ms = 100;
  }
  void TearDown() override {
    let_it_work();
    ClassTest::TearDown();
  }
  void let_it_work() {
    do {
      while (broker().log()->step_thread()) continue;
      tick();
    } while (broker().has_work() || broker().log()->step_thread());
  }
  // The records are written and their sync, if one was asked for, has begun and does not end.
  void let_it_write() {
    broker().log()->step_thread();
    tick();
  }
  bool answered(TestClient& one) { return one.has_reply(); }
};

TEST_F(ClassDurabilityTest, EachClassWaitsAsItIsTold) {
  TestClient& strict = connect();
  TestClient& timed = connect();
  EXPECT_EQ(call("SET cache:a 1"), ok());
  EXPECT_EQ(call("GET cache:a"), bulk("1"));
  timed.send("SET timed:a 1");
  EXPECT_FALSE(answered(timed));
  strict.send("SET plain 1");
  EXPECT_FALSE(answered(strict));
  let_it_write();
  EXPECT_EQ(timed.reply(), ok());
  EXPECT_FALSE(answered(strict));
  EXPECT_EQ(call("SET cache:b 1"), ok());  // the disk stands, and this one does not care
  let_it_work();
  EXPECT_EQ(strict.reply(), ok());
}

TEST_F(ClassDurabilityTest, WhoReadsAStrictKeyWaitsForIt) {
  TestClient& reader = connect();
  client().send("SET bull:a 1");
  reader.send("GET bull:a");
  EXPECT_FALSE(answered(reader));
  TestClient& other = connect();
  EXPECT_EQ(other.call("GET cache:a"), null());
  let_it_write();
  EXPECT_FALSE(answered(reader));
  let_it_work();
  EXPECT_EQ(reader.reply(), bulk("1"));
  EXPECT_EQ(client().reply(), ok());
}

TEST_F(ClassDurabilityTest, ACommandOverBothWaitsAsTheStrictestSays) {
  TestClient& multi = connect();
  multi.call("MULTI");
  multi.call("SET cache:a 1");
  multi.call("SET bull:a 1");
  multi.send("EXEC");
  EXPECT_FALSE(answered(multi));
  TestClient& script = connect();
  script.send_words({"EVAL", "redis.call('SET', KEYS[1], 'x') return redis.call('GET', KEYS[2])", "2", "cache:b", "bull:a"});
  EXPECT_FALSE(answered(script));
  TestClient& lax_script = connect();
  EXPECT_EQ(lax_script.call_words({"EVAL", "return redis.call('SET', KEYS[1], 'x')", "1", "cache:c"}), ok());
  TestClient& many = connect();
  many.send("MGET cache:a plain");  // the strictest class's, so the lax key's record too
  EXPECT_FALSE(answered(many));
  TestClient& size = connect();
  size.send("DBSIZE");
  EXPECT_FALSE(answered(size));
  let_it_work();
  EXPECT_EQ(multi.reply(), array(ok(), ok()));
  EXPECT_EQ(script.reply(), bulk("1"));
  EXPECT_TRUE(answered(many));
  EXPECT_EQ(size.reply(), integer(4));
}

// A sync is made when somebody waits for one, and not for what only lax keys asked.
TEST_F(ClassDurabilityTest, TheLogSyncsWhatIsWaitedFor) {
  EXPECT_EQ(call("SET cache:a 0"), ok());
  let_it_work();
  const uint64_t before = broker().log()->stats().syncs;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(call("SET cache:a " + std::to_string(i)), ok());
    let_it_work();
  }
  EXPECT_EQ(broker().log()->stats().syncs, before);
  client().send("SET timed:a 1");
  let_it_work();
  EXPECT_EQ(client().reply(), ok());
  EXPECT_EQ(broker().log()->stats().syncs, before);
  advance_ms(101);
  let_it_work();
  EXPECT_EQ(broker().log()->stats().syncs, before + 1);
  EXPECT_EQ(call("SET cache:a 10"), ok());
  client().send("DBSIZE");  // nothing strict was written, and yet its answer must not be taken back
  EXPECT_FALSE(answered(client()));
  let_it_work();
  EXPECT_EQ(client().reply(), integer(2));
  EXPECT_EQ(broker().log()->stats().syncs, before + 2);
}

TEST_F(ClassDurabilityTest, AWokenWaiterAndAListenerWaitAsWell) {
  TestClient& worker = connect();
  worker.send("BRPOP cache:q bull:q 0");
  TestClient& lax_worker = connect();
  lax_worker.send("BRPOP cache:q2 0");
  TestClient& listener = connect();
  listener.call("SUBSCRIBE news");
  client().send("LPUSH cache:q2 job");
  EXPECT_EQ(client().reply(), integer(1));
  EXPECT_EQ(lax_worker.reply(), array("cache:q2", "job"));
  client().send("LPUSH bull:q job");
  EXPECT_FALSE(answered(worker));
  client().send("PUBLISH news done");
  EXPECT_FALSE(answered(listener));
  let_it_write();
  EXPECT_FALSE(answered(worker));
  let_it_work();
  EXPECT_EQ(worker.reply(), array("bull:q", "job"));
  EXPECT_TRUE(answered(listener));
}

TEST_F(ClassDurabilityTest, AClientChoosesWithinTheFloor) {
  TestClient& lax = connect();
  EXPECT_EQ(lax.call("CLIENT DURABILITY never"), ok());
  EXPECT_EQ(lax.call("SET lax:a 1"), ok());
  lax.send("SET bull:a 1");  // its floor is always
  EXPECT_FALSE(answered(lax));
  TestClient& other = connect();
  other.send("GET lax:a");  // who has not chosen waits for what the class says
  EXPECT_FALSE(answered(other));
  TestClient& strict = connect();
  EXPECT_EQ(strict.call("CLIENT DURABILITY always"), ok());
  strict.send("SET cache:a 1");
  EXPECT_FALSE(answered(strict));
  let_it_work();
  EXPECT_EQ(lax.reply(), ok());
  EXPECT_EQ(other.reply(), bulk("1"));
  EXPECT_EQ(strict.reply(), ok());
  EXPECT_EQ(strict.call("CLIENT DURABILITY default"), ok());
  EXPECT_EQ(strict.call("SET cache:a 2"), ok());
}

// Where the broker itself is lax, a strict client's first word waits for all that there is, and then for what it sees.
TEST_F(ClassDurabilityTest, AStrictClientOfALaxBroker) {
  config.classes.clear();
  config.durability = DurabilityMode::kNever;
  restart();
  EXPECT_EQ(call("SET a 1"), ok());
  TestClient& strict = connect();
  strict.send("CLIENT DURABILITY always");
  EXPECT_FALSE(answered(strict));
  let_it_work();
  EXPECT_EQ(strict.reply(), ok());
  EXPECT_EQ(strict.call("GET a"), bulk("1"));
  EXPECT_EQ(call("SET a 2"), ok());
  strict.send("GET a");
  EXPECT_FALSE(answered(strict));
  let_it_work();
  EXPECT_EQ(strict.reply(), bulk("2"));
}

TEST_F(ClassDurabilityTest, ALaxFloorOfTheBrokerLetsClientsBeLax) {
  config.classes.clear();
  config.durability_floor = DurabilityFloor::kNever;
  restart();
  client().send("SET a 0");  // with the first digest of the log
  let_it_work();
  EXPECT_EQ(client().reply(), ok());
  EXPECT_EQ(call("CLIENT DURABILITY never"), ok());
  EXPECT_EQ(call("SET a 1"), ok());
  const uint64_t before = broker().log()->stats().syncs;
  let_it_work();
  EXPECT_EQ(broker().log()->stats().syncs, before);
  EXPECT_EQ(call("CLIENT DURABILITY default"), ok());
  client().send("GET a");
  EXPECT_FALSE(answered(client()));
  let_it_work();
  EXPECT_EQ(client().reply(), bulk("1"));
}

// What was acknowledged survives a power cut as its class says: strict keys are there, and what is there is no half.
TEST_F(ClassDurabilityTest, AfterAPowerCutStrictKeysAreThere) {
  client().send("SET bull:a 1");
  let_it_work();
  EXPECT_EQ(client().reply(), ok());
  EXPECT_EQ(call("SET cache:a 1"), ok());
  restart_after_power_cut(3);
  let_it_work();
  EXPECT_EQ(call("GET bull:a"), bulk("1"));
}

// ---- quota, reserve, policy

class ClassMemoryTest : public ClassTest {
 protected:
  ClassMemoryTest() {
    ClassConfig cache = class_of("cache", {"cache:"});
    cache.policy = EvictionPolicy::kAllLru;
    cache.quota = 100'000;
    ClassConfig jobs = class_of("jobs", {"bull:"});
    jobs.reserve = 200'000;
    ClassConfig small = class_of("small", {"small:"});
    small.quota = 20'000;
    ClassConfig sessions = class_of("sessions", {"session:"});
    sessions.quota = 20'000;
    sessions.policy = EvictionPolicy::kVolatileTtl;
    config.classes = {cache, jobs, small, sessions};
  }
  void fill(const Bytes& prefix, int from, int to, const Bytes& options = "") {
    for (int i = from; i < to; ++i) {
      ASSERT_EQ(call("SET " + prefix + std::to_string(i) + ' ' + Bytes(200, 'v') + ' ' + options), ok()) << prefix << i;
    }
  }
  int there(const Bytes& prefix, int from, int to) {
    int count = 0;
    for (int i = from; i < to; ++i) count += static_cast<int>(call("EXISTS " + prefix + std::to_string(i)).number());
    return count;
  }
  static constexpr View kRefused = "OOM command not allowed when used memory > 'maxmemory'.";
};

TEST_F(ClassMemoryTest, AClassOverItsQuotaEvictsItsOwn) {
  fill("bull:", 0, 50);
  fill("plain:", 0, 50);
  fill("cache:", 0, 300);
  advance_ms(5000);
  fill("cache:", 300, 900);
  advance_ms(5000);
  fill("cache:", 900, 1000);
  EXPECT_LE(bytes_of("cache"), 100'000u + 300);
  EXPECT_EQ(there("bull:", 0, 50), 50);
  EXPECT_EQ(there("plain:", 0, 50), 50);
  EXPECT_GE(there("cache:", 900, 1000), 95);  // the latest
  EXPECT_GT(stats_of("cache").evicted, 500u);
  EXPECT_EQ(stats_of("jobs").evicted, 0u);
  EXPECT_EQ(stats_of("cache").oom_refusals, 0u);
  expect_exact();
}

TEST_F(ClassMemoryTest, WhereNothingMayGoTheClassIsRefused) {
  int i = 0;
  while (call("SET small:" + std::to_string(i) + " " + Bytes(200, 'v')) == ok()) ASSERT_LT(++i, 1000);
  EXPECT_EQ(call("SET small:new 1"), error(kRefused));
  EXPECT_EQ(call("LPUSH small:l 1"), error(kRefused));
  EXPECT_EQ(call("MSET cache:a 1 small:a 1"), error(kRefused));
  EXPECT_EQ(call("GET cache:a"), null());
  EXPECT_EQ(call("GET small:0"), bulk(Bytes(200, 'v')));
  EXPECT_EQ(call("SET plain 1"), ok());  // the others do not mind
  EXPECT_EQ(call("RENAME plain small:new"), error(kRefused));
  EXPECT_EQ(call("COPY plain small:new"), error(kRefused));
  EXPECT_EQ(call("COPY small:0 plain REPLACE"), integer(1));
  EXPECT_EQ(call("RENAME small:1 small:new"), ok());
  call("MULTI");
  EXPECT_EQ(call("GET small:0"), simple("QUEUED"));
  EXPECT_EQ(call("SET small:new 1"), error(kRefused));
  EXPECT_EQ(call("EXEC"), error("EXECABORT Transaction discarded because of previous errors."));
  const Reply script = client().call_words({"EVAL", "return redis.call('SET', 'small:x', '1')", "0"});
  EXPECT_TRUE(script.text.starts_with("OOM ")) << script.text;
  const Reply told = client().call_words({"EVAL", "return redis.call('SET', KEYS[1], '1')", "1", "small:x"});
  EXPECT_TRUE(told.text.starts_with("OOM ")) << told.text;
  EXPECT_EQ(client().call_words({"EVAL", "redis.call('DEL', 'small:0') return redis.call('SET', 'small:x', '1')", "0"}), ok());
  EXPECT_GE(stats_of("small").oom_refusals, 7u);
  EXPECT_EQ(stats_of("default").oom_refusals, 0u);
  EXPECT_EQ(call("DEL small:2 small:3"), integer(2));
  EXPECT_EQ(call("SET small:new 1"), ok());
  expect_exact();
}

TEST_F(ClassMemoryTest, AVolatilePolicyTakesOnlyWhatExpires) {
  fill("session:", 0, 40, "PX 100000");
  fill("session:", 40, 60, "PX 50000");
  EXPECT_EQ(call("SET session:kept 1"), ok());
  fill("session:", 60, 200, "PX 200000");
  EXPECT_EQ(call("GET session:kept"), bulk("1"));
  EXPECT_EQ(there("session:", 40, 60), 0);  // the soonest first
  EXPECT_LE(bytes_of("sessions"), 20'400u);
  for (int i = 0; i < 200; ++i) call("DEL session:" + std::to_string(i));
  int i = 0;
  while (call("SET session:for_ever" + std::to_string(i) + " " + Bytes(200, 'v')) == ok()) ASSERT_LT(++i, 1000);
  EXPECT_EQ(call("SET session:new 1"), error(kRefused));
}

// Every policy, with a class that is a small part of all keys.
TEST_F(ClassMemoryTest, EveryPolicyFindsTheFewOfItsClass) {
  for (const PolicyWord& word : kPolicyWords) {
    if (word.policy == EvictionPolicy::kNone) continue;
    config.classes[0].policy = word.policy;
    config.classes[0].quota = 10'000;
    restart();
    if (keys_of("default") == 0) fill("plain:", 0, 5000);
    const uint64_t others = keys_of("default");
    fill("cache:" + Bytes(word.name), 0, 100, "PX 100000000");
    EXPECT_LE(bytes_of("cache"), 10'400u) << word.name;
    EXPECT_GT(stats_of("cache").evicted, 30u) << word.name;
    EXPECT_EQ(keys_of("default"), others) << word.name;
    EXPECT_EQ(stats_of("cache").oom_refusals, 0u) << word.name;
    expect_exact();
  }
}

// A cache beside a queue cannot cost a job: neither its keys nor its room.
TEST_F(ClassMemoryTest, WhatIsReservedIsThereWhenItIsWanted) {
  config.classes[0].quota = 0;
  restart();
  const size_t limit = rooms().eviction.used() + 600'000;
  ASSERT_EQ(call("CONFIG SET maxmemory " + std::to_string(limit)), ok());
  fill("cache:", 0, 4000);  // as much as it may
  EXPECT_GT(stats_of("cache").evicted, 100u);
  EXPECT_LE(rooms().eviction.used() + 200'000, limit + 20'000);
  EXPECT_EQ(call("SET plain " + Bytes(30'000, 'v')), ok());
  EXPECT_EQ(call("SET plain2 1"), error(kRefused));  // the default class has noeviction, and only the reserve is left
  const uint64_t evicted = stats_of("cache").evicted;
  fill("bull:", 0, 600);
  EXPECT_EQ(stats_of("jobs").oom_refusals, 0u);
  EXPECT_EQ(there("bull:", 0, 600), 600);
  EXPECT_EQ(stats_of("cache").evicted, evicted);  // the room was there
  fill("cache:", 5000, 6000);
  EXPECT_EQ(there("bull:", 0, 600), 600);
  expect_exact();
}

// A value that overruns the limit in one request costs its own class, and nobody in reserve.
TEST_F(ClassMemoryTest, AnOverrunIsPaidByWhoMadeIt) {
  config.classes[0].quota = 0;
  restart();
  ASSERT_EQ(call("CONFIG SET maxmemory " + std::to_string(rooms().eviction.used() + 400'000)), ok());
  fill("cache:", 0, 200);
  ASSERT_EQ(call("SET cache:big " + Bytes(500'000, 'v')), ok());
  EXPECT_EQ(call("LPUSH bull:q job"), integer(1));
  tick();
  EXPECT_FALSE(rooms().eviction.over(id_of("cache")));
}

TEST_F(ClassMemoryTest, ReservesStayBelowTheLimit) {
  EXPECT_TRUE(call("CONFIG SET maxmemory 100000").is_error());
  EXPECT_EQ(call("CONFIG SET maxmemory 0"), ok());
}

// ---- values

TEST_F(ClassMemoryTest, LongValuesAreRefusedBeforeAnythingChanges) {
  config.classes[0].max_value_bytes = 100;
  restart();
  const Bytes fits(100, 'v'), longer(101, 'v');
  const Reply refused = error("ERR value of 101 bytes is longer than class 'cache' allows: its max_value_bytes is 100");
  const Reply grown = error("ERR string would be longer than class 'cache' allows: its max_value_bytes is 100");
  EXPECT_EQ(call("SET cache:a " + fits), ok());
  EXPECT_EQ(call("SET cache:a " + longer), refused);
  EXPECT_EQ(call("RPUSH cache:l a " + longer), refused);
  EXPECT_EQ(call("EXISTS cache:l"), integer(0));
  EXPECT_EQ(call("HSET cache:h f " + longer), refused);
  EXPECT_EQ(call("XADD cache:x * f " + longer), refused);
  EXPECT_EQ(call("MSET plain " + longer + " cache:a v"), ok());
  EXPECT_EQ(call("MSET plain v cache:b " + longer), refused);
  EXPECT_EQ(call("SET plain " + longer), ok());
  EXPECT_EQ(call("SET " + Bytes("cache:") + longer + " v"), ok());  // a key is no value
  EXPECT_EQ(call("SET cache:a " + fits), ok());
  EXPECT_EQ(call("APPEND cache:a v"), grown);
  EXPECT_EQ(call("SETRANGE cache:a 100 v"), grown);
  EXPECT_EQ(call("SETRANGE cache:a 99 w"), integer(100));
  EXPECT_EQ(call("GET cache:a"), bulk(Bytes(99, 'v') + "w"));
  call("MULTI");
  EXPECT_EQ(call("SET cache:a " + longer), refused);
  EXPECT_EQ(call("EXEC"), error("EXECABORT Transaction discarded because of previous errors."));
  const Reply script = client().call_words({"EVAL", "return redis.call('SET', 'cache:a', ARGV[1])", "0", longer});
  EXPECT_TRUE(script.text.starts_with(refused.text)) << script.text;
}

// ---- CLASS FLUSH

TEST_F(ClassMemoryTest, FlushDeletesTheClassInSlices) {
  config.classes[0].quota = 0;
  restart();
  Bytes requests;
  for (int i = 0; i < 5000; ++i) requests += request_bytes({"SET", "cache:" + std::to_string(i), "v"});
  for (int i = 0; i < 500; ++i) requests += request_bytes({"SET", "plain:" + std::to_string(i), "v"});
  client().send_raw(requests);
  while (broker().has_work()) tick();
  client().received().clear();
  call("SELECT 3");
  call("SET cache:there v");
  call("SET cache:due v PX 10");
  clock.advance_ms(20);
  TestClient& worker = connect();
  worker.send("BRPOP q 0");
  TestClient& flusher = connect();
  flusher.send("CLASS FLUSH cache");
  EXPECT_FALSE(flusher.has_reply());
  TestClient& producer = connect();
  EXPECT_EQ(producer.call("LPUSH q job"), integer(1));
  EXPECT_EQ(worker.reply(), array("q", "job"));  // served in between
  EXPECT_FALSE(flusher.has_reply());
  EXPECT_GT(keys_of("cache"), 0u);
  while (broker().has_work()) tick();
  EXPECT_EQ(flusher.reply(), integer(5001));
  EXPECT_EQ(keys_of("cache"), 0u);
  EXPECT_EQ(keys_of("default"), 500u);
  EXPECT_EQ(flusher.call("CLASS FLUSH nobody"), error("ERR no such class 'nobody': CLASS LIST tells which there are"));
  flusher.send("CLASS FLUSH jobs");
  while (broker().has_work()) tick();
  EXPECT_EQ(flusher.reply(), integer(0));
  expect_exact();
}

TEST_F(ClassMemoryTest, AFlushGoesOnWhenItsClientHasLeft) {
  config.classes[0].quota = 0;
  restart();
  Bytes requests;
  for (int i = 0; i < 5000; ++i) requests += request_bytes({"SET", "cache:" + std::to_string(i), "v"});
  client().send_raw(requests);
  while (broker().has_work()) tick();
  client().received().clear();
  TestClient& flusher = connect();
  flusher.send("CLASS FLUSH cache");
  flusher.hang_up();
  call("SWAPDB 0 5");
  while (broker().has_work()) tick();
  EXPECT_EQ(keys_of("cache"), 0u);
}

}  // namespace
}  // namespace leat::testing
