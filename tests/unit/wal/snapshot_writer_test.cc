// SPDX-License-Identifier: Apache-2.0
// The thread that hands rows to SQLite: order, reports, throttling, failures. The disk's hook makes it wait; nothing
// here sleeps.
#include "wal/snapshot_writer.h"

#include "tests/unit/wal/log_fixture.h"
#include "tests/unit/wal/snapshot_fixture.h"

namespace leat::wal {

class SnapshotWriterTest : public SnapshotFixture {
 protected:
  void start(SnapshotWriter::Where where = SnapshotWriter::Where::kBackground) {
    ASSERT_TRUE(open().ok());
    writer = std::make_unique<SnapshotWriter>(std::move(store), clock, where);
    writer->on_progress([this] {
      const std::lock_guard lock(mutex);
      woken.notify_all();
    });
  }
  template <typename Condition>
  void wait_until(Condition condition) {
    std::unique_lock lock(mutex);
    woken.wait(lock, condition);
  }
  void wait_committed(Index index) {
    wait_until([&] { return writer->report().committed == index || !writer->report().status.ok(); });
  }
  // Rows that own their bytes, as the broker's do.
  static SnapshotChanges owned(SnapshotChanges changes) {
    const auto own = [](auto& row) {
      std::shared_ptr<char[]> copy(new char[row.bytes.size()]);
      row.bytes.copy(copy.get(), row.bytes.size());
      row.bytes = View(copy.get(), row.bytes.size());
      row.keeper = std::move(copy);
    };
    for (SnapshotRow& row : changes.chunks) own(row);
    for (SnapshotBlob& blob : changes.blobs) own(blob);
    return changes;
  }

