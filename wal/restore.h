// SPDX-License-Identifier: Apache-2.0
// restore.h: a new data folder out of a snapshot and the log behind it, up to a moment.
//
// Used by: `leat restore`.
// Always:  - what it is made from is only read, and not while a broker works in it;
//          - the new folder is whole when it gets its name: a crash leaves it absent or empty;
//          - no batch is cut in two, none behind the moment is in it, and none before it is missing, or it is refused;
//          - the new folder's log keeps the indexes and times of the old one, and ends with a configuration record of a
//            server id of its own: two brokers that start from one backup are two servers.
#pragma once

#include <functional>

#include "wal/backup.h"

namespace leat::wal {

// The last thing that is to be there; by default everything is.
struct Moment {
  Index index = UINT64_MAX;
  TimeMs time_ms = INT64_MAX;

  bool covers(Index at, TimeMs at_ms) const { return at <= index && at_ms <= time_ms; }
  bool is_end() const { return index == UINT64_MAX && time_ms == INT64_MAX; }
};

struct RestoreOptions {
  Bytes source;  // a backup or a data folder
  Bytes log;     // the data folder with the log behind the backup; empty: the source's own
  Bytes to;      // a new folder, or an empty one
  Moment until;
  std::function<uint64_t()> random;
};

struct RestoreReport {
  Index snapshot = 0;    // that it stands on; 0: on none, the log goes back to record 1
  Bytes snapshot_of;     // the folder it came from
  Index last = 0;        // the last record whose effects are there
  TimeMs time_ms = 0;    // of that record
  uint64_t batches = 0;  // replayed behind the snapshot
};

Result<RestoreReport> restore_folder(FileSystem& files, const RestoreOptions& options);

Bytes time_text(TimeMs time_ms);  // 2026-11-21T14:00:00.000Z

}  // namespace leat::wal
