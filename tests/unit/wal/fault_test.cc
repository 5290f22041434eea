// SPDX-License-Identifier: Apache-2.0
// A disk that lies, forgets and fails, at each single call in turn. The ledger is what committed() had promised.
#include "tests/unit/wal/log_fixture.h"
#include "wal/check.h"

namespace leat::wal {

namespace {

constexpr uint64_t kBatches = 24;

// One life of a broker: opens, proposes, closes half-way, opens again, goes on; ends quietly when the disk does.
struct Trial : LogBench {
  uint64_t sent = 0;       // batches proposed
  uint64_t committed = 0;  // batches that were committed
  uint64_t synced = 0;     // batches that were synced

  void run() {
    while (sent < kBatches && open_once()) {
      const uint64_t until = sent < kBatches / 2 ? kBatches / 2 : kBatches;
      while (sent < until && log->status().ok()) propose_one();
      if (!log->status().ok()) return;
      if (!log->close().ok()) return;
      committed = synced = sent;
    }
  }

  bool open_once() {
    log.reset();
    auto opened = try_open();
    if (opened.ok()) log = std::move(*opened);
    return opened.ok();
  }

  void propose_one() {
    const Index index = propose(sent++);
    if (sent % 5 == 0) clock.advance_us(15'000);
    log->poll(clock.monotonic_us());
    if (log->committed() >= index) committed = sent;
    if (log->synced() >= index) synced = sent;
  }

  // The next start: whatever was promised is there, in order, nothing that was not sent, and it goes on from there.
  void expect_promised(uint64_t promised) {
    ASSERT_TRUE(check_folder_or_absent());
    auto opened = try_open();
    ASSERT_TRUE(opened.ok()) << opened.status().text();
    log = std::move(*opened);
    ASSERT_GE(replayed.size(), promised);
    ASSERT_LE(replayed.size(), sent);
    expect_replayed_from(0);
    const uint64_t kept = replayed.size();
    propose(kept);
    ASSERT_TRUE(log->close().ok()) << log->status().text();
    ASSERT_TRUE(open_once());
    ASSERT_EQ(replayed.size(), kept + 1);
    expect_replayed_from(0);
  }

  bool check_folder_or_absent() {
    if (!*disk.exists("data")) return true;
    const auto names = disk.list("data");
    const bool begun =
        std::any_of(names->begin(), names->end(), [](const Bytes& name) { return name.ends_with(".log"); });
    return !begun || check_folder(disk, "data")->sound;
  }
};

uint64_t calls_of_a_whole_run(Durability durability) {
  Trial trial;
  trial.options.durability = durability;
  trial.run();
  EXPECT_EQ(trial.sent, kBatches);
  return trial.disk.calls();
}

struct Case {
  Durability durability;
  bool power_cut;
};
constexpr Case kCases[] = {{Durability::kAlways, true},    {Durability::kAlways, false}, {Durability::kInterval, true},
                           {Durability::kInterval, false}, {Durability::kNever, true},   {Durability::kNever, false}};

}  // namespace

// The machine stops at each call; what was not synced is kept, lost, or torn, by many seeds.
TEST(Fault, PowerCutAtEveryCall) {
  for (const Case& one : kCases) {
    const uint64_t calls = calls_of_a_whole_run(one.durability);
    const uint64_t seeds = one.power_cut ? 16 : 1;
    for (uint64_t call = 1; call <= calls; ++call) {
      for (uint64_t seed = 0; seed < seeds; ++seed) {
        SCOPED_TRACE("durability " + std::to_string(static_cast<int>(one.durability)) + " call " +
                     std::to_string(call) + " seed " + std::to_string(seed) + (one.power_cut ? " power cut" : " kill"));
        Trial trial;
        trial.options.durability = one.durability;
        trial.disk.stop_at(call);
        trial.run();
        trial.log.reset();
        if (one.power_cut)
          trial.disk.power_cut(seed);
        else
          trial.disk.kill();
        const bool loses_unsynced = one.power_cut && one.durability != Durability::kAlways;
        trial.expect_promised(loses_unsynced ? trial.synced : trial.committed);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

// The process dies while it makes the folder; the next one goes on with what it finds, until the power goes.
TEST(Fault, PowerCutAfterAKillAtEveryCallOfTheFirstStart) {
  for (uint64_t call = 1; call <= 20; ++call) {
    SCOPED_TRACE("kill at call " + std::to_string(call));
    Trial trial;
    trial.disk.stop_at(call);
    static_cast<void>(trial.open_once());
    trial.disk.kill();
    ASSERT_TRUE(trial.open_once());
    for (int left = 3; left > 0; --left) trial.propose_one();
    trial.disk.stop_at(trial.disk.calls() + 1);
    trial.log.reset();
    trial.disk.power_cut(0);
    trial.expect_promised(3);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// And once more during the recovery that follows.
TEST(Fault, PowerCutAtEveryCallOfARecovery) {
  for (uint64_t first = 20; first < 200; first += 13) {
    for (uint64_t call = 1;; ++call) {
      SCOPED_TRACE("first cut " + std::to_string(first) + " second cut " + std::to_string(call));
      Trial trial;
      trial.disk.stop_at(first);
      trial.run();
      trial.log.reset();
      trial.disk.power_cut(first);
      trial.disk.stop_at(call);
      const bool opened = trial.open_once();
      trial.log.reset();
      trial.disk.power_cut(call * 7 + first);
      trial.expect_promised(trial.committed);
      if (::testing::Test::HasFatalFailure()) return;
      if (opened) break;  // the cut came too late to matter
    }
  }
}

TEST(Fault, EveryFailedCallEndsCommitsAndLosesNothingCommitted) {
  for (const Case& one : kCases) {
    const uint64_t calls = calls_of_a_whole_run(one.durability);
    for (uint64_t call = 1; call <= calls; ++call) {
      SCOPED_TRACE("durability " + std::to_string(static_cast<int>(one.durability)) + " call " + std::to_string(call));
      Trial trial;
      trial.options.durability = one.durability;
      trial.disk.fail_at(call);
      trial.run();
      if (trial.log != nullptr && !trial.log->status().ok()) {
        const Index frozen = trial.log->committed();
        trial.propose(trial.sent);
        trial.log->poll(trial.clock.monotonic_us() + 60'000'000);
        EXPECT_EQ(trial.log->committed(), frozen);
        EXPECT_FALSE(trial.log->sync_now().ok());
      }
      trial.log.reset();
      if (one.power_cut)
        trial.disk.power_cut(call);
      else
        trial.disk.kill();
      const bool loses_unsynced = one.power_cut && one.durability != Durability::kAlways;
      trial.expect_promised(loses_unsynced ? trial.synced : trial.committed);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

// With the threads of real life the order of calls is chance; the promise is not.
TEST(Fault, PowerCutUnderThreads) {
  for (uint64_t call = 5; call < 150; call += 3) {
    SCOPED_TRACE(call);
    Trial trial;
    trial.options.thread = LogThread::kAlways;
    trial.options.prepare = SpareMaker::Where::kBackground;
    trial.disk.stop_at(call);
    trial.run();
    trial.log.reset();
    trial.disk.power_cut(call);
    trial.expect_promised(trial.committed);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(Fault, AFullDiskStopsCommitsAndTheNextStartHasEverything) {
  for (uint64_t capacity = 3000; capacity < 16000; capacity += 100) {
    SCOPED_TRACE(capacity);
    Trial trial;
    trial.disk.set_capacity(capacity);
    trial.run();
    trial.log.reset();
    trial.disk.kill();
    trial.disk.set_capacity(UINT64_MAX);
    trial.expect_promised(trial.committed);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Every bit of every file of a small log: refused, or trimmed above what was known to be synced, or of no effect.
TEST(Fault, EveryFlippedBitIsRefusedOrTrimmedExactly) {
  for (const bool clean_stop : {true, false}) {
    const auto build = [&](Trial& trial) {
      trial.options.segment_bytes = 512;
      EXPECT_TRUE(trial.open_once());
      for (int number = 0; number < 6; ++number) trial.propose_one();
      if (clean_stop) {
        EXPECT_TRUE(trial.log->close().ok());
      }
      trial.log.reset();
      trial.disk.kill();
    };
    Trial model;
    build(model);
    std::map<Bytes, Bytes> files;
    const auto names = model.disk.list("data");
    for (const Bytes& name : *names) files[name] = model.disk.contents("data/" + name);
    uint64_t refused = 0, trimmed = 0, harmless = 0;
    for (const auto& [name, contents] : files) {
      for (uint64_t bit = 0; bit < contents.size() * 8; ++bit) {
        Trial trial;
        ASSERT_TRUE(trial.disk.make_folder("data").ok());
        for (const auto& [other, bytes] : files) trial.disk.put("data/" + other, bytes);
        trial.disk.flip_bit("data/" + name, bit / 8, bit % 8);
        trial.sent = 6;
        const auto opened = trial.try_open();
        if (!opened.ok()) {
          EXPECT_NE(opened.status().text().find("offset"), View::npos) << opened.status().text();
          ++refused;
          continue;
        }
        trial.expect_replayed_from(0);
        const RecoveryReport& report = (*opened)->recovery();
        // Only the last batch has nothing behind it that says it was synced.
        ASSERT_GE(trial.replayed.size(), clean_stop ? 6u : 5u) << name << " bit " << bit;
        ASSERT_TRUE(trial.replayed.size() == 6 || report.trimmed_bytes > 0) << name << " bit " << bit;
        ++(report.trimmed_bytes > 0 ? trimmed : harmless);
      }
    }
    EXPECT_GT(refused, 1000u);
    EXPECT_GT(trimmed, 100u);
    EXPECT_LT(harmless, 200u);  // the lock file
  }
}

// A file that ends too early, at each length.
TEST(Fault, EveryTruncationIsRefusedOrTrimmed) {
  Trial model;
  ASSERT_TRUE(model.open_once());
  for (int number = 0; number < 12; ++number) model.propose_one();
  ASSERT_TRUE(model.log->close().ok());
  model.log.reset();
  model.lock.reset();
  const auto names = model.disk.list("data");
  for (const Bytes& name : *names) {
    const Bytes whole = model.disk.contents("data/" + name);
    if (!name.ends_with(".log")) continue;
    for (size_t size = 0; size < whole.size(); size += 3) {
      model.disk.put("data/" + name, whole.substr(0, size));
      const auto report = check_folder(model.disk, "data");
      ASSERT_TRUE(report.ok());
      if (!report->sound) continue;
      EXPECT_GE(survey_folder(model.disk, "data", {}, nullptr, nullptr)->report.batches, name == kSpareName ? 12u : 11u)
          << name << " " << size;
    }
    model.disk.put("data/" + name, whole);
  }
}

// Any one segment gone is told, the spare excepted.
TEST(Fault, AMissingSegmentIsDamage) {
  Trial model;
  ASSERT_TRUE(model.open_once());
  for (int number = 0; number < 40; ++number) model.propose_one();
  ASSERT_TRUE(model.log->close().ok());
  model.log.reset();
  const std::vector<Bytes> names = *model.disk.list("data");
  ASSERT_GT(names.size(), 4u);
  for (const Bytes& name : names) {
    if (!parse_segment_name(name)) continue;
    const Bytes whole = model.disk.contents("data/" + name);
    model.disk.remove("data/" + name);
    const auto opened = model.try_open();
    EXPECT_FALSE(opened.ok()) << name;
    model.disk.put("data/" + name, whole);
  }
  EXPECT_TRUE(model.try_open().ok());
}

TEST(Fault, FoldersThatAreNotTakenForNewOnes) {
  for (const char* name : {"next.tmp", "rewrite.tmp", "snapshot-7.db", "something.log"}) {
    Trial trial;
    ASSERT_TRUE(trial.disk.make_folder("data").ok());
    trial.disk.put(Bytes("data/") + name, "x");
    const auto opened = trial.try_open();
    ASSERT_FALSE(opened.ok()) << name;
    EXPECT_NE(opened.status().text().find(name), View::npos) << opened.status().text();
  }
  for (const char* name : {"create.tmp", "lock", "lost+found", "README"}) {
    Trial trial;
    ASSERT_TRUE(trial.disk.make_folder("data").ok());
    trial.disk.put(Bytes("data/") + name, "x");
    EXPECT_TRUE(trial.try_open().ok()) << name;
  }
}

TEST(Fault, ASecondBrokerOnTheFolderIsToldWhoHasIt) {
  Trial trial;
  ASSERT_TRUE(trial.open_once());
  const auto second = trial.try_open();
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().text().find("in use by process " + std::to_string(::getpid())), View::npos)
      << second.status().text();
  ASSERT_TRUE(trial.log->close().ok());
  trial.log.reset();
  EXPECT_TRUE(trial.try_open().ok());
}

// The disk kept later sectors and lost earlier ones: nothing of it was acknowledged, all of it is trimmed.
TEST(Fault, LaterSectorsThatSurvivedEarlierOnesAreATornTail) {
  Trial trial;
  trial.options.durability = Durability::kInterval;
  trial.options.segment_bytes = 1 << 16;
  ASSERT_TRUE(trial.open_once());
  trial.propose_one();
  ASSERT_TRUE(trial.log->sync_now().ok());
  for (int number = 0; number < 10; ++number) trial.propose_one();
  trial.log.reset();
  trial.disk.kill();
  const Bytes name = trial.path(segment_name(2));
  Bytes bytes = trial.disk.contents(name);
  for (size_t at = 512; at < 1024; ++at) bytes[at] = 0;  // a sector in the middle of what was not synced
  trial.disk.put(name, bytes);
  ASSERT_TRUE(trial.open_once());
  EXPECT_GE(trial.replayed.size(), 1u);
  EXPECT_LT(trial.replayed.size(), 11u);
  EXPECT_GT(trial.log->recovery().trimmed_bytes, 0u);
  EXPECT_NE(trial.log->recovery().trimmed_detail.find("torn tail"), Bytes::npos);
  trial.expect_replayed_from(0);
}

}  // namespace leat::wal
