// SPDX-License-Identifier: Apache-2.0
// One snapshot.db on a disk that works: what was put comes back, and it costs what changed.
#include "wal/snapshot_store.h"

#include <sqlite3.h>

#include "tests/unit/wal/snapshot_fixture.h"
#include "wal/segment.h"

namespace leat::wal {

class SnapshotStoreTest : public SnapshotFixture {};

TEST_F(SnapshotStoreTest, ANewOneIsEmptyAndIsThere) {
  ASSERT_TRUE(open().ok());
  EXPECT_FALSE(store->meta().has_value());
  EXPECT_EQ(*load(), Contents());
  EXPECT_EQ(*disk.list("data"), std::vector<Bytes>{Bytes(kSnapshotName)});
  disk.power_cut(0);
  EXPECT_EQ(*disk.list("data"), std::vector<Bytes>{Bytes(kSnapshotName)});
}

TEST_F(SnapshotStoreTest, WhatWasPutReplacedAndDroppedIsLoaded) {
  ASSERT_TRUE(open().ok());
  Contents before;
  for (const Contents& now : three_snapshots()) {
    ASSERT_TRUE(save(before, now).ok()) << store->status().text();
    EXPECT_EQ(*load(), now);
    EXPECT_EQ(*reopen_and_load(), now);
    EXPECT_EQ(store->tally().rows, now.chunks.size() + now.blobs.size());
    EXPECT_EQ(store->meta()->cluster_id, 0xc1c1c1c1c1c1c1c1);
    EXPECT_EQ(store->meta()->time_ms, 1000 + static_cast<TimeMs>(now.index));
    EXPECT_TRUE(store->check_pages().ok());
    before = now;
  }
}

TEST_F(SnapshotStoreTest, TheDigestIsThatOfTheRowsHoweverTheyCameThere) {
  ASSERT_TRUE(open().ok());
  const auto all = three_snapshots();
  ASSERT_TRUE(save({}, all[0]).ok() && save(all[0], all[1]).ok() && save(all[1], all[2]).ok());
  SnapshotBench other;
  ASSERT_TRUE(other.open().ok());
  ASSERT_TRUE(other.save({}, all[2]).ok());
  EXPECT_EQ(store->tally(), other.store->tally());
}

TEST_F(SnapshotStoreTest, WhatIsNotCommittedIsTakenBack) {
  ASSERT_TRUE(open().ok());
  const auto all = three_snapshots(3000, 10000);  // more than SQLite keeps in memory, so some is in the file already
  ASSERT_TRUE(save({}, all[0]).ok());
  for (const auto& [id, chunk] : all[1].chunks) {
    const Bytes changed = chunk.bytes + "!";
    ASSERT_TRUE(store->put(SnapshotRow{.id = id, .bytes = changed}).ok());
  }
  EXPECT_GT(disk.contents("data/" + Bytes(kSnapshotJournal)).size(), 0u);
  EXPECT_EQ(*reopen_and_load(), all[0]);
}

// Nothing piles up for a sync of the log to be caught behind, and the writer may rest now and then.
TEST_F(SnapshotStoreTest, ALongOneIsWrittenInPieces) {
  ASSERT_TRUE(open().ok());
  uint64_t pieces = 0, longest = 0, last = store->bytes_written();
  store->on_piece([&] {
    ++pieces;
    longest = std::max(longest, store->bytes_written() - std::exchange(last, store->bytes_written()));
  });
  ASSERT_TRUE(save({}, three_snapshots(3000, 10000)[0]).ok());
  EXPECT_GT(pieces, 15u);
  EXPECT_LE(longest, (128u << 10) + 8192);  // of the journal and of the file
}

// Between a load and the next snapshot, and between two snapshots, nobody asks for a page.
TEST_F(SnapshotStoreTest, NoPagesAreKeptInMemory) {
  constexpr sqlite3_int64 kOfNoPages = 1 << 20;
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(save({}, three_snapshots(3000, 10000)[0]).ok());
  EXPECT_LT(sqlite3_memory_used(), kOfNoPages);
  ASSERT_TRUE(reopen_and_load().ok());
  EXPECT_LT(sqlite3_memory_used(), kOfNoPages);
}

TEST_F(SnapshotStoreTest, DroppingWhatIsNotThereIsNothing) {
  ASSERT_TRUE(open().ok());
  EXPECT_TRUE(store->drop_chunk(5).ok());
  EXPECT_TRUE(store->drop_blob(5).ok());
  EXPECT_TRUE(save({}, Contents{.index = 3}).ok());
  EXPECT_EQ(store->tally().rows, 0u);
}

TEST_F(SnapshotStoreTest, IdsAndSizesBeyondTheBoundsAreRefused) {
  for (const uint64_t id : {uint64_t{0}, uint64_t{1} << 63}) {
    ASSERT_TRUE(open().ok());
    EXPECT_FALSE(store->put(SnapshotBlob{.id = id, .bytes = "x"}).ok());
    EXPECT_FALSE(store->commit({.index = 1}).ok());  // for ever
  }
  ASSERT_TRUE(open().ok());
  const std::unique_ptr<char[]> large(new char[kSnapshotBytesMax + 1]);  // never touched, so it takes no memory
  const Status refused = store->put(SnapshotBlob{.id = 4, .bytes = View(large.get(), kSnapshotBytesMax + 1)});
  EXPECT_EQ(refused.text(),
            "row 4 of table blobs has 999999001 bytes, and a snapshot can hold at most 999999000 in one");
}

TEST_F(SnapshotStoreTest, ALoaderThatRefusesARowStopsTheLoad) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(save({}, three_snapshots()[0]).ok());
  const Status loaded = store->load(
      {.on_chunk = [](const SnapshotRow& row) { return row.id < 4 ? Status::fine() : Status::error("odd bytes"); }});
  EXPECT_NE(loaded.text().find("data/snapshot.db is damaged: row 4 of table chunks cannot be used: odd bytes"),
            View::npos)
      << loaded.text();
}

