// SPDX-License-Identifier: Apache-2.0
// A disk that lies, forgets and fails under a snapshot: what is there afterwards is one of the snapshots, whole.
#include "tests/unit/wal/snapshot_fixture.h"
#include "wal/segment.h"

namespace leat::wal {

namespace {

// One life: makes the file and three snapshots in it; ends quietly when the disk does.
struct Trial : SnapshotBench {
  std::vector<Contents> all = three_snapshots();
  size_t committed = 0;  // snapshots that were

  explicit Trial(std::vector<Contents> contents = three_snapshots()) : all(std::move(contents)) {}

  void run() {
    if (!open().ok()) return;
    for (; committed < all.size(); ++committed) {
      if (!save(committed == 0 ? Contents() : all[committed - 1], all[committed]).ok()) return;
    }
  }

  // The last that was committed, or the one that was being made when the disk ended; and work goes on from there.
  void expect_whole() {
    auto loaded = reopen_and_load();
    ASSERT_TRUE(loaded.ok()) << loaded.status().text();
    const Contents before = committed == 0 ? Contents() : all[committed - 1];
    const bool is_next = committed < all.size() && *loaded == all[committed];
    ASSERT_TRUE(*loaded == before || is_next) << "it is at index " << loaded->index << " after " << committed;
    ASSERT_TRUE(store->check_pages().ok()) << store->check_pages().text();
    ASSERT_TRUE(save(*loaded, all.back()).ok());
    ASSERT_EQ(*reopen_and_load(), all.back());
  }
};

uint64_t calls_of_a_whole_run() {
  Trial trial;
  trial.run();
  EXPECT_EQ(trial.committed, 3u);
  return trial.disk.calls();
}

}  // namespace

TEST(SnapshotFault, EveryFailedCallEndsItForEverAndLeavesOneWhole) {
  const uint64_t calls = calls_of_a_whole_run();
  for (uint64_t call = 1; call <= calls; ++call) {
    for (const bool power_cut : {false, true}) {
      SCOPED_TRACE("call " + std::to_string(call) + (power_cut ? " and a power cut" : ""));
      Trial trial;
      const uint64_t made = trial.disk.calls();  // the folder
      if (call <= made) continue;
      trial.disk.fail_at(call);
      trial.run();
      ASSERT_LT(trial.committed, 3u);
      if (trial.store != nullptr) {
        const Bytes why(trial.store->status().text());
        EXPECT_NE(why.find("input/output error"), Bytes::npos) << why;
        const uint64_t writes = trial.disk.writes();
        EXPECT_EQ(trial.store->commit({.index = 99}).text(), why);
        trial.store.reset();
        EXPECT_EQ(trial.disk.writes(), writes);  // nothing is tried again
      }
      if (power_cut)
        trial.disk.power_cut(call);
      else
        trial.disk.kill();
      trial.expect_whole();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(SnapshotFault, PowerCutAtEveryCall) {
  const uint64_t calls = calls_of_a_whole_run();
  for (uint64_t call = 3; call <= calls; ++call) {
    for (uint64_t seed = 0; seed < 12; ++seed) {
      SCOPED_TRACE("call " + std::to_string(call) + " seed " + std::to_string(seed));
      Trial trial;
      trial.disk.stop_at(call);
      trial.run();
      trial.store.reset();
      trial.disk.power_cut(seed);
      trial.expect_whole();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

// The process dies at each call; the next one makes its snapshot over what it finds, and in that the power goes.
TEST(SnapshotFault, PowerCutAfterAKillAtEveryCall) {
  auto all = three_snapshots();
  all.push_back(all.front());
  all.back().index = 99;
  for (uint64_t first = 3; first <= calls_of_a_whole_run(); ++first) {
    for (uint64_t second = 1;; ++second) {
      SCOPED_TRACE("kill at call " + std::to_string(first) + ", cut at call " + std::to_string(second));
      Trial trial(all);
      trial.disk.stop_at(first);
      trial.run();
      trial.store.reset();
      trial.disk.kill();
      auto loaded = trial.reopen_and_load();
      ASSERT_TRUE(loaded.ok()) << loaded.status().text();
      if (*loaded == all[trial.committed]) ++trial.committed;
      trial.disk.stop_at(trial.disk.calls() + second);
      trial.run();
      trial.store.reset();
      trial.disk.power_cut(first + second);
      trial.expect_whole();
      if (::testing::Test::HasFatalFailure()) return;
      if (trial.committed == all.size() || second == 25) break;
    }
  }
}

// And once more while the next start takes the unfinished one back.
TEST(SnapshotFault, PowerCutAtEveryCallOfATakingBack) {
  const uint64_t calls = calls_of_a_whole_run();
  for (uint64_t first = calls / 2; first <= calls; first += 3) {
    for (uint64_t call = 1; call < 40; ++call) {
      SCOPED_TRACE("first cut " + std::to_string(first) + " second cut " + std::to_string(call));
      Trial trial;
      trial.disk.stop_at(first);
      trial.run();
      trial.store.reset();
      trial.disk.power_cut(first);
      trial.disk.stop_at(call);
      const bool loaded = trial.reopen_and_load().ok();
      trial.store.reset();
      trial.disk.power_cut(call * 7 + first);
      trial.expect_whole();
      if (::testing::Test::HasFatalFailure()) return;
      if (loaded) break;  // the cut came too late to matter
    }
  }
}

// A snapshot larger than SQLite's memory is in the file before its commit: the journal is all that there is of the old.
TEST(SnapshotFault, PowerCutsOfALargeSnapshot) {
  const auto all = three_snapshots(4000, 5000);
  Trial model(all);
  model.run();
  const uint64_t calls = model.disk.calls();
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const uint64_t call = 3 + seed * 7919 * 104729 % (calls - 3);
    SCOPED_TRACE("call " + std::to_string(call) + " seed " + std::to_string(seed));
    Trial trial(all);
    trial.disk.stop_at(call);
    trial.run();
    trial.store.reset();
    trial.disk.power_cut(seed);
    trial.expect_whole();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(SnapshotFault, AFullDiskLeavesTheOneBefore) {
  Trial model;
  model.run();
  const uint64_t whole = model.disk.contents("data/snapshot.db").size();
  for (uint64_t capacity = 4096; capacity < 2 * whole; capacity += 4096) {
    SCOPED_TRACE(capacity);
    Trial trial;
    trial.disk.set_capacity(capacity);
    trial.run();
    trial.store.reset();
    trial.disk.kill();
    trial.disk.set_capacity(UINT64_MAX);
    trial.expect_whole();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Every bit of a small file: told, or without effect on what is loaded. Never something else.
TEST(SnapshotFault, EveryFlippedBitIsToldOrHarmless) {
  Trial model(three_snapshots(300, 12));
  model.run();
  const Bytes whole = model.disk.contents("data/snapshot.db");
  uint64_t told = 0, harmless = 0;
  for (uint64_t byte = 0; byte < whole.size(); ++byte) {
    const unsigned bit = static_cast<unsigned>(byte * 5 % 8);
    SnapshotBench trial;
    trial.disk.put("data/snapshot.db", whole);
    trial.disk.flip_bit("data/snapshot.db", byte, bit);
    const auto loaded = trial.reopen_and_load();
    if (loaded.ok()) {
      ASSERT_EQ(*loaded, model.all.back()) << "byte " << byte << " bit " << bit;
      ++harmless;
    } else {
      ASSERT_NE(loaded.status().text().find("data/snapshot.db"), View::npos) << loaded.status().text();
      ++told;
    }
  }
  EXPECT_GT(told, 1000u);
  EXPECT_GT(harmless, 1000u);  // free space
}

// The same with the journal of a snapshot that was cut short: told, or the old or the new one.
TEST(SnapshotFault, AFlippedBitInTheJournalIsToldOrHarmless) {
  Trial model(three_snapshots(300, 12));
  model.disk.on_sync([&](const Bytes& path) {
    if (path.ends_with("snapshot.db") && model.committed == 1) model.disk.stop_at(model.disk.calls() + 1);
  });
  model.run();
  ASSERT_EQ(model.committed, 1u);
  model.store.reset();
  model.disk.kill();
  const Bytes database = model.disk.contents("data/snapshot.db");
  const Bytes journal = model.disk.contents("data/snapshot.db-journal");
  ASSERT_GT(journal.size(), 0u);
  uint64_t told = 0;
  for (uint64_t byte = 0; byte < journal.size(); byte += 3) {
    SnapshotBench trial;
    trial.disk.set_capacity(64 << 20);  // the size that the journal says the file had may be anything now
    trial.disk.put("data/snapshot.db", database);
    trial.disk.put("data/snapshot.db-journal", journal);
    trial.disk.flip_bit("data/snapshot.db-journal", byte, static_cast<unsigned>(byte * 3 % 8));
    const auto loaded = trial.reopen_and_load();
    if (!loaded.ok()) {
      ++told;
      continue;
    }
    ASSERT_TRUE(*loaded == model.all[0] || *loaded == model.all[1]) << "byte " << byte;
  }
  EXPECT_GT(told, 100u);
}

}  // namespace leat::wal
