// SPDX-License-Identifier: Apache-2.0
// snapshot_columns.h: in which column of snapshot.db what
// stands. [SQLite]
//
// Used by: snapshot_store, which trusts what it reads or refuses it; snapshot_rescue, which takes what is whole.
// Always:  - a reader goes with the SELECT above it, and judges nothing: the marks are the caller's.
#pragma once

#include "wal/snapshot.h"
#include "wal/sqlite.h"

namespace leat::wal {

struct MetaRow {
  SnapshotMeta meta;
  SnapshotTally tally;
  uint64_t mark = 0;
};

constexpr char kSelectMeta[] =
    "SELECT cluster_id, server_id, term, log_index, time_ms, row_count, digest, mark, state FROM meta";
constexpr int kMetaStateColumn = 8;

inline MetaRow meta_row(Statement& row) {
  return {.meta = {.cluster_id = row.number_u64(0),
                   .server_id = row.number_u64(1),
                   .term = row.number_u64(2),
                   .index = row.number_u64(3),
                   .time_ms = row.number(4),
                   .state = Bytes(row.bytes(kMetaStateColumn))},
          .tally = {.rows = row.number_u64(5), .digest = row.number_u64(6)},
          .mark = row.number_u64(7)};
}

}  // namespace leat::wal
