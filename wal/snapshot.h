// SPDX-License-Identifier: Apache-2.0
// snapshot.h: the words of a snapshot: rows of bytes, what they are together, and the marks that tell damage.
//
// Used by: snapshot_store, snapshot_writer, check; the broker, which makes and takes rows.
// Always:  - wal knows nothing of what is in the bytes;
//          - a mark covers everything that its row says, and the table that it stands in (schemas/snapshot.sql).
#pragma once

#include <memory>
#include <vector>

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat::wal {

constexpr View kSnapshotName = "snapshot.db";
constexpr View kSnapshotJournal = "snapshot.db-journal";  // takes an unfinished snapshot back; usually empty
constexpr View kSnapshotUnfinished = "snapshot.tmp";      // a new one, until it has its tables
constexpr uint64_t kSnapshotRowBytesMax = 1'000'000'000;  // of SQLite as Debian builds it, the other columns included
constexpr uint64_t kSnapshotBytesMax = kSnapshotRowBytesMax - 1000;  // of a row's bytes

struct SnapshotMeta {
  uint64_t cluster_id = 0;
  uint64_t server_id = 0;
  uint64_t term = 1;   // of the record `index`
  Index index = 0;     // the last record whose effects are in it
  TimeMs time_ms = 0;  // of that record
  Bytes state;         // what the keyspace needs beside its chunks
};

// A row of the table chunks. Ids are above 0 and below 2^63.
struct SnapshotRow {
  ChunkId id = 0;
  ValueId owner = 0;
  uint8_t kind = 0;
  int64_t detail = 0;
  View bytes;
  std::shared_ptr<const char[]> keeper;  // owns what `bytes` borrows, where that is not the caller
};

// A row of the table blobs: never changed, only put and dropped.
struct SnapshotBlob {
  uint64_t id = 0;
  View bytes;
  std::shared_ptr<const char[]> keeper;
};

// What has become of the rows since the last of these. Drops come last: an id is never used again.
struct SnapshotChanges {
  std::vector<SnapshotRow> chunks;
  std::vector<SnapshotBlob> blobs;
  std::vector<ChunkId> dropped_chunks;
  std::vector<uint64_t> dropped_blobs;

  uint64_t rows() const { return chunks.size() + blobs.size() + dropped_chunks.size() + dropped_blobs.size(); }
};

// All rows together. The sum does not depend on an order, so it is kept up row by row.
struct SnapshotTally {
  uint64_t rows = 0;
  uint64_t digest = 0;

  void add(uint64_t mark) { ++rows, digest += mark; }
  void take_away(uint64_t mark) { --rows, digest -= mark; }
  friend bool operator==(const SnapshotTally&, const SnapshotTally&) = default;
};

uint64_t mark_of(const SnapshotRow& row);
uint64_t mark_of(const SnapshotBlob& blob);
uint64_t mark_of(const SnapshotMeta& meta, const SnapshotTally& tally);

}  // namespace leat::wal
