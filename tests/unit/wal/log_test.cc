// SPDX-License-Identifier: Apache-2.0
// The log as the broker uses it: what is proposed comes back, how far "committed" is, when it syncs and marks.
#include "wal/log.h"

#include <condition_variable>

#include "tests/unit/wal/log_fixture.h"
#include "wal/check.h"

namespace leat::wal {

class LogTest : public LogFixture {};

TEST_F(LogTest, ANewFolderHoldsTheConfigurationAndNothingElse) {
  open();
  EXPECT_EQ(log->next_index(), 2u);
  EXPECT_EQ(log->committed(), 1u);
  EXPECT_NE(log->recovery().cluster_id, 0u);
  EXPECT_NE(log->recovery().server_id, log->recovery().cluster_id);
  EXPECT_TRUE(replayed.empty());
}

// Who wants to read the folder of a log in use waits for names that are being given.
TEST(SpareMaker, WhenItIsWaitedForTheFolderIsAtRest) {
  testing::SimDisk disk;
  ASSERT_TRUE(disk.make_folder("data").ok());
  SpareMaker maker(disk, "data", SpareMaker::Where::kBackground);
  const SegmentHeader header{.capacity = 64 << 10};
  maker.post({.next = header});
  maker.wait();
  for (Index first = 1; first < 20; ++first) {
    ASSERT_TRUE(*disk.exists(join_path("data", kSpareName)));
    static_cast<void>(maker.take());
    maker.post({.first = first, .next = header});
    maker.post_chore([] { return Status::fine(); });
    maker.wait();
    ASSERT_TRUE(*disk.exists(join_path("data", segment_name(first)))) << first;
  }
  disk.fail_at(disk.calls() + 1);
  maker.post({.first = 20, .next = header});
  maker.wait();
  EXPECT_TRUE(maker.failed());
}

TEST_F(LogTest, WhatWasProposedIsReplayedInOrder) {
  open();
  for (uint64_t number = 0; number < 100; ++number) {
    const Index next = log->next_index();
    EXPECT_EQ(propose(number), next);
    EXPECT_EQ(log->committed(), next);
  }
  const uint64_t cluster_id = log->recovery().cluster_id;
  ASSERT_TRUE(log->close().ok());
  open();
  EXPECT_EQ(replayed.size(), 100u);
  EXPECT_EQ(replayed_index.front(), 2u);
  EXPECT_EQ(replayed_index.back(), 101u);
  expect_replayed_from(0);
  EXPECT_EQ(log->recovery().cluster_id, cluster_id);
  EXPECT_EQ(log->recovery().last, 101u);
  EXPECT_EQ(log->recovery().batches, 100u);
  EXPECT_EQ(log->recovery().last_time_ms, 1099);
  EXPECT_EQ(log->recovery().trimmed_bytes, 0u);
  EXPECT_GT(log->stats().segments, 5u);  // of 2 KB each
}

TEST_F(LogTest, InlineAlwaysIsOneWriteAndOneSyncForABatch) {
  options.segment_bytes = 1 << 20;
  open();
  propose(0);
  const uint64_t writes = disk.writes(), syncs = disk.syncs();
  for (uint64_t number = 1; number < 11; ++number) propose(number);
  EXPECT_EQ(disk.writes() - writes, 10u);
  EXPECT_EQ(disk.syncs() - syncs, 10u);
}

// A page that is not in the cache must be overwritten whole; but a segment does not grow for that.
TEST_F(LogTest, EachWriteFillsItsLastPageAndNoMore) {
  options.segment_bytes = 3 * kPageBytes + 100;
  open();
  for (uint64_t number = 0; number < 60; ++number) {
    propose(number);
    const auto names = disk.list("data");
    for (const Bytes& name : *names) {
      if (name == kLockName) continue;
      EXPECT_LE(disk.contents(path(name)).size(), options.segment_bytes) << name;
    }
  }
  disk.power_cut(1);
  open();
  EXPECT_EQ(replayed.size(), 60u);
  expect_replayed_from(0);
}

TEST_F(LogTest, ALargeBatchSpansRecordsAndIsReplayedWhole) {
  options.thread = LogThread::kNever;
  open();
  Bytes large(3 * kRecordBodyMax + 17, 'x');
  for (size_t at = 0; at < large.size(); at += 1000) large[at] = static_cast<char>(at / 1000);
  EXPECT_EQ(log->propose(large, 5), 5u);
  EXPECT_EQ(log->committed(), 5u);
  EXPECT_EQ(log->propose("after", 6), 6u);
  log.reset();
  disk.kill();
  open();
  ASSERT_EQ(replayed.size(), 2u);
  EXPECT_EQ(replayed[0], large);
  EXPECT_EQ(replayed_index[0], 5u);
  EXPECT_EQ(replayed[1], "after");
}

TEST_F(LogTest, ReopeningOverAndOverKeepsEverythingAndAddsNoSegments) {
  open();
  for (uint64_t round = 0; round < 10; ++round) {
    propose(round);
    ASSERT_TRUE(log->close().ok());
    open();
    ASSERT_EQ(replayed.size(), round + 1);
    expect_replayed_from(0);
  }
  ASSERT_TRUE(log->close().ok());
  const auto before = disk.list("data");
  for (int round = 0; round < 5; ++round) {
    open();
    ASSERT_TRUE(log->close().ok());
  }
  EXPECT_EQ(*before, *disk.list("data"));
}

TEST_F(LogTest, IntervalCommitsWhatIsWrittenAndSyncsInTime) {
  options.durability = Durability::kInterval;
  options.sync_interval_ms = 50;
  open();
  const Index index = propose(0);
  EXPECT_EQ(log->committed(), index);
  EXPECT_LT(log->synced(), index);
  ASSERT_TRUE(log->next_poll_us().has_value());
  const int64_t due_us = *log->next_poll_us();
  EXPECT_EQ(due_us, clock.monotonic_us() + 50'000);
  clock.advance_us(49'999);
  log->poll(clock.monotonic_us());
  EXPECT_LT(log->synced(), index);
  clock.advance_us(1);
  log->poll(clock.monotonic_us());
  EXPECT_EQ(log->synced(), index);
}

TEST_F(LogTest, NeverCommitsAtOnceAndBoundsWhatIsUnsynced) {
  options.durability = Durability::kNever;
  options.unsynced_bytes_max = 4096;
  open();
  Index last = 0;
  for (uint64_t number = 0; number < 100; ++number) {
    last = propose(number);
    EXPECT_EQ(log->committed(), last);
    log->poll(clock.monotonic_us());
    EXPECT_FALSE(log->throttled());
  }
  EXPECT_GT(log->synced(), 50u);
  ASSERT_TRUE(log->sync_now().ok());
  EXPECT_EQ(log->synced(), last);
}

// Batches of several minds in one log: each gets what it asks for, and takes along what stands before it.
TEST_F(LogTest, SyncsAsTheBatchesAsk) {
  options.sync_interval_ms = 50;
  open();
  const auto propose_for = [&](Durability wanted) { return log->propose("some bytes of a batch", 1000, wanted); };
  const Index lax = propose_for(Durability::kNever);
  EXPECT_EQ(log->written(), lax);
  EXPECT_LT(log->synced(), lax);
  EXPECT_FALSE(log->is_asked(lax, Durability::kInterval));
  EXPECT_EQ(log->next_poll_us(), std::nullopt);
  const Index timed = propose_for(Durability::kInterval);
  EXPECT_TRUE(log->is_asked(timed, Durability::kInterval));
  EXPECT_FALSE(log->is_asked(timed, Durability::kAlways));
  EXPECT_EQ(*log->next_poll_us(), clock.monotonic_us() + 50'000);
  propose_for(Durability::kNever);
  const Index strict = propose_for(Durability::kAlways);
  EXPECT_EQ(log->synced(), strict);
  const Index last = propose_for(Durability::kNever);
  log->ask(Durability::kNever);
  EXPECT_LT(log->synced(), last);
  log->ask(Durability::kInterval);
  EXPECT_LT(log->synced(), last);
  clock.advance_us(50'000);
  log->poll(clock.monotonic_us());
  EXPECT_EQ(log->synced(), last);
  const Index after = propose_for(Durability::kNever);
  log->ask(Durability::kAlways);
  EXPECT_EQ(log->synced(), after);
  EXPECT_TRUE(log->is_asked(after, Durability::kAlways));
}

TEST_F(LogTest, ThrottlesWhenTooMuchIsUnsynced) {
  options.durability = Durability::kInterval;
  options.unsynced_bytes_max = 1000;
  options.segment_bytes = 1 << 20;
  open();
  for (uint64_t number = 0; number < 20; ++number) propose(number);
  EXPECT_TRUE(log->throttled());
  ASSERT_TRUE(log->sync_now().ok());
  EXPECT_FALSE(log->throttled());
  EXPECT_EQ(log->stats().unsynced_bytes, 0u);
}

TEST_F(LogTest, QuietForTenMillisecondsCarriesSyncedForwardOnce) {
  open();
  const Index index = propose(0);
  ASSERT_EQ(log->next_poll_us(), clock.monotonic_us() + 10'000);
  clock.advance_us(9'999);
  const uint64_t writes = disk.writes(), syncs = disk.syncs();
  log->poll(clock.monotonic_us());
  EXPECT_EQ(disk.writes(), writes);
  clock.advance_us(1);
  log->poll(clock.monotonic_us());
  EXPECT_EQ(disk.writes(), writes + 1);
  EXPECT_EQ(disk.syncs(), syncs);
  EXPECT_EQ(log->next_poll_us(), std::nullopt);
  EXPECT_EQ(log->next_index(), index + 1);  // a mark takes no index
  log.reset();
  disk.kill();
  open();
  EXPECT_EQ(log->recovery().rewritten, 0u);  // the mark proved that all was synced
}

TEST_F(LogTest, WithoutAMarkTheTailIsCopied) {
  open();
  propose(0);
  const Index index = propose(1);
  log.reset();
  disk.kill();
  open();
  EXPECT_EQ(log->recovery().rewritten, 1u);
  EXPECT_EQ(log->next_index(), index + 1);
  EXPECT_EQ(replayed.size(), 2u);
  propose(2);
  ASSERT_TRUE(log->close().ok());
  open();
  EXPECT_EQ(replayed.size(), 3u);
  expect_replayed_from(0);
}

TEST_F(LogTest, ABatchWithoutItsEndIsTrimmed) {
  options.thread = LogThread::kNever;
  options.segment_bytes = 4 << 20;
  open();
  propose(0);
  clock.advance_us(20'000);
  log->poll(clock.monotonic_us());
  Bytes large(2 * kRecordBodyMax, 'x');
  disk.stop_at(disk.calls() + 2);  // written, not synced
  log->propose(large, 5);
  EXPECT_FALSE(log->status().ok());
  log.reset();
  disk.kill();
  // The last record loses its last byte.
  const Bytes name = path(segment_name(2));
  Bytes bytes = disk.contents(name);
  bytes[bytes.find_last_of('x')] = 0;
  disk.put(name, bytes);
  open();
  EXPECT_EQ(replayed.size(), 1u);
  EXPECT_GT(log->recovery().trimmed_bytes, 2 * kRecordBodyMax - 1);
  EXPECT_NE(log->recovery().trimmed_detail.find("a batch without its end"), Bytes::npos)
      << log->recovery().trimmed_detail;
  EXPECT_EQ(log->next_index(), 3u);
  propose(1);
  ASSERT_TRUE(log->close().ok());
  open();
  EXPECT_EQ(replayed.size(), 2u);
  expect_replayed_from(0);
}

TEST_F(LogTest, LocatesEveryRecord) {
  open();
  for (uint64_t number = 0; number < 60; ++number) propose(number);
  for (Index index = 1; index <= log->proposed(); ++index) {
    const auto place = log->locate(index);
    ASSERT_TRUE(place.ok()) << place.status().text();
    const Bytes bytes = disk.contents(path(place->file));
    const auto header = parse_record_header(View(bytes).substr(place->offset));
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(header->index, index);
  }
  EXPECT_FALSE(log->locate(log->next_index()).ok());
}

TEST_F(LogTest, AReplayThatFailsStopsTheStart) {
  open();
  propose(0);
  ASSERT_TRUE(log->close().ok());
  log.reset();
  const auto opened = Log::open(disk, clock, *events, options,
                                [](Index, TimeMs, View) { return Status::error("unknown effect tag 77"); });
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.status().text().find("unknown effect tag 77"), View::npos);
}

TEST_F(LogTest, DumpHandsOutRecordsFromAnIndex) {
  open();
  for (uint64_t number = 0; number < 40; ++number) propose(number);
  Index expected = 17;
  const Status read = read_folder(disk, "data", 17, [&](const RecordHeader& header, View body) {
    EXPECT_EQ(header.index, expected++);
    EXPECT_EQ(body, batch_of(header.index - 2));
  });
  EXPECT_TRUE(read.ok());
  EXPECT_EQ(expected, log->next_index());
}

// The sync thread. The disk's hook moves the clock, so nothing here sleeps.
class ThreadTest : public LogFixture {
 protected:
  void watch() {
    log->on_progress([this] {
      const std::lock_guard lock(mutex_);
      ++wakes_;
      woken_.notify_all();
    });
  }
  void poll_until_committed(Index index) {
    uint64_t seen = 0;
    for (;;) {
      log->poll(clock.monotonic_us());
      if (log->committed() >= index || !log->status().ok()) return;
      std::unique_lock lock(mutex_);
      woken_.wait(lock, [&] { return wakes_ > seen; });
      seen = wakes_;
    }
  }

  std::mutex mutex_;
  std::condition_variable woken_;
  uint64_t wakes_ = 0;
};

TEST_F(ThreadTest, CommitsWhatItSyncedAndReplaysIt) {
  options.thread = LogThread::kAlways;
  options.prepare = SpareMaker::Where::kBackground;
  open();
  watch();
  Index last = 0;
  for (uint64_t number = 0; number < 200; ++number) {
    last = propose(number);
    if (number % 10 == 0) poll_until_committed(last);
  }
  poll_until_committed(last);
  EXPECT_EQ(log->synced(), last);
  EXPECT_TRUE(log->stats().threaded);
  ASSERT_TRUE(log->close().ok());
  open();
  EXPECT_EQ(replayed.size(), 200u);
  expect_replayed_from(0);
}

TEST_F(ThreadTest, SlowSyncsMoveTheLogToItsThreadAndQuickOnesBringItBack) {
  open();
  watch();
  std::atomic<int64_t> sync_us = 100;
  disk.on_sync([&](const Bytes&) { clock.advance_us(sync_us); });
  propose(0);
  EXPECT_FALSE(log->stats().threaded);
  sync_us = 10'000;
  poll_until_committed(propose(1));
  EXPECT_FALSE(log->stats().threaded);  // one is none
  sync_us = 1'500;
  for (uint64_t number = 2; number < 10; ++number) poll_until_committed(propose(number));
  EXPECT_TRUE(log->stats().threaded);
  sync_us = 50;
  for (uint64_t number = 10; number < 60; ++number) poll_until_committed(propose(number));
  EXPECT_TRUE(log->stats().threaded);  // quick, but not for a second yet
  for (int tenth = 0; tenth < 12; ++tenth) {
    clock.advance_us(100'000);
    ASSERT_TRUE(log->sync_now().ok());
    log->poll(clock.monotonic_us());
  }
  EXPECT_FALSE(log->stats().threaded);
  const Index index = propose(60);
  EXPECT_EQ(log->committed(), index);
  log.reset();
  disk.on_sync(nullptr);
  disk.kill();
  open();
  EXPECT_EQ(replayed.size(), 61u);
}

// Each time it stands while the loop syncs, the loop stands too: such a disk is trusted again after a minute.
TEST_F(ThreadTest, ADiskThatHasStoodStaysOnTheThread) {
  open();
  watch();
  std::atomic<int64_t> sync_us = 100;
  disk.on_sync([&](const Bytes&) { clock.advance_us(sync_us); });
  propose(0);
  sync_us = 2'000'000;
  propose(1);
  EXPECT_TRUE(log->stats().threaded);
  sync_us = 50;
  const auto syncs_pass = [&](int syncs, int64_t apart_us) {
    for (int sync = 0; sync < syncs; ++sync) {
      clock.advance_us(apart_us);
      ASSERT_TRUE(log->sync_now().ok());
      log->poll(clock.monotonic_us());
    }
  };
  syncs_pass(300, 10'000);  // until the average knows that it is quick again, and a second more
  EXPECT_LT(log->stats().sync_us_average, 500);
  EXPECT_TRUE(log->stats().threaded);
  syncs_pass(50, 1'000'000);
  EXPECT_TRUE(log->stats().threaded);
  syncs_pass(20, 1'000'000);
  EXPECT_FALSE(log->stats().threaded);
  disk.on_sync(nullptr);
}

TEST_F(ThreadTest, WhileTheDiskWorksNothingIsCommittedAndTheLoopGoesOn) {
  options.thread = LogThread::kAlways;
  open();
  watch();
  std::mutex gate;
  std::unique_lock closed(gate);
  disk.on_sync([&](const Bytes&) { const std::lock_guard wait(gate); });
  const Index before = log->committed();
  Index last = 0;
  for (uint64_t number = 0; number < 10; ++number) last = propose(number);
  log->poll(clock.monotonic_us());
  EXPECT_EQ(log->committed(), before);
  EXPECT_GT(log->stats().unsynced_bytes, 0u);
  const uint64_t syncs = disk.syncs();
  closed.unlock();
  poll_until_committed(last);
  EXPECT_LE(disk.syncs() - syncs, 10u);
  disk.on_sync(nullptr);
}

TEST_F(ThreadTest, AFailedSyncOfTheThreadFreezesCommitted) {
  options.thread = LogThread::kAlways;
  open();
  watch();
  poll_until_committed(propose(0));
  const Index committed = log->committed();
  disk.fail_at(disk.calls() + 2);
  const Index index = propose(1);
  poll_until_committed(index);
  EXPECT_FALSE(log->status().ok());
  EXPECT_EQ(log->committed(), committed);
  propose(2);
  log->poll(clock.monotonic_us());
  EXPECT_EQ(log->committed(), committed);
}

TEST_F(ThreadTest, ModesChangeUnderTraffic) {
  options.prepare = SpareMaker::Where::kBackground;
  open();
  watch();
  uint64_t number = 0;
  for (int round = 0; round < 30; ++round) {
    log->set_thread_mode(round % 3 == 0 ? LogThread::kAlways : round % 3 == 1 ? LogThread::kNever : LogThread::kAuto);
    log->set_durability(static_cast<Durability>(round % 3), 10);
    for (int batch = 0; batch < 5; ++batch) poll_until_committed(propose(number++));
  }
  ASSERT_TRUE(log->close().ok());
  open();
  EXPECT_EQ(replayed.size(), number);
  expect_replayed_from(0);
}

}  // namespace leat::wal
