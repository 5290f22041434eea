// SPDX-License-Identifier: Apache-2.0
// snapshot_fixture.h: a snapshot store on a disk that the test owns, and the contents that it should have.
//
// Used by: the tests of this folder.
// Always:  - contents are compared whole: every column of every row, and the meta row.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "tests/support/sim_disk.h"
#include "wal/snapshot_writer.h"

namespace leat::wal {

struct ChunkContents {
  ValueId owner = 0;
  uint8_t kind = 0;
  int64_t detail = 0;
  Bytes bytes;
  friend bool operator==(const ChunkContents&, const ChunkContents&) = default;
};

// What a snapshot holds.
struct Contents {
  Index index = 0;
  Bytes state;
  std::map<ChunkId, ChunkContents> chunks;
  std::map<uint64_t, Bytes> blobs;
  friend bool operator==(const Contents&, const Contents&) = default;
};

inline SnapshotRow row_of(ChunkId id, const ChunkContents& contents) {
  return {.id = id, .owner = contents.owner, .kind = contents.kind, .detail = contents.detail, .bytes = contents.bytes};
}

inline SnapshotMeta meta_of(const Contents& contents) {
  return {.cluster_id = 0xc1c1c1c1c1c1c1c1,
          .server_id = 0x5151515151515151,
          .term = 1,
          .index = contents.index,
          .time_ms = 1000 + static_cast<TimeMs>(contents.index),
          .state = contents.state};
}

// Contents that only this chunk at this version can have.
inline ChunkContents chunk_of(ChunkId id, uint64_t version, size_t size) {
  ChunkContents contents{.owner = UINT64_MAX - id,
                         .kind = static_cast<uint8_t>(id % 256),
                         .detail = static_cast<int64_t>(version) - 3,
                         .bytes = "chunk " + std::to_string(id) + " version " + std::to_string(version) + " "};
  uint64_t dice = id * 1000003 + version;
  while (contents.bytes.size() < size) {
    dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
    put_u64(contents.bytes, dice ^ dice >> 32);
  }
  return contents;
}

struct SnapshotBench {
  SnapshotBench() {
    EXPECT_TRUE(disk.make_folder("data").ok());
    EXPECT_TRUE(disk.sync_folder("").ok());
  }

  Status open() {
    store.reset();
    auto opened = SnapshotStore::open(disk, "data");
    if (!opened.ok()) return opened.status();
    store = std::move(*opened);
    return Status::fine();
  }

  // From what is on disk to `to`: puts what is new or other, drops what is gone.
  static SnapshotChanges changes(const Contents& from, const Contents& to) {
    SnapshotChanges changes;
    for (const auto& [id, chunk] : to.chunks) {
      const auto old = from.chunks.find(id);
      if (old == from.chunks.end() || old->second != chunk) changes.chunks.push_back(row_of(id, chunk));
    }
    for (const auto& [id, bytes] : to.blobs) {
      if (!from.blobs.contains(id)) changes.blobs.push_back({.id = id, .bytes = bytes});
    }
    for (const auto& [id, chunk] : from.chunks) {
      if (!to.chunks.contains(id)) changes.dropped_chunks.push_back(id);
    }
    for (const auto& [id, bytes] : from.blobs) {
      if (!to.blobs.contains(id)) changes.dropped_blobs.push_back(id);
    }
    return changes;
  }

  Status save(const Contents& from, const Contents& to) {
    const SnapshotChanges all = changes(from, to);
    for (const SnapshotBlob& blob : all.blobs) static_cast<void>(store->put(blob).ok());
    for (const SnapshotRow& row : all.chunks) static_cast<void>(store->put(row).ok());
    for (const ChunkId id : all.dropped_chunks) static_cast<void>(store->drop_chunk(id).ok());
    for (const uint64_t id : all.dropped_blobs) static_cast<void>(store->drop_blob(id).ok());
    return store->commit(meta_of(to));
  }

  Result<Contents> load() {
    Contents contents;
    if (store->meta()) {
      contents.index = store->meta()->index;
      contents.state = store->meta()->state;
    }
    ChunkId last = 0;
    const Status loaded =
        store->load({.on_blob =
                         [&](const SnapshotBlob& blob) {
                           EXPECT_TRUE(contents.chunks.empty());  // blobs come first
                           contents.blobs[blob.id] = Bytes(blob.bytes);
                           return Status::fine();
                         },
                     .on_chunk =
                         [&](const SnapshotRow& row) {
                           EXPECT_GT(row.id, last);
                           last = row.id;
                           contents.chunks[row.id] = {row.owner, row.kind, row.detail, Bytes(row.bytes)};
                           return Status::fine();
                         }});
    if (!loaded.ok()) return loaded;
    return contents;
  }

  Result<Contents> reopen_and_load() {
    Status opened = open();
    if (!opened.ok()) return opened;
    return load();
  }

  testing::SimDisk disk;
  std::unique_ptr<SnapshotStore> store;
};

// Three snapshots that follow each other: new rows, changed ones of the same and of other sizes, dropped ones.
inline std::vector<Contents> three_snapshots(size_t chunk_bytes = 700, ChunkId chunks = 30) {
  Contents first{.index = 10, .state = "state one"};
  for (ChunkId id = 1; id <= chunks; ++id) first.chunks[id] = chunk_of(id, 1, chunk_bytes + id * 13 % 90);
  first.blobs[7] = Bytes(9000, 'b');
  first.blobs[8] = "";
  Contents second = first;
  second.index = 20;
  second.state = Bytes(5000, 's');
  for (ChunkId id = 2; id <= chunks; id += 3) second.chunks[id] = chunk_of(id, 2, chunk_bytes * (1 + id % 3));
  for (ChunkId id = 3; id <= chunks; id += 6) second.chunks.erase(id);
  for (ChunkId id = chunks + 1; id <= chunks + 5; ++id) second.chunks[id] = chunk_of(id, 1, 50);
  second.blobs.erase(7);
  second.blobs[9] = Bytes(20000, 'c');
  Contents third = second;
  third.index = 31;
  for (ChunkId id = 1; id <= chunks; id += 2) third.chunks.erase(id);
  third.chunks[2] = chunk_of(2, 3, 3);
  third.blobs.clear();
  return {first, second, third};
}

class SnapshotFixture : public ::testing::Test, protected SnapshotBench {};

}  // namespace leat::wal
