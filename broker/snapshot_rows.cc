// SPDX-License-Identifier: Apache-2.0
#include "broker/snapshot_rows.h"

#include "broker/keyspace/loader.h"

namespace leat {

wal::SnapshotChanges to_rows(Handover handover) {
  wal::SnapshotChanges rows;
  rows.chunks.reserve(handover.chunks.size());
  for (SavedChunk& chunk : handover.chunks) {
    rows.chunks.push_back({.id = chunk.id,
                           .owner = chunk.owner,
                           .kind = static_cast<uint8_t>(chunk.kind),
                           .detail = chunk.depth,
                           .bytes = chunk.bytes,
                           .keeper = std::move(chunk.keeper)});
  }
  rows.blobs.reserve(handover.blobs.size());
  for (SavedBlob& blob : handover.blobs)
    rows.blobs.push_back({.id = blob.id, .bytes = blob.bytes, .keeper = std::move(blob.keeper)});
  rows.dropped_chunks = std::move(handover.gone_chunks);
  rows.dropped_blobs = std::move(handover.gone_blobs);
  return rows;
}

Result<SavedChunk> to_chunk(const wal::SnapshotRow& row) {
  if (row.kind > kLastChunkKind || row.detail < 0 || row.detail > UINT8_MAX)
    return Status::error("the snapshot's chunk " + std::to_string(row.id) + " is of a kind this version does not know");
  return SavedChunk{.id = row.id,
                    .owner = row.owner,
                    .kind = static_cast<ChunkKind>(row.kind),
                    .depth = static_cast<uint8_t>(row.detail),
                    .bytes = row.bytes,
                    .keeper = nullptr};
}

Status load_keyspace(wal::SnapshotStore& store, Keyspace& keyspace, const wal::ProgressFn& pause) {
  KeyspaceLoader loader(keyspace);
  if (Status begun = loader.begin(store.meta()->state); !begun.ok()) return begun;
  uint64_t done = 0, total = 0;
  const wal::SnapshotLoader rows{.on_blob =
                                     [&](const wal::SnapshotBlob& blob) {
                                       loader.add_blob(blob.id, blob.bytes);
                                       return Status::fine();
                                     },
                                 .on_chunk =
                                     [&](const wal::SnapshotRow& row) {
                                       const auto chunk = to_chunk(row);
                                       return chunk.ok() ? loader.add(*chunk) : chunk.status();
                                     },
                                 .on_progress = [&](uint64_t bytes, uint64_t of) { pause(done = bytes, total = of); }};
  if (Status loaded = store.load(rows); !loaded.ok()) return loaded;
  return loader.finish([&] { pause(done, total); });
}

}  // namespace leat