  TestClock clock;
  std::mutex mutex;
  std::condition_variable woken;
  std::unique_ptr<SnapshotWriter> writer;
};

TEST_F(SnapshotWriterTest, WritesWhatIsPostedInOrderAndReports) {
  for (const auto where : {SnapshotWriter::Where::kBackground, SnapshotWriter::Where::kCaller}) {
    disk.put("data/snapshot.db", "");
    disk.remove("data/snapshot.db");
    start(where);
    EXPECT_EQ(writer->report().committed, 0u);
    Contents before;
    for (const Contents& now : three_snapshots()) {
      const uint64_t written = disk.written_bytes();
      const SnapshotChanges all = changes(before, now);
      writer->put(owned(all));
      writer->commit(meta_of(now));
      wait_committed(now.index);
      const SnapshotWriter::Report report = writer->report();
      EXPECT_TRUE(report.status.ok()) << report.status.text();
      EXPECT_EQ(report.rows, all.rows());
      EXPECT_EQ(report.bytes_written, disk.written_bytes() - written);
      EXPECT_EQ(report.tally.rows, now.chunks.size() + now.blobs.size());
      EXPECT_EQ(writer->waiting_bytes(), 0u);
      before = now;
    }
    EXPECT_TRUE(writer->stop().ok());
    writer.reset();
    EXPECT_EQ(*reopen_and_load(), before);
    store.reset();
  }
}

TEST_F(SnapshotWriterTest, PostingNeverWaitsAndWhatWaitsIsCounted) {
  start();
  std::mutex gate;
  std::unique_lock closed(gate);
  disk.on_sync([&](const Bytes&) { const std::lock_guard wait(gate); });
  const auto all = three_snapshots();
  writer->put(owned(changes({}, all[0])));
  writer->commit(meta_of(all[0]));  // stands before its first sync
  writer->put(owned(changes(all[0], all[1])));
  writer->commit(meta_of(all[1]));
  EXPECT_GT(writer->waiting_bytes(), 20'000u);  // at least the second's
  EXPECT_EQ(writer->report().committed, 0u);
  closed.unlock();
  wait_committed(all[1].index);
  EXPECT_EQ(writer->waiting_bytes(), 0u);
  disk.on_sync(nullptr);
  EXPECT_TRUE(writer->stop().ok());
}

// Who posts more than memory should hold waits in between; what failed is waited for no longer.
TEST_F(SnapshotWriterTest, WaitsUntilLessIsWaiting) {
  start();
  constexpr uint64_t kMax = 64 << 10;
  const auto put_much = [&] {
    Contents much;
    for (ChunkId id = 1; id <= 20; ++id) much.chunks[id] = chunk_of(id, 1, 4000);
    writer->put(owned(changes({}, much)));
  };
  for (int i = 0; i < 20; ++i) {
    put_much();
    put_much();
    writer->wait_below(kMax);
    EXPECT_LT(writer->waiting_bytes(), kMax);
  }
  disk.fail_at(disk.calls() + 1);
  put_much();
  writer->commit({.index = 1});
  writer->wait();
  EXPECT_FALSE(writer->report().status.ok());
  writer->wait_below(0);
  EXPECT_FALSE(writer->stop().ok());
}

TEST_F(SnapshotWriterTest, StopFinishesTheCommitsAndDropsTheRest) {
  start();
  const auto all = three_snapshots();
  writer->put(owned(changes({}, all[0])));
  writer->commit(meta_of(all[0]));
  writer->put(owned(changes(all[0], all[1])));
  EXPECT_TRUE(writer->stop().ok());
  EXPECT_EQ(writer->report().committed, all[0].index);
  writer.reset();
  EXPECT_EQ(*reopen_and_load(), all[0]);
}

TEST_F(SnapshotWriterTest, ACrashLeavesTheOneBefore) {
  start();
  const auto all = three_snapshots();
  writer->put(owned(changes({}, all[0])));
  writer->commit(meta_of(all[0]));
  wait_committed(all[0].index);
  writer->put(owned(changes(all[0], all[1])));
  wait_until([&] { return writer->waiting_bytes() == 0; });
  writer.reset();
  disk.power_cut(3);
  EXPECT_EQ(*reopen_and_load(), all[0]);
}

TEST_F(SnapshotWriterTest, AFailureIsReportedForEverAndNothingPilesUp) {
  start();
  const auto all = three_snapshots();
  writer->put(owned(changes({}, all[0])));
  writer->commit(meta_of(all[0]));
  wait_committed(all[0].index);
  disk.fail_at(disk.calls() + 3);
  writer->put(owned(changes(all[0], all[1])));
  writer->commit(meta_of(all[1]));
  wait_until([&] { return !writer->report().status.ok(); });
  EXPECT_NE(writer->report().status.text().find("cannot "), View::npos);
  EXPECT_EQ(writer->report().committed, all[0].index);
  writer->put(owned(changes(all[0], all[1])));
  wait_until([&] { return writer->waiting_bytes() == 0; });
  EXPECT_FALSE(writer->stop().ok());
  writer.reset();
  disk.kill();
  EXPECT_EQ(*reopen_and_load(), all[0]);
}

TEST_F(SnapshotWriterTest, TheMemoryOfARowGoesWhenSqliteHasIt) {
  start();
  std::shared_ptr<char[]> bytes(new char[100]());
  const std::weak_ptr<char[]> watched = bytes;
  SnapshotChanges changes;
  changes.chunks.push_back({.id = 1, .bytes = View(bytes.get(), 100), .keeper = std::move(bytes)});
  writer->put(std::move(changes));
  wait_until([&] { return writer->waiting_bytes() == 0; });
  writer->commit({.index = 1});
  wait_committed(1);
  EXPECT_TRUE(watched.expired());
}

TEST_F(SnapshotWriterTest, PowerCutsUnderTheThread) {
  for (uint64_t call = 10; call < 160; call += 3) {
    SCOPED_TRACE(call);
    SnapshotBench bench;
    ASSERT_TRUE(bench.open().ok());
    const auto all = three_snapshots();
    bench.disk.stop_at(call);
    Index committed = 0;
    {
      SnapshotWriter writer(std::move(bench.store), clock, SnapshotWriter::Where::kBackground);
      Contents before;
      for (const Contents& now : all) {
        writer.put(owned(changes(before, now)));
        writer.commit(meta_of(now));
        before = now;
      }
      static_cast<void>(writer.stop().ok());
      committed = writer.report().committed;
    }
    bench.disk.power_cut(call);
    const auto loaded = bench.reopen_and_load();
    ASSERT_TRUE(loaded.ok()) << loaded.status().text();
    const auto is_whole = std::find(all.begin(), all.end(), *loaded);
    ASSERT_TRUE(is_whole != all.end() || *loaded == Contents());
    EXPECT_GE(loaded->index, committed);
  }
}

}  // namespace leat::wal
