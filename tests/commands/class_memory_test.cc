// SPDX-License-Identifier: Apache-2.0
// Quotas, reserves and policies of classes, their longest values, and CLASS FLUSH.
#include "broker/config/config_words.h"
#include "tests/support/class_test.h"

namespace leat::testing {
namespace {

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
  EXPECT_EQ(call("BITOP OR small:new plain"), error(kRefused));
  EXPECT_EQ(call("PFMERGE small:new none"), error(kRefused));
  EXPECT_EQ(call("SORT none STORE small:new"), error(kRefused));
  EXPECT_EQ(call("GEORADIUS none 1 1 1 m STORE small:new"), error(kRefused));
  EXPECT_EQ(call("SORT small:none STORE plain:l"), integer(0));  // only what it adds to is asked
  EXPECT_EQ(call("BITOP OR plain:bits small:0"), integer(200));
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
  EXPECT_EQ(client().call_words({"EVAL", "redis.call('DEL', 'small:0') return redis.call('SET', 'small:x', '1')", "0"}),
            ok());
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
  EXPECT_EQ(call("SETBIT cache:a 800 1"), grown);
  EXPECT_EQ(call("SETBIT cache:a 799 1"), integer(1));
  EXPECT_EQ(call("BITFIELD cache:a GET u8 800 SET u8 796 1"), grown);
  EXPECT_EQ(call("BITOP NOT cache:b plain"), grown);
  EXPECT_EQ(call("BITOP NOT other cache:a"), integer(100));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(call("PFADD counter " + std::to_string(i)), integer(1));
  EXPECT_EQ(call("PFMERGE cache:b counter"), grown);
  EXPECT_EQ(call("EXISTS cache:b"), integer(0));
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
