// SPDX-License-Identifier: Apache-2.0
// While the snapshot is loaded and the log behind it replayed, PING and INFO are answered and all else hears LOADING.
#include "tests/support/broker_test.h"

namespace leat::testing {

class LoadingTest : public BrokerTest {
 protected:
  // One client asks at the first pause of the start; its replies come at the next ones.
  void ask() {
    if (asker_ == nullptr) {
      asker_ = &connect();
      for (const char* line : {"PING", "GET text", "INFO persistence", "SET text changed"})
        broker().receive(asker_->client(), request_bytes(split_words(line)));
    }
    ++pauses_;
  }
  void expect_answers() {
    ASSERT_NE(asker_, nullptr) << "the start never paused";
    tick();
    EXPECT_EQ(asker_->reply(), simple("PONG"));
    EXPECT_EQ(asker_->reply().text.substr(0, 7), "LOADING");
    const Bytes info(asker_->reply().text);
    EXPECT_NE(info.find("loading:1"), Bytes::npos) << info;
    EXPECT_NE(info.find("loading_loaded_perc:"), Bytes::npos) << info;
    EXPECT_EQ(asker_->reply().text.substr(0, 7), "LOADING");
    EXPECT_EQ(call("GET text").text, "there");
    while_loading = nullptr;
  }

  TestClient* asker_ = nullptr;
  int pauses_ = 0;
};

TEST_F(LoadingTest, OfASnapshot) {
  call("SET text there");
  for (int i = 0; i < 20000; ++i) client().send("RPUSH list:" + std::to_string(i % 500) + " " + Bytes(100, 'x'));
  while (client().has_reply()) client().reply();
  ASSERT_TRUE(broker().save().ok());
  while_loading = [this] { ask(); };
  restart();
  expect_answers();
  EXPECT_GT(pauses_, 1);
}

// One value of some megabytes is built in stretches: the start has time for others in between.
TEST_F(LoadingTest, OfOneLargeValue) {
  call("SET text there");
  for (int i = 0; i < 100; ++i) {
    std::vector<Bytes> words = {"HSET", "large"};
    for (int j = 0; j < 500; ++j) words.insert(words.end(), {"field:" + std::to_string(i * 500 + j), Bytes(100, 'x')});
    client().call_words(words);
  }
  ASSERT_TRUE(broker().save().ok());
  while_loading = [this] { ask(); };
  restart();
  expect_answers();
  EXPECT_GE(pauses_, 2 * 50'000 * 110 / static_cast<int>(Pause::kStretchBytes))
      << "its rows are read, then it is built";
}

TEST_F(LoadingTest, OfALog) {
  call("SET text there");
  for (int i = 0; i < 3000; ++i) client().send("SET key " + Bytes(2000, 'x'));
  while (client().has_reply()) client().reply();
  while_loading = [this] { ask(); };
  restart();
  expect_answers();
}

// A script's whole work is one batch, and may be long.
TEST_F(LoadingTest, OfALargeBatch) {
  call("SET text there");
  client().call_words({"EVAL", "for i = 1, 30000 do redis.call('SET', 'key:' .. i, i) end", "0"});
  while_loading = [this] { ask(); };
  restart();
  expect_answers();
  EXPECT_GE(pauses_, 25);
}

}  // namespace leat::testing
