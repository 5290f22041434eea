// SPDX-License-Identifier: Apache-2.0
#include "broker/storage/proof.h"

#include "broker/storage/replay.h"
#include "broker/storage/snapshot_rows.h"
#include "wal/overlay.h"

namespace leat {

namespace {

Result<wal::Origin> load_snapshot(wal::FileSystem& files, const Bytes& folder, Keyspace& keyspace) {
  const auto exists = files.exists(wal::join_path(folder, wal::kSnapshotName));
  if (!exists.ok()) return exists.status();
  if (!*exists) return wal::Origin();
  wal::OverlayFiles overlay(files);
  const auto store = wal::SnapshotStore::open(overlay, folder);
  if (!store.ok()) return store.status();
  const auto& meta = (*store)->meta();
  if (!meta) return wal::Origin();
  if (Status loaded = load_keyspace(**store, keyspace, [](uint64_t, uint64_t) {}); !loaded.ok()) return loaded;
  return wal::Origin{.after = meta->index, .cluster_id = meta->cluster_id};
}

}  // namespace

Result<Proof> prove_folder(wal::FileSystem& files, const Bytes& folder) {
  Keyspace keyspace(0);
  return prove_folder(files, folder, keyspace);
}

Result<Proof> prove_folder(wal::FileSystem& files, const Bytes& folder, Keyspace& keyspace) {
  const auto origin = load_snapshot(files, folder, keyspace);
  if (!origin.ok()) return origin.status();
  Replay replay(keyspace, Replay::Fit::kAsked);
  const auto batch = [&](Index index, TimeMs, View bytes) { return replay.batch(index, bytes); };
  const auto survey = wal::survey_folder(files, folder, *origin, batch, nullptr);
  if (!survey.ok()) return survey.status();
  if (!survey->damage.empty()) return Status::error(survey->damage);
  return Proof{.keys = count_keys(keyspace),
               .effects = replay.effects(),
               .digests = replay.digests(),
               .digest = keyspace.digest()};
}

uint64_t count_keys(const Keyspace& keyspace) {
  uint64_t keys = 0;
  for (DbIndex db = 0; db < kDatabases; ++db) keys += keyspace.database(db).size();
  return keys;
}

}  // namespace leat
