// SPDX-License-Identifier: Apache-2.0
// Every byte of a data folder flipped in turn, and every file cut at each length: the start refuses and says where, or
// has the very state that was there. A snapshot stands in the middle of the log. LEAT_ALL=1 tries every bit and every
// length; without it there are as many, evenly spread, as fit into some seconds.
#include <cstdlib>

#include "tests/support/broker_test.h"
#include "tests/support/nowhere.h"
#include "wal/check.h"

namespace leat::testing {

class DamageTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kTrials = 4000;  // of each kind
  static bool all() { return std::getenv("LEAT_ALL") != nullptr; }

  DamageTest() {
    config_.segment_bytes = 8 << 10;
    config_.log_thread = LogThreadMode::kNever;
    config_.retain_log_hours = 1;  // the segments behind the snapshot stay
    make_folder();
  }

  std::unique_ptr<Broker> open(SimDisk& disk, Status& opened) {
    auto broker = std::make_unique<Broker>(
        Broker::House{.files = disk, .clock = clock_, .events = *events_, .seed = 42, .deterministic = true}, config_);
    opened = broker->lock_folder();
    if (opened.ok()) opened = broker->open();
    return broker;
  }

  // All kinds of values, a snapshot, more of the same; then the process dies.
  void make_folder() {
    Nowhere nowhere;
    SimDisk disk;
    Status opened;
    auto broker = open(disk, opened);
    ASSERT_TRUE(opened.ok()) << opened.text();
    Client& client = broker->connect(nowhere);
    for (int round = 0; round < 120; ++round) {
      const Bytes n = std::to_string(round);
      for (const Bytes& line :
           {"SET text:" + n + " " + Bytes(static_cast<size_t>(round) * 7 % 300, 'x'), "RPUSH list a" + n + " b" + n,
            "ZADD zset " + n + " m" + n, "HSET hash f" + n + " v", "XADD stream * n " + n, "SADD set " + n}) {
        broker->receive(client, request_bytes(split_words(line)));
      }
      clock_.advance_ms(20);
      broker->tick();
      digests_[broker->log()->proposed()] = broker->rooms().keyspace.digest();
      if (round != 60) continue;
      ASSERT_TRUE(broker->save().ok());
    }
    last_ = broker->log()->proposed();
    broker.reset();
    disk.kill();
    const auto names = disk.list("data");
    for (const Bytes& name : *names) files_[name] = disk.contents("data/" + name);
  }

  // A start with one file replaced. The check, which changes nothing, comes to the same verdict.
  void expect_noticed(const Bytes& name, Bytes contents) {
    SimDisk disk;
    static_cast<void>(disk.make_folder("data"));
    for (const auto& [other, bytes] : files_) disk.put("data/" + other, other == name ? std::move(contents) : bytes);
    const auto report = wal::check_folder(disk, "data");
    const bool sound = report.ok() && report->sound;
    Status opened;
    const auto broker = open(disk, opened);
    // Of a snapshot the check reads pages as well that no start needs.
    EXPECT_TRUE(opened.ok() == sound || (opened.ok() && name == "snapshot.db"))
        << "the check says: " << (report.ok() ? report->verdict : Bytes(report.status().text()))
        << "\nthe start says: " << opened.text();
    if (!opened.ok()) {
      EXPECT_NE(opened.text().find(name), View::npos) << "it does not say where: " << opened.text();
      ++refused_;
      return;
    }
    const Index there = broker->log()->proposed();
    const bool trimmed = !broker->log()->recovery().trimmed_detail.empty();
    EXPECT_TRUE(there == last_ || (trimmed && there + 1 >= last_))
        << "it lost records up to " << last_ << ", it has " << there;
    EXPECT_EQ(broker->rooms().keyspace.digest(), digests_[there]) << "another state";
    ++fine_;
  }

  uint64_t bytes() const {
    uint64_t sum = 0;
    for (const auto& [name, contents] : files_) sum += contents.size();
    return sum;
  }

  TestClock clock_;
  std::unique_ptr<Events> events_ = Events::silent();
  Config config_;
  std::map<Bytes, Bytes> files_;
  std::map<Index, uint64_t> digests_;
  Index last_ = 0;
  uint64_t refused_ = 0, fine_ = 0;
};

TEST_F(DamageTest, AFlippedBitIsNoticedOrHarmless) {
  const uint64_t stride = all() ? 1 : bytes() / kTrials + 1;
  for (const auto& [name, contents] : files_) {
    for (uint64_t at = 0; at < contents.size(); at += at < 100 && contents.size() > 100 ? 1 : stride) {
      for (unsigned bit = all() ? 0 : at % 8; bit < (all() ? 8 : at % 8 + 1); ++bit) {
        Bytes flipped = contents;
        flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
        SCOPED_TRACE(name + " byte " + std::to_string(at) + " bit " + std::to_string(bit) + " of " +
                     std::to_string(contents.size()));
        expect_noticed(name, std::move(flipped));
        if (HasFailure()) return;
      }
    }
  }
  EXPECT_GT(refused_, 100u);
  EXPECT_GT(fine_, 100u);
}

TEST_F(DamageTest, AShortenedFileIsNoticedOrHarmless) {
  const uint64_t stride = all() ? 1 : bytes() / kTrials + 1;
  for (const auto& [name, contents] : files_) {
    for (uint64_t size = 0; size < contents.size(); size += stride) {
      SCOPED_TRACE(name + " cut at " + std::to_string(size) + " of " + std::to_string(contents.size()));
      expect_noticed(name, contents.substr(0, size));
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(refused_, 100u);
}

}  // namespace leat::testing
