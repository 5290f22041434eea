// SPDX-License-Identifier: Apache-2.0
// `leat check` on a folder with a snapshot: it says what a start would find, and changes nothing at all.
#include "wal/check.h"

#include "tests/unit/wal/log_fixture.h"
#include "tests/unit/wal/snapshot_fixture.h"
#include "wal/overlay.h"

namespace leat::wal {

namespace {

std::map<Bytes, Bytes> everything(testing::SimDisk& disk) {
  std::map<Bytes, Bytes> files;
  const auto names = disk.list("data");
  for (const Bytes& name : *names) files[name] = disk.contents("data/" + name);
  return files;
}

// A folder with a log of 60 batches and a snapshot of record 31, which belongs to it.
struct Folder : LogBench {
  std::vector<Contents> all = three_snapshots();

  Folder() {
    open();
    for (uint64_t number = 0; number < 60; ++number) propose(number);
    EXPECT_TRUE(log->close().ok());
    Contents before;
    auto store = SnapshotStore::open(disk, "data");
    for (const Contents& now : all) {
      write(**store, before, now);
      EXPECT_TRUE((*store)->commit(meta(now)).ok());
      before = now;
    }
    leave();
  }
  void leave() {
    log.reset();
    lock.reset();
    disk.kill();
  }
  SnapshotMeta meta(const Contents& contents) {
    SnapshotMeta meta = meta_of(contents);
    meta.cluster_id = log != nullptr ? log->recovery().cluster_id : 0;
    return meta;
  }
  static void write(SnapshotStore& store, const Contents& from, const Contents& to) {
    const SnapshotChanges all = SnapshotBench::changes(from, to);
    for (const SnapshotBlob& blob : all.blobs) static_cast<void>(store.put(blob).ok());
    for (const SnapshotRow& row : all.chunks) static_cast<void>(store.put(row).ok());
    for (const ChunkId id : all.dropped_chunks) static_cast<void>(store.drop_chunk(id).ok());
    for (const uint64_t id : all.dropped_blobs) static_cast<void>(store.drop_blob(id).ok());
  }
};

}  // namespace

TEST(Check, ReportsTheSnapshotAndTheLogBehindIt) {
  Folder folder;
  const auto before = everything(folder.disk);
  const uint64_t writes = folder.disk.writes();
  const auto report = check_folder(folder.disk, "data");
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_TRUE(report->sound) << report->verdict;
  EXPECT_EQ(report->verdict, "the snapshot of record 31 and records 1 to 61 are whole");
  EXPECT_TRUE(report->snapshot.there);
  EXPECT_EQ(report->snapshot.index, 31u);
  EXPECT_EQ(report->snapshot.rows, folder.all[2].chunks.size());
  EXPECT_EQ(report->snapshot.bytes, folder.disk.contents("data/snapshot.db").size());
  EXPECT_FALSE(report->snapshot.unfinished);
  EXPECT_EQ(report->snapshot.damage, "");
  EXPECT_TRUE(report->segments.front().passed);
  EXPECT_FALSE(report->segments.back().passed);
  EXPECT_EQ(everything(folder.disk), before);
  EXPECT_EQ(folder.disk.writes(), writes);
}

TEST(Check, ReadsThroughAnUnfinishedSnapshotWithoutTakingItBack) {
  Folder folder;
  {
    auto store = SnapshotStore::open(folder.disk, "data");
    folder.disk.on_sync([&](const Bytes& path) {
      if (path.ends_with("snapshot.db")) folder.disk.stop_at(folder.disk.calls() + 1);
    });
    Folder::write(**store, folder.all[2], folder.all[0]);
    EXPECT_FALSE((*store)->commit({.index = 40}).ok());
    folder.disk.on_sync(nullptr);
  }
  folder.disk.kill();
  const auto before = everything(folder.disk);
  ASSERT_GT(before.at("snapshot.db-journal").size(), 0u);
  const auto report = check_folder(folder.disk, "data");
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_TRUE(report->sound) << report->verdict;
  EXPECT_TRUE(report->snapshot.unfinished);
  EXPECT_EQ(report->snapshot.index, 31u);
  EXPECT_EQ(everything(folder.disk), before);
}

TEST(Check, NamesTheDamagedRow) {
  Folder folder;
  const Bytes whole = folder.disk.contents("data/snapshot.db");
  const size_t at = whole.find("chunk 8 version");
  ASSERT_NE(at, Bytes::npos);
  folder.disk.flip_bit("data/snapshot.db", at, 1);
  const auto report = check_folder(folder.disk, "data");
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->sound);
  EXPECT_NE(report->verdict.find("data/snapshot.db is damaged: row 8 of table chunks does not fit its mark"),
            Bytes::npos)
      << report->verdict;
  EXPECT_EQ(report->snapshot.damage, report->verdict);
}

