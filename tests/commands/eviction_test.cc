// SPDX-License-Identifier: Apache-2.0
// maxmemory: who goes, who stays, what is refused. https://redis.io/docs/latest/develop/reference/eviction/
#include "tests/support/broker_test.h"

namespace leat {

using namespace testing;

class EvictionTest : public BrokerTest {
 protected:
  void limit(View policy, size_t bytes) {
    ASSERT_EQ(call("CONFIG SET maxmemory-policy " + Bytes(policy)), ok());
    ASSERT_EQ(call("CONFIG SET maxmemory " + std::to_string(bytes)), ok());
  }
  size_t used() { return rooms().keyspace.memory(); }
  static Bytes key(int number) { return "key:" + std::to_string(number); }
  void fill(int from, int to) {
    for (int i = from; i < to; ++i) ASSERT_EQ(call("SET " + key(i) + ' ' + Bytes(200, 'v')), ok());
  }
  int there(int from, int to) {
    int count = 0;
    for (int i = from; i < to; ++i) count += static_cast<int>(call("EXISTS " + key(i)).number());
    return count;
  }
  Bytes info(View section, View field) {
    const Bytes text = call("INFO " + Bytes(section)).text;
    const size_t at = text.find("\n" + Bytes(field) + ":") + field.size() + 2;
    return text.substr(at, text.find('\r', at) - at);
  }
  static constexpr View kRefused = "OOM command not allowed when used memory > 'maxmemory'.";
};

TEST_F(EvictionTest, WithoutAPolicyWhatMayAddIsRefused) {
  call("SET a 1");
  limit("noeviction", 1);
  EXPECT_EQ(call("SET b 1"), error(kRefused));
  EXPECT_EQ(call("LPUSH l 1"), error(kRefused));
  EXPECT_EQ(call("GET a"), bulk("1"));
  EXPECT_EQ(call("EXPIRE a 100"), integer(1));
  EXPECT_EQ(call("DEL a"), integer(1));
  call("CONFIG SET maxmemory 0");
  EXPECT_EQ(call("SET b 1"), ok());
  EXPECT_EQ(info("stats", "evicted_keys"), "0");
}

// Nobody has to come for that.
TEST_F(EvictionTest, ALowerLimitIsMetAtOnce) {
  fill(0, 50);
  call("CONFIG SET notify-keyspace-events Ee");
  TestClient& listener = connect();
  listener.call("PSUBSCRIBE *");
  limit("allkeys-lru", 1);
  while (broker().has_work()) tick();
  EXPECT_EQ(rooms().keyspace.database(0).size(), 0u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(listener.reply().items.at(2), bulk("__keyevent@0__:evicted"));
}

TEST_F(EvictionTest, ATransactionIsRefusedWhenItWouldAdd) {
  call("SET a 1");
  TestClient& early = connect();
  early.call("MULTI");
  early.call("SET b 1");
  limit("noeviction", 1);
  EXPECT_EQ(early.call("EXEC"), error("EXECABORT Transaction discarded because of: " + Bytes(kRefused)));
  call("MULTI");
  EXPECT_EQ(call("GET a"), error(kRefused));  // queueing takes memory
  EXPECT_EQ(call("EXEC"), error("EXECABORT Transaction discarded because of previous errors."));
  call("MULTI");
  EXPECT_EQ(call("DISCARD"), ok());
}

TEST_F(EvictionTest, AScriptIsRefusedOnlyItsFirstWrite) {
  call("SET a 1");
  limit("noeviction", 1);
  const Reply refused = client().call_words({"EVAL", "return redis.call('SET', 'b', '1')", "0"});
  EXPECT_TRUE(refused.is_error());
  EXPECT_TRUE(refused.text.starts_with("OOM ")) << refused.text;
  EXPECT_EQ(client().call_words({"EVAL", "return redis.call('GET', 'a')", "0"}), bulk("1"));
  EXPECT_EQ(client().call_words({"EVAL", "redis.call('DEL', 'a') return redis.call('SET', 'b', '1')", "0"}), ok());
}

TEST_F(EvictionTest, TheOldestGoFirst) {
  fill(0, 1000);
  advance_ms(5000);
  for (int i = 0; i < 200; ++i) call("GET " + key(i));
  advance_ms(5000);
  limit("allkeys-lru", used());
  fill(1000, 1400);
  EXPECT_LE(used(), static_cast<size_t>(rooms().config.maxmemory) + 8192);
  EXPECT_EQ(there(1000, 1400), 400);
  EXPECT_GE(there(0, 200), 195);     // what was looked at
  EXPECT_LT(there(200, 1000), 550);  // paid for what came
  EXPECT_EQ(std::stoi(info("stats", "evicted_keys")), 1400 - there(0, 1400));
}

TEST_F(EvictionTest, LookingWithoutUsingSavesNobody) {
  fill(0, 600);
  advance_ms(5000);
  for (int i = 0; i < 100; ++i) call("TTL " + key(i)), call("OBJECT IDLETIME " + key(i));
  for (int i = 100; i < 200; ++i) call("SET " + key(i) + ' ' + Bytes(200, 'w'));  // a use
  advance_ms(5000);
  limit("allkeys-lru", used());
  fill(1000, 1300);
  EXPECT_GE(there(100, 200), 97);
  EXPECT_LT(there(0, 100), 75);
}

TEST_F(EvictionTest, TheRarestGoFirst) {
  ASSERT_EQ(call("CONFIG SET maxmemory-policy allkeys-lfu"), ok());
  fill(0, 800);
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 100; ++i) call("GET " + key(i));
  }
  EXPECT_GT(call("OBJECT FREQ " + key(0)).number(), 5);
  limit("allkeys-lfu", used());
  fill(1000, 1300);
  EXPECT_EQ(there(0, 100), 100);
  EXPECT_TRUE(call("OBJECT IDLETIME " + key(0)).is_error());
}

