// SPDX-License-Identifier: Apache-2.0
// snapshot_rows.h: chunks and blobs, as the keyspace has them, and rows, as a snapshot has them; and a keyspace out
// of one.
//
// Used by: snapshots, `leat check`, salvage.
// Always:  - the keyspace knows no file and wal knows no chunk: only here both are known.
#pragma once

#include "broker/keyspace/keyspace.h"
#include "wal/snapshot_store.h"

namespace leat {

wal::SnapshotChanges to_rows(Handover handover);
// Borrows from the row. Fails when it is of a kind that this version does not know.
Result<SavedChunk> to_chunk(const wal::SnapshotRow& row);

// Everything in `store`, of which there is a commit, into a fresh keyspace. `progress` is called now and then.
Status load_keyspace(wal::SnapshotStore& store, Keyspace& keyspace, const wal::ProgressFn& progress);

}  // namespace leat