TEST(Check, ReadsAlsoTheSegmentsThatAStartPassesOver) {
  Folder folder;
  const auto whole = check_folder(folder.disk, "data");
  const SegmentReport& passed = whole->segments.front();
  EXPECT_EQ(passed.first, 1u);
  EXPECT_EQ(passed.last + 1, *parse_segment_name(whole->segments[1].file));
  EXPECT_EQ(passed.records, passed.last);
  EXPECT_TRUE(passed.sealed);
  folder.disk.flip_bit("data/" + passed.file, kSegmentHeaderSize + 50, 1);
  const auto report = check_folder(folder.disk, "data");
  EXPECT_TRUE(report->sound) << "no start reads it";
  EXPECT_EQ(report->segments.front().damage, "record 1 is unreadable, at offset 64");
  EXPECT_NE(report->verdict.find("Damaged are segments behind the snapshot"), Bytes::npos) << report->verdict;
}

TEST(Check, SaysSoWhenTheLogDoesNotReachTheSnapshot) {
  Folder folder;
  const auto names = folder.disk.list("data");
  for (const Bytes& name : *names) {
    const auto first = parse_segment_name(name);
    if (name == kSpareName || (first && *first > 20)) folder.disk.remove("data/" + name);
  }
  const auto report = check_folder(folder.disk, "data");
  EXPECT_FALSE(report->sound);
  EXPECT_NE(report->verdict.find("and record 31 is known to have been on disk: snapshot.db goes up to it"), Bytes::npos)
      << report->verdict;
}

TEST(Check, AFolderInUseIsNotLookedAt) {
  Folder folder;
  const auto lock = folder.disk.lock("data/lock");
  const auto report = check_folder(folder.disk, "data");
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.status().text().find("data is in use by process "), 0u) << report.status().text();
}

TEST(Overlay, WritesAreSeenThroughItAndNowhereElse) {
  testing::SimDisk disk;
  ASSERT_TRUE(disk.make_folder("data").ok());
  disk.put("data/a", Bytes(10000, 'a'));
  OverlayFiles overlay(disk);
  const auto file = overlay.open("data/a", OpenMode::kWrite);
  ASSERT_TRUE(file.ok());
  const auto contents = [&] {
    Bytes bytes(30000, '?');
    bytes.resize(*(*file)->read(0, bytes.data(), bytes.size()));
    return bytes;
  };
  EXPECT_EQ(contents(), Bytes(10000, 'a'));
  ASSERT_TRUE((*file)->write(4000, Bytes(200, 'b')).ok());
  ASSERT_TRUE((*file)->write(12000, "c").ok());
  EXPECT_EQ(contents(), Bytes(4000, 'a') + Bytes(200, 'b') + Bytes(5800, 'a') + Bytes(2000, '\0') + "c");
  ASSERT_TRUE((*file)->truncate(4100).ok());
  EXPECT_EQ(contents(), Bytes(4000, 'a') + Bytes(100, 'b'));
  ASSERT_TRUE((*file)->write(5000, "d").ok());
  EXPECT_EQ(contents(), Bytes(4000, 'a') + Bytes(100, 'b') + Bytes(900, '\0') + "d");
  EXPECT_EQ(disk.contents("data/a"), Bytes(10000, 'a'));

  ASSERT_TRUE(overlay.unlink("data/a").ok());
  EXPECT_FALSE(*overlay.exists("data/a"));
  EXPECT_FALSE(overlay.open("data/a", OpenMode::kRead).ok());
  ASSERT_TRUE(overlay.open("data/a", OpenMode::kCreate).ok());
  EXPECT_TRUE(*overlay.exists("data/a"));
  EXPECT_FALSE(*overlay.exists("data/b"));
  EXPECT_FALSE(overlay.rename("data/a", "data/b").ok());
  EXPECT_TRUE(*disk.exists("data/a"));
}

}  // namespace leat::wal