TEST_F(EvictionTest, VolatilePoliciesTakeOnlyWhatExpires) {
  for (const char* policy : {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}) {
    call("CONFIG SET maxmemory 0");
    call("FLUSHALL");
    fill(0, 600);
    for (int i = 0; i < 300; ++i) call("EXPIRE " + key(i) + ' ' + std::to_string(10000 + i));
    limit(policy, used());
    fill(1000, 1150);
    EXPECT_EQ(there(300, 600), 300) << policy;
    EXPECT_LT(there(0, 300), 220) << policy;
    for (int i = 0; i < 300; ++i) call("PERSIST " + key(i));
    call("CONFIG SET maxmemory 1");
    EXPECT_EQ(call("SET a 1"), error(kRefused)) << policy;
  }
}

TEST_F(EvictionTest, TheNextToExpireGoesFirst) {
  fill(0, 500);
  for (int i = 0; i < 500; ++i) call("EXPIRE " + key(i) + ' ' + std::to_string(20000 - i));
  limit("volatile-ttl", used());
  fill(1000, 1100);
  int gone = 500 - there(0, 500);
  EXPECT_GT(gone, 50);
  EXPECT_EQ(there(0, 500 - gone), 500 - gone);  // none but the last ones, exactly
}

TEST_F(EvictionTest, ByChance) {
  fill(0, 500);
  limit("allkeys-random", used());
  fill(1000, 1300);
  const int left = there(0, 500);
  EXPECT_GT(left, 200);
  EXPECT_LT(left, 450);
}

TEST_F(EvictionTest, AllDatabasesPay) {
  fill(0, 300);
  call("SELECT 5");
  fill(0, 300);
  limit("allkeys-lru", used() / 2);
  call("SET one-more 1");
  const int fifth = there(0, 300);
  call("SELECT 0");
  EXPECT_GT(fifth, 20);
  EXPECT_GT(there(0, 300), 20);
  EXPECT_LE(used(), static_cast<size_t>(rooms().config.maxmemory) + 8192);
}

TEST_F(EvictionTest, LargeValuesAreFreedBeforeMoreGo) {
  std::vector<Bytes> words{"RPUSH", "large"};
  for (int i = 0; i < 20000; ++i) words.push_back("element " + std::to_string(i) + Bytes(50, 'x'));
  client().call_words(words);
  advance_ms(5000);
  fill(0, 300);
  limit("allkeys-lru", used() / 2);  // it has most of it, and is met soon
  call("SET one-more 1");
  EXPECT_EQ(call("EXISTS large"), integer(0));
  EXPECT_GE(there(0, 300), 260);
  EXPECT_EQ(info("stats", "vanished_queues"), "1");
}

TEST_F(EvictionTest, AQueueThatExpiresIsCounted) {
  call("RPUSH queue a");
  call("PEXPIRE queue 10");
  call("SET text a PX 10");
  advance_ms(100);
  EXPECT_EQ(info("stats", "expired_keys"), "2");
  EXPECT_EQ(info("stats", "vanished_queues"), "1");
}

TEST_F(EvictionTest, AWatcherAndAReaderAreTold) {
  fill(0, 300);
  call("WATCH " + key(7));
  TestClient& other = connect();
  ASSERT_EQ(other.call("CONFIG SET maxmemory-policy allkeys-lru"), ok());
  ASSERT_EQ(other.call("CONFIG SET maxmemory 1"), ok());
  EXPECT_EQ(other.call("SET a 1"), error(kRefused));  // when all has gone
  EXPECT_EQ(there(0, 300), 0);
  other.call("CONFIG SET maxmemory 0");
  call("MULTI");
  call("SET a 1");
  EXPECT_TRUE(call("EXEC").is_null());
}

// Eviction writes, so it waits like writes do, and the loop does not spin meanwhile.
TEST_F(EvictionTest, NothingGoesWhileWritesArePaused) {
  fill(0, 300);
  TestClient& other = connect();
  EXPECT_EQ(other.call("CLIENT PAUSE 1000 WRITE"), ok());
  limit("allkeys-lru", used() / 2);
  client().send("SET a 1");
  other.call("GET " + key(0));
  EXPECT_EQ(other.call("DBSIZE"), integer(300));
  EXPECT_FALSE(broker().has_work());
  advance_ms(1100);
  EXPECT_EQ(client().reply(), ok());
  EXPECT_LT(other.call("DBSIZE").number(), 200);
}

TEST_F(EvictionTest, SettingsAreReadAsRedisWritesThem) {
  EXPECT_EQ(call("CONFIG SET maxmemory 100mb maxmemory-policy allkeys-lfu"), ok());
  EXPECT_EQ(call("CONFIG GET maxmemory"), array("maxmemory", "104857600"));
  EXPECT_EQ(info("memory", "maxmemory"), "104857600");
  EXPECT_EQ(info("memory", "maxmemory_policy"), "allkeys-lfu");
  EXPECT_TRUE(call("CONFIG SET maxmemory-policy none").is_error());
  EXPECT_TRUE(call("CONFIG SET maxmemory-samples 0").is_error());
  EXPECT_TRUE(call("CONFIG SET maxmemory -1").is_error());
}

}  // namespace leat
