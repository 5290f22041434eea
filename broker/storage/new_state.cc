// SPDX-License-Identifier: Apache-2.0
#include "broker/storage/new_state.h"

#include "broker/storage/proof.h"
#include "broker/storage/snapshot_rows.h"

namespace leat {

namespace {

constexpr size_t kSliceBytes = size_t{4} << 20;
constexpr size_t kFreeChunks = 4096;

// What is not yet in the snapshot as it stands in memory.
Status save(Keyspace& keyspace, wal::SnapshotStore& store) {
  Changes& changes = keyspace.chunks().changes();
  changes.freeze();
  for (bool all = false; !all;) {
    all = changes.take(kSliceBytes);
    const wal::SnapshotChanges rows = to_rows(changes.hand_over());
    Status done;
    for (const auto& row : rows.chunks) done = done.ok() ? store.put(row) : done;
    for (const auto& blob : rows.blobs) done = done.ok() ? store.put(blob) : done;
    for (const ChunkId id : rows.dropped_chunks) done = done.ok() ? store.drop_chunk(id) : done;
    for (const uint64_t id : rows.dropped_blobs) done = done.ok() ? store.drop_blob(id) : done;
    if (!done.ok()) return done;
  }
  return Status::fine();
}

Status prove(wal::FileSystem& files, const Bytes& folder, const Keyspace& keyspace) {
  const auto proof = prove_folder(files, folder);
  if (!proof.ok()) return proof.status();
  if (proof->digest == keyspace.digest() && proof->keys == count_keys(keyspace)) return Status::fine();
  return Status::error("what was written to " + folder +
                       " reads back as something else: this is a fault of the program or of the "
                       "machine's memory. Nothing was changed; try another machine, and report it");
}

}  // namespace

Status write_state(wal::FileSystem& files, const Bytes& folder, Keyspace& keyspace,
                   std::unique_ptr<wal::SnapshotStore> store, const StateMark& mark) {
  while (!keyspace.free_some(kFreeChunks)) continue;
  Status done = save(keyspace, *store);
  if (done.ok()) {
    done = store->commit({.cluster_id = mark.ids.cluster_id,
                          .server_id = mark.ids.server_id,
                          .term = mark.term,
                          .index = mark.index,
                          .time_ms = mark.time_ms,
                          .state = keyspace.state()});
  }
  if (!done.ok()) return done;
  store.reset();
  auto log = wal::NewLog::begin(
      files, folder,
      {.ids = mark.ids, .salt = mark.salt, .term = mark.term, .after = mark.index, .time_ms = mark.time_ms});
  done = log.ok() ? log->end() : log.status();
  return done.ok() ? prove(files, folder, keyspace) : done;
}

}  // namespace leat
