// SPDX-License-Identifier: Apache-2.0
// Segments go when a snapshot has what is in them: which, in what order, and what a crash in between leaves.
#include "wal/retirement.h"

#include "tests/unit/wal/log_fixture.h"
#include "wal/snapshot.h"

namespace leat::wal {

namespace {

constexpr TimeMs kAnyAge = INT64_MAX;

std::vector<Index> named_segments(testing::SimDisk& disk) {
  std::vector<Index> firsts;
  const auto names = disk.list("data");
  for (const Bytes& name : *names) {
    if (const auto first = parse_segment_name(name)) firsts.push_back(*first);
  }
  return firsts;
}

}  // namespace

// Batch number n is record n + 2, and its time 1000 + n.
class RetirementTest : public LogFixture {
 protected:
  void fill(uint64_t batches) {
    for (uint64_t number = 0; number < batches; ++number) propose(number);
  }
  void open_on(Index after) {
    disk.put(path(kSnapshotName), "x");  // open_folder only asks for the name
    options.origin = {.after = after};
    open();
  }
};

TEST_F(RetirementTest, TheSegmentWithTheSnapshotsRecordStaysAndAllBeforeItGo) {
  open();
  fill(60);
  const auto before = named_segments(disk);
  const Index snapshot = before[3];
  log->retire(snapshot - 1, kAnyAge);
  EXPECT_EQ(named_segments(disk), std::vector<Index>(before.begin() + 2, before.end()));
  log->retire(snapshot, kAnyAge);
  EXPECT_EQ(named_segments(disk), std::vector<Index>(before.begin() + 3, before.end()));
  EXPECT_EQ(log->stats().segments, before.size() - 3);
  EXPECT_FALSE(log->locate(snapshot - 1).ok());
  EXPECT_TRUE(log->locate(snapshot).ok());
  propose(60);
  ASSERT_TRUE(log->close().ok());
  open_on(snapshot);
  EXPECT_EQ(replayed.size(), 61 - (snapshot - 1));
  expect_replayed_from(snapshot - 1);
  EXPECT_EQ(log->stats().segments, named_segments(disk).size());
}

TEST_F(RetirementTest, TheCurrentSegmentAlwaysStays) {
  open();
  fill(60);
  const auto before = named_segments(disk);
  log->retire(log->synced(), kAnyAge);
  EXPECT_EQ(named_segments(disk), std::vector<Index>{before.back()});
  for (uint64_t number = 60; number < 120; ++number) {
    const Index index = propose(number);
    log->retire(index, kAnyAge);
    ASSERT_TRUE(log->status().ok()) << log->status().text();
    ASSERT_LE(named_segments(disk).size(), 2u);
  }
  const Index snapshot = log->synced();
  log.reset();
  disk.kill();
  open_on(snapshot);
  EXPECT_EQ(log->next_index(), 122u);
}

TEST_F(RetirementTest, YoungSegmentsStay) {
  open();
  fill(60);
  const auto before = named_segments(disk);
  log->retire(log->synced(), 999);
  EXPECT_EQ(named_segments(disk), before);
  // Segment 2 begins with a record of this time: all of segment 1 is as old.
  const TimeMs time_ms = 1000 + static_cast<TimeMs>(before[2]) - 2;
  log->retire(log->synced(), time_ms - 1);
  EXPECT_EQ(named_segments(disk).front(), before[1]);
  log->retire(log->synced(), time_ms);
  EXPECT_EQ(named_segments(disk).front(), before[2]);
}

TEST_F(RetirementTest, ThoseThatThisProcessNeverReadGoToo) {
  open();
  fill(60);
  ASSERT_TRUE(log->close().ok());
  open_on(50);
  log->retire(50, kAnyAge);
  const auto left = named_segments(disk);
  EXPECT_LE(left[0], 50u);
  EXPECT_GT(left[1], 50u);
  EXPECT_EQ(log->stats().segments, left.size());
}

TEST_F(RetirementTest, AFailedCallStopsTheLog) {
  open();
  fill(60);
  disk.fail_at(disk.calls() + 2);
  log->retire(log->synced(), kAnyAge);
  EXPECT_FALSE(log->status().ok());
}

// The machine stops at each call of it, or one call fails: what is left is a log without a gap, and it goes on.
TEST(RetirementFault, ACrashAtEveryStepLeavesALogWithoutAGap) {
  for (uint64_t call = 1; call < 60; ++call) {
    for (uint64_t seed = 0; seed < 8; ++seed) {
      for (const bool fails : {false, true}) {
        SCOPED_TRACE("call " + std::to_string(call) + " seed " + std::to_string(seed) + (fails ? " fails" : " stops"));
        LogBench bench;
        bench.open();
        for (uint64_t number = 0; number < 60; ++number) bench.propose(number);
        const Index snapshot = bench.log->synced() - 3;
        bench.disk.put(bench.path(kSnapshotName), "x");
        if (fails)
          bench.disk.fail_at(bench.disk.calls() + call);
        else
          bench.disk.stop_at(bench.disk.calls() + call);
        bench.log->retire(snapshot, kAnyAge);
        bench.log.reset();
        bench.disk.power_cut(seed);
        bench.options.origin = {.after = snapshot};
        bench.open();
        ASSERT_NE(bench.log, nullptr);
        ASSERT_EQ(bench.replayed.size(), 3u);
        bench.expect_replayed_from(snapshot - 1);
        bench.log->retire(snapshot, kAnyAge);
        ASSERT_TRUE(bench.log->status().ok()) << bench.log->status().text();
        ASSERT_GT(bench.log->recovery().cluster_id, 0u);
        const auto left = named_segments(bench.disk);
        ASSERT_TRUE(left.size() == 1 || left[1] > snapshot);
      }
    }
  }
}

TEST(RetirementThread, GoesOnBesideTheWriter) {
  LogBench bench;
  bench.options.prepare = SpareMaker::Where::kBackground;
  bench.options.thread = LogThread::kAlways;
  bench.open();
  for (uint64_t number = 0; number < 2000; ++number) {
    bench.propose(number);
    bench.log->poll(bench.clock.monotonic_us());
    if (number % 50 == 0) bench.log->retire(bench.log->synced(), kAnyAge);
  }
  ASSERT_TRUE(bench.log->sync_now().ok());
  const Index snapshot = bench.log->synced();
  bench.log->retire(snapshot, kAnyAge);
  ASSERT_TRUE(bench.log->close().ok());
  bench.log.reset();
  bench.disk.kill();
  bench.disk.put(bench.path(kSnapshotName), "x");
  bench.options.origin = {.after = snapshot};
  bench.open();
  EXPECT_EQ(bench.log->next_index(), snapshot + 1);
}

}  // namespace leat::wal
