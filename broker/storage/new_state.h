// SPDX-License-Identifier: Apache-2.0
// new_state.h: a keyspace that was made in memory becomes a data folder: a snapshot of it, and a log that begins
// behind it.
//
// Used by: salvage, import.
// Always:  - what was written is read back the way a start reads it, and is the same, or the folder is not to be used.
#pragma once

#include "broker/keyspace/keyspace.h"
#include "wal/new_log.h"
#include "wal/snapshot_store.h"

namespace leat {

struct StateMark {
  wal::Configuration ids;  // of who goes on from there
  uint64_t salt = 0;       // of the log
  uint64_t term = 1;
  Index index = 0;         // of the last record that is in it
  TimeMs time_ms = 0;      // of that record
};

// Into `folder`, which the caller gives its name. `store` is the folder's snapshot, which may have in it what has not
// changed since it was loaded.
Status write_state(wal::FileSystem& files, const Bytes& folder, Keyspace& keyspace,
                   std::unique_ptr<wal::SnapshotStore> store, const StateMark& mark);

}  // namespace leat
