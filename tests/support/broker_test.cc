// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

#include "broker/storage/proof.h"

namespace leat::testing {

std::vector<Bytes> split_words(View line) {
  std::vector<Bytes> words;
  size_t at = 0;
  while (at < line.size()) {
    if (line[at] == ' ') {
      ++at;
      continue;
    }
    if (line[at] == '"') {
      const size_t end = line.find('"', at + 1);
      words.emplace_back(line.substr(at + 1, end - at - 1));
      at = end + 1;
      continue;
    }
    const size_t end = std::min(line.find(' ', at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

Bytes request_bytes(const std::vector<Bytes>& words) {
  Bytes out = "*" + std::to_string(words.size()) + "\r\n";
  for (const Bytes& word : words) out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return out;
}

void TestClient::send_without_tick(View line) { test_.broker().receive(*client_, request_bytes(split_words(line))); }
void TestClient::send(View line) { send_words(split_words(line)); }
void TestClient::send_words(const std::vector<Bytes>& words) { send_raw(request_bytes(words)); }

void TestClient::send_raw(View bytes) {
  test_.broker().receive(*client_, bytes);
  test_.tick();
}

bool TestClient::has_reply() {
  View rest = received_;
  return read_reply(rest).has_value();
}

Reply TestClient::reply() {
  View rest = received_;
  auto reply = read_reply(rest);
  EXPECT_TRUE(reply.has_value()) << "no reply came";
  if (!reply) return {'-', "no reply came", {}};
  received_.erase(0, received_.size() - rest.size());
  return *reply;
}

void TestClient::hang_up() {
  test_.broker().hang_up(*client_);
  test_.tick();
  client_ = nullptr;
}

BrokerTest::BrokerTest() {
  config.segment_bytes = 1 << 20;
  config.log_thread = LogThreadMode::kNever;
  config.clients_max = 20000;
  config.idle_timeout_s = 0;  // time passes quickly here
}

BrokerTest::~BrokerTest() = default;

void BrokerTest::start() {
  const Status opened = open();
  ASSERT_TRUE(opened.ok()) << opened.text();
  connect();
}

Status BrokerTest::open() {
  clients_.clear();
  snapshot = {};
  broker_ = std::make_unique<Broker>(
      Broker::House{.files = disk, .clock = clock, .events = *events_, .seed = 42, .deterministic = true}, config);
  if (while_loading) broker_->set_pump(while_loading);
  const Status locked = broker_->lock_folder();
  return locked.ok() ? broker_->open() : locked;
}

TestClient& BrokerTest::connect() {
  clients_.push_back(std::make_unique<TestClient>(*this));
  clients_.back()->peer_name = next_peer;
  clients_.back()->client_ = &broker_->connect(*clients_.back());
  return *clients_.back();
}

void BrokerTest::advance_ms(int64_t ms) {
  clock.advance_ms(ms);
  tick();
  tick();  // whom the purge of the first woke
}

void BrokerTest::restart() {
  broker_.reset();
  disk.kill();
  start();
}

Status BrokerTest::try_restart() {
  broker_.reset();
  disk.kill();
  Status opened = open();
  if (opened.ok()) connect();
  else broker_.reset();
  return opened;
}

void BrokerTest::restart_after_power_cut(uint64_t seed) {
  broker_.reset();
  disk.power_cut(seed);
  start();
}

void BrokerTest::TearDown() {
  if (broker_ == nullptr || !broker_->failed().ok() || HasFatalFailure()) return;
  tick();
  const uint64_t before = digest();
  const Snapshots& taken = broker_->snapshots();
  // Else it has only what changed.
  if (taken.origin().after == 0 && taken.figures(0).taken == 0 && !taken.under_way()) {
    snapshot.take(rooms().keyspace);
    EXPECT_EQ(snapshot.digest_when_loaded(), before) << "a snapshot, loaded, makes another keyspace than the live one";
  }
  restart();
  EXPECT_EQ(digest(), before) << "the log, replayed, makes another keyspace than the live one";
  const auto proof = prove_folder(disk, config.data_dir);
  ASSERT_TRUE(proof.ok()) << "what a handler emitted does not fit the state that it saw: " << proof.status().text();
  EXPECT_EQ(proof->digest, before);
  const Status saved = broker_->save();
  EXPECT_TRUE(saved.ok()) << saved.text();
  restart();
  EXPECT_EQ(digest(), before) << "the snapshot on disk makes another keyspace than the log did";
}

}  // namespace leat::testing