TEST_F(SnapshotStoreTest, TellsHowFarItIs) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(save({}, three_snapshots(4000, 6000)[0]).ok());
  uint64_t calls = 0, last = 0;
  ASSERT_TRUE(store
                  ->load({.on_progress =
                              [&](uint64_t done, uint64_t total) {
                                ++calls;
                                EXPECT_GT(done, last);
                                EXPECT_LE(done, total);
                                last = done;
                              }})
                  .ok());
  EXPECT_EQ(calls, 3u);  // 24 MB: twice on the way, and at the end
}

TEST_F(SnapshotStoreTest, OtherFilesAreRefusedWithAdvice) {
  disk.put("data/snapshot.db", "this is not a database, and long enough to be looked at " + Bytes(4096, 'x'));
  EXPECT_NE(open().text().find("data/snapshot.db is damaged: file is not a database. Restore the folder"), View::npos);
  disk.remove("data/snapshot.db");
  {
    auto database = Database::open(disk, "data/snapshot.db");
    ASSERT_TRUE((*database)->run("CREATE TABLE t (x)").ok());
  }
  EXPECT_EQ(open().text(), "data/snapshot.db is not a snapshot of leat");
  {
    auto database = Database::open(disk, "data/snapshot.db");
    ASSERT_TRUE((*database)->run("PRAGMA application_id = 0x6c656174; PRAGMA user_version = 9").ok());
  }
  EXPECT_EQ(open().text(), "data/snapshot.db has format version 9, this leat reads version 1");
}

// Made with the wrong hand: rows that are whole by themselves, and a meta row that does not fit them.
TEST_F(SnapshotStoreTest, ARowThatIsMissingOrOldIsFoundByTheTally) {
  ASSERT_TRUE(open().ok());
  const auto all = three_snapshots();
  ASSERT_TRUE(save({}, all[0]).ok());
  store.reset();
  const auto meddle = [&](const char* sql) {
    auto database = Database::open(disk, "data/snapshot.db");
    ASSERT_TRUE((*database)->run(sql).ok());
  };
  meddle("DELETE FROM chunks WHERE id = 12");
  auto loaded = reopen_and_load();
  EXPECT_NE(loaded.status().text().find("it holds 31 rows, each whole, and table meta says that there are 32"),
            View::npos)
      << loaded.status().text();
  store.reset();
  meddle("UPDATE chunks SET id = 12 WHERE id = 13");
  loaded = reopen_and_load();
  EXPECT_NE(loaded.status().text().find("row 12 of table chunks does not fit its mark"), View::npos);
  store.reset();
  meddle("DELETE FROM meta");
  EXPECT_NE(open().text().find("there are rows, but table meta is empty"), View::npos);
}

