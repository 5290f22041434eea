// SPDX-License-Identifier: Apache-2.0
// log_fixture.h: a log on a disk and a clock that the test owns, and the ledger of what it has promised.
//
// Used by: the tests of this folder.
// Always:  - batch number n has contents that only n can have, so a replay can be told from the ledger alone.
#pragma once

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/sim_disk.h"
#include "wal/folder.h"
#include "wal/log.h"

namespace leat::wal {

class TestClock final : public Clock {
 public:
  TimeMs wall_ms() override { return 1'700'000'000'000 + us_ / 1000; }
  int64_t wall_us() override { return wall_ms() * 1000; }
  int64_t monotonic_us() override { return us_; }
  void advance_us(int64_t us) { us_ += us; }

 private:
  std::atomic<int64_t> us_ = 1'000'000;
};

// Contents of batch `number`; every size from a few bytes to a few hundred, seldom several records.
inline Bytes batch_of(uint64_t number) {
  Bytes batch = "batch " + std::to_string(number) + " ";
  while (batch.size() < 10 + number * 37 % 300) batch += static_cast<char>('a' + batch.size() % 26);
  return batch;
}

struct LogBench {
  LogBench() { options.folder = "data"; }

  static uint64_t next_random(uint64_t& state) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state ^ (state >> 29);
  }

  // Opens, and remembers what was replayed.
  Result<std::unique_ptr<Log>> try_open() {
    replayed.clear();
    replayed_index.clear();
    options.random = [this] { return next_random(dice); };
    if (log == nullptr) lock.reset();
    auto locked = open_folder(disk, options.folder, options.random);
    if (!locked.ok()) return locked.status();
    lock = std::move(*locked);
    return Log::open(disk, clock, *events, options, [this](Index index, TimeMs, View batch) {
      replayed.emplace_back(batch);
      replayed_index.push_back(index);
      return Status::fine();
    });
  }
  void open() {
    log.reset();
    auto opened = try_open();
    ASSERT_TRUE(opened.ok()) << opened.status().text();
    log = std::move(*opened);
  }
  Index propose(uint64_t number) { return log->propose(batch_of(number), 1000 + static_cast<TimeMs>(number)); }
  // Batches first, first + 1 … as far as replayed go.
  void expect_replayed_from(uint64_t first) {
    for (size_t at = 0; at < replayed.size(); ++at) ASSERT_EQ(replayed[at], batch_of(first + at)) << at;
  }
  Bytes path(View name) { return "data/" + Bytes(name); }

  testing::SimDisk disk;
  TestClock clock;
  std::unique_ptr<Events> events = Events::silent();
  LogOptions options{.segment_bytes = 2048, .prepare = SpareMaker::Where::kCaller};
  std::vector<Bytes> replayed;
  std::vector<Index> replayed_index;
  uint64_t dice = 42;
  std::unique_ptr<FileLock> lock;
  std::unique_ptr<Log> log;
};

class LogFixture : public ::testing::Test, protected LogBench {};

}  // namespace leat::wal
