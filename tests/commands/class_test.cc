// SPDX-License-Identifier: Apache-2.0
// Classes of keys: which a key belongs to, what it is told, what a client may choose.
#include <random>

#include "tests/support/class_test.h"

namespace leat::testing {
namespace {

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
  EXPECT_TRUE(info("classes", "class_default")
                  .ends_with("durability=always,hits=1,misses=1,evicted=0,expired=0,oom_refusals=0"));
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
  const auto word = [&] {
    return Bytes(1 + dice() % (dice() % 10 == 0 ? 6000 : 40), static_cast<char>('a' + dice() % 26));
  };
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
      case 26:
        words = {"EVAL", "redis.call('SET', KEYS[1], ARGV[1]) redis.call('LPUSH', KEYS[2], ARGV[1])", "2", key(), key(),
                 word()};
        break;
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

}  // namespace
}  // namespace leat::testing