TEST_F(SnapshotStoreTest, AJournalWithoutItsDatabaseIsNotPlayedIntoANewOne) {
  ASSERT_TRUE(open().ok());
  const auto all = three_snapshots();
  ASSERT_TRUE(save({}, all[0]).ok());
  disk.on_sync([&](const Bytes& path) {
    if (path.ends_with("snapshot.db")) disk.stop_at(disk.calls() + 1);  // the journal is whole, the pages are written
  });
  EXPECT_FALSE(save(all[0], all[1]).ok());
  disk.on_sync(nullptr);
  store.reset();
  disk.kill();
  ASSERT_GT(disk.contents("data/snapshot.db-journal").size(), 0u);
  disk.remove("data/snapshot.db");
  EXPECT_EQ(*reopen_and_load(), Contents());
  EXPECT_TRUE(store->check_pages().ok());
}

// DESIGN.md section 5: at most about 16 KiB per changed chunk.
TEST_F(SnapshotStoreTest, ASnapshotCostsWhatChanged) {
  struct Case {
    size_t size;
    ChunkId rows;
  };
  constexpr ChunkId kChanged = 1000;
  for (const auto [size, rows] : {Case{2000, 20'000}, Case{3900, 100'000}, Case{4300, 20'000}}) {
    SnapshotBench bench;
    ASSERT_TRUE(bench.open().ok());
    for (ChunkId id = 1; id <= rows; ++id) {
      const ChunkContents chunk = chunk_of(id, 1, size);
      ASSERT_TRUE(bench.store->put(row_of(id, chunk)).ok());
    }
    ASSERT_TRUE(bench.store->commit({.index = 1}).ok());
    const uint64_t first = bench.disk.written_bytes();
    EXPECT_LT(first, *bench.store->file_bytes() * 102 / 100 + 100'000);  // each page about once
    uint64_t dice = 1;
    for (ChunkId changed = 0; changed < kChanged; ++changed) {
      dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
      const ChunkId id = 1 + (dice >> 33) % rows;
      const ChunkContents chunk = chunk_of(id, 2, size - 100 + (dice >> 50) % 200);
      ASSERT_TRUE(bench.store->put(row_of(id, chunk)).ok());
    }
    ASSERT_TRUE(bench.store->commit({.index = 2}).ok());
    const uint64_t each = (bench.disk.written_bytes() - first) / kChanged;
    EXPECT_LT(each, 17 * 1024u) << size;
    RecordProperty("bytes_per_changed_chunk_of_" + std::to_string(size), static_cast<int>(each));
  }
}

// A keyspace that shrank: the file follows, a few MB a commit.
TEST_F(SnapshotStoreTest, FreePagesAreGivenBackByAndBy) {
  ASSERT_TRUE(open().ok());
  Contents all{.index = 1};
  for (ChunkId id = 1; id <= 8000; ++id) all.chunks[id] = chunk_of(id, 1, 3900);
  ASSERT_TRUE(save({}, all).ok());
  Contents few{.index = 2};
  for (ChunkId id = 7900; id <= 8000; ++id) few.chunks[id] = all.chunks[id];
  ASSERT_TRUE(save(all, few).ok());
  const auto size = [&] { return *store->file_bytes(); };
  const uint64_t before = size();
  EXPECT_GT(before, 8000u * 3000);
  for (int commit = 0; commit < 10; ++commit) {
    const uint64_t written = disk.written_bytes();
    ++few.index;
    ASSERT_TRUE(save(few, few).ok());
    EXPECT_LT(disk.written_bytes() - written, 9u << 20);
  }
  EXPECT_LT(size(), before / 10);
  EXPECT_EQ(*reopen_and_load(), few);
  EXPECT_TRUE(store->check_pages().ok());
}

}  // namespace leat::wal
