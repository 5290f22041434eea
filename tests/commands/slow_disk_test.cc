// SPDX-License-Identifier: Apache-2.0
// A disk that takes its time: who waits for it, and who does not. The log's thread does a step when the test says so.
#include <random>
#include <unordered_map>

#include "broker/stamps.h"
#include "tests/support/broker_test.h"

namespace leat::testing {
namespace {

class SlowDiskTest : public BrokerTest {
 public:
  SlowDiskTest() {
    config.log_thread = LogThreadMode::kAlways;
    config.unsynced_bytes_max = 1 << 20;
  }
  void TearDown() override {
    let_it_work();
    BrokerTest::TearDown();
  }
};

TEST_F(SlowDiskTest, WhatIsSettledIsReadAtOnce) {
  client().send("SET settled value");
  EXPECT_FALSE(client().has_reply());
  let_it_work();
  EXPECT_EQ(client().reply(), ok());
  TestClient& writer = connect();
  writer.send("SET other value");
  EXPECT_EQ(call("GET settled"), bulk("value"));
  EXPECT_FALSE(writer.has_reply());
  client().send("GET other");
  EXPECT_FALSE(client().has_reply());
  let_it_work();
  EXPECT_EQ(client().reply(), bulk("value"));
  EXPECT_EQ(writer.reply(), ok());
}

// Who wants no replies is not ahead of his own writes: what he publishes rests on them.
TEST_F(SlowDiskTest, AMessageRestsOnWhatItsSenderWroteWithoutReplies) {
  TestClient& listener = connect();
  listener.call("SUBSCRIBE ch");
  for (const char* how : {"CLIENT REPLY OFF", "CLIENT REPLY SKIP"}) {
    TestClient& writer = connect();
    writer.send(how);
    writer.send("SET k v");
    writer.send("PUBLISH ch k");
    EXPECT_FALSE(listener.has_reply()) << how;
    let_it_work();
    EXPECT_EQ(listener.reply(), array("message", "ch", "k")) << how;
  }
}

// Beyond unsynced_bytes_max writes wait, reads of what is settled do not, and nobody spins meanwhile.
TEST_F(SlowDiskTest, ADiskFarBehindHoldsBackWritesOnly) {
  client().send("SET settled value");
  let_it_work();
  EXPECT_EQ(client().reply(), ok());
  TestClient& flood = connect();
  const Bytes big(600'000, 'x');
  for (const char* key : {"one", "two", "three"}) flood.send_words({"SET", key, big});
  TestClient& script = connect();
  script.send_words({"EVAL", "return redis.call('SET', KEYS[1], 'x')", "1", "four"});
  EXPECT_EQ(rooms().keyspace.database(0).size(), 3u);  // settled, one, two
  EXPECT_FALSE(broker().has_work());
  EXPECT_EQ(call("GET settled"), bulk("value"));
  let_it_work();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(flood.reply(), ok());
  EXPECT_EQ(script.reply(), ok());
  EXPECT_EQ(rooms().keyspace.database(0).size(), 5u);
}

// Who asks for a large value that is not on disk, again and again, does not fill the memory with the answers.
TEST_F(SlowDiskTest, AReaderOfWhatIsNotOnDiskIsHeldBack) {
  const Bytes big(600'000, 'x');
  connect().send_words({"SET", "big", big});
  Bytes requests;
  for (int i = 0; i < 100; ++i) requests += request_bytes({"GET", "big"});
  client().send_raw(requests);
  while (broker().has_work()) tick();
  EXPECT_LT(client().client().output.held(), Client::kHeldBytesMax + 2 * big.size());
  let_it_work();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client().reply(), bulk(big));
}

// While a thousand keys wait for the disk, all but a few of the others do not.
TEST(StampsTest, ASettledKeyHardlyEverWaits) {
  constexpr int kWritten = 1000, kOthers = 100'000;
  Stamps stamps;
  for (int i = 0; i < kOthers; ++i) stamps.raise(0, "other" + std::to_string(i), 5);
  stamps.settle(5);
  for (int i = 0; i < kWritten; ++i) stamps.raise(0, "written" + std::to_string(i), 10);
  for (int i = 0; i < kWritten; ++i) EXPECT_GE(stamps.of(0, "written" + std::to_string(i)), 10u);
  int waiting = 0;
  for (int i = 0; i < kOthers; ++i) waiting += stamps.of(0, "other" + std::to_string(i)) > 5;
  EXPECT_LT(waiting, 100);
}

// Against the exact answer: never less than the last index of a key that is not committed.
TEST(StampsTest, NoUncommittedIndexIsForgotten) {
  std::mt19937_64 dice(1);
  Stamps stamps;
  std::unordered_map<Bytes, Index> last;
  Index index = 0, committed = 0;
  for (int i = 0; i < 300'000; ++i) {
    const Bytes key = std::to_string(dice() % 200'000);
    stamps.raise(0, key, last[key] = ++index);
    if (dice() % 50'000 == 0) stamps.settle(committed = index - dice() % 1000);
  }
  for (const auto& [key, at] : last) {
    EXPECT_GE(stamps.of(0, key), at > committed ? at : 0) << key;
  }
}

}  // namespace
}  // namespace leat::testing
