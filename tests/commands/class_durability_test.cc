// SPDX-License-Identifier: Apache-2.0
// Who is answered while the disk stands, by the classes of the keys and the choices of the clients.
#include "tests/support/class_test.h"

namespace leat::testing {
namespace {

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
  script.send_words(
      {"EVAL", "redis.call('SET', KEYS[1], 'x') return redis.call('GET', KEYS[2])", "2", "cache:b", "bull:a"});
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

}  // namespace
}  // namespace leat::testing
