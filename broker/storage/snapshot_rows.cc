// SPDX-License-Identifier: Apache-2.0
#include "broker/storage/snapshot_rows.h"

#include "broker/keyspace/loader.h"
#include "chunks/pause.h"

namespace leat {

namespace {
constexpr size_t kRowWorth = 512;  // of a load, beside its bytes: SQLite finds it, its mark is compared
}

wal::SnapshotChanges to_rows(Handover handover) {
  wal::SnapshotChanges rows;
  rows.chunks.reserve(handover.chunks.size());
  for (SavedChunk& chunk : handover.chunks) {
    rows.chunks.push_back({.id = chunk.id,
                           .owner = chunk.owner,
                           .kind = static_cast<uint8_t>(chunk.kind),
                           .detail = chunk.detail,
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
  if (row.kind > kLastChunkKind || row.detail < 0 || row.detail > UINT32_MAX)
    return Status::error("the snapshot's chunk " + std::to_string(row.id) + " is of a kind this version does not know");
  return SavedChunk{.id = row.id,
                    .owner = row.owner,
                    .kind = static_cast<ChunkKind>(row.kind),
                    .detail = static_cast<uint32_t>(row.detail),
                    .bytes = row.bytes,
                    .keeper = nullptr};
}

Status load_keyspace(wal::SnapshotStore& store, Keyspace& keyspace, const wal::ProgressFn& progress) {
  KeyspaceLoader loader(keyspace);
  if (Status begun = loader.begin(store.meta()->state); !begun.ok()) return begun;
  uint64_t done = 0, total = 0;
  Pause rest([&] { progress(done, total); });  // many short rows are more work than their bytes
  wal::SnapshotLoader rows;
  rows.on_blob = [&](const wal::SnapshotBlob& blob) {
    loader.add_blob(blob.id, blob.bytes);
    rest.after(blob.bytes.size());
    return Status::fine();
  };
  rows.on_chunk = [&](const wal::SnapshotRow& row) {
    rest.after(kRowWorth + row.bytes.size());
    const auto chunk = to_chunk(row);
    return chunk.ok() ? loader.add(*chunk) : chunk.status();
  };
  rows.on_progress = [&](uint64_t bytes, uint64_t of) { progress(done = bytes, total = of); };
  if (Status loaded = store.load(rows); !loaded.ok()) return loaded;
  return loader.finish([&] { progress(done, total); });
}

}  // namespace leat
