// SPDX-License-Identifier: Apache-2.0
// How long syncs took is counted by steps, whoever syncs.
#include "wal/sync_times.h"

#include "tests/unit/wal/log_fixture.h"

namespace leat::wal {

TEST(SyncTimesTest, AStepIsUpToItsBound) {
  SyncTimes times;
  for (const uint64_t us : {0, 20, 21, 50, 1'000'000, 1'000'001, 90'000'000}) times.note(us);
  EXPECT_EQ(times.counts.front(), 2u);
  EXPECT_EQ(times.counts[1], 2u);
  EXPECT_EQ(times.counts[SyncTimes::kBounds.size() - 1], 1u);
  EXPECT_EQ(times.counts.back(), 2u);
  EXPECT_EQ(times.sum_us, 92'000'092u);
}

class SyncTimesOfLogTest : public LogFixture {
 protected:
  uint64_t counted(size_t step) { return log->stats().sync_times.counts[step]; }
};

TEST_F(SyncTimesOfLogTest, InlineAndOnTheThread) {
  options.segment_bytes = 1 << 20;  // none is filled: each batch is one sync
  int64_t takes_us = 0;
  options.sync = SyncThread::Where::kCaller;
  open();
  disk.on_sync([&](const Bytes&) { clock.advance_us(takes_us); });
  const SyncTimes before = log->stats().sync_times;
  takes_us = 60;
  for (uint64_t number = 0; number < 5; ++number) propose(number);
  EXPECT_EQ(counted(2) - before.counts[2], 5u);
  log->set_thread_mode(LogThread::kAlways);
  takes_us = 700'000;
  propose(5);
  while (log->step_thread()) continue;
  log->poll(clock.monotonic_us());
  EXPECT_EQ(counted(SyncTimes::kBounds.size() - 1) - before.counts[SyncTimes::kBounds.size() - 1], 1u);
  EXPECT_EQ(log->stats().sync_times.sum_us - before.sum_us, 5 * 60 + 700'000u);
}

}  // namespace leat::wal
