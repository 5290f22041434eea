// SPDX-License-Identifier: Apache-2.0
// loader.h: builds a keyspace out of a snapshot's chunks and blobs.
//
// Used by: the broker when it starts, before the log behind the snapshot is replayed; tests.
// Always:  - begin() first, then every blob, every chunk (in any order), then finish();
//          - a row's bytes are trusted, since its check was verified; how rows fit together is not, and what does not is
//            an error that names the value;
//          - what no key leads to (it was being freed when the snapshot was taken) is freed.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "broker/keyspace/keyspace.h"
#include "consumers/group.h"
#include "schemas/status.h"

namespace leat {

class KeyspaceLoader {
 public:
  explicit KeyspaceLoader(Keyspace& keyspace) : keyspace_(keyspace) {}  // fresh; must outlive this

  Status begin(View state);  // what Keyspace::state() was
  Status add(const SavedChunk& chunk);
  void add_blob(BlobId id, View bytes);
  Status finish(const std::function<void()>& pause);  // `pause` is called now and then

 private:
  using Chunks = std::vector<std::unique_ptr<Chunk>>;

  Status build(ValueId owner, Chunks chunks);
  Status attach_groups();
  Status open_databases(const std::function<void()>& pause);
  void drop_unshared_blobs();

  Keyspace& keyspace_;
  ChunkStore::LastIds last_;
  std::vector<ValueId> roots_;  // by database: whose the key table's chunks are
  Chunks chunks_;
  std::vector<BlobId> blobs_;
  std::vector<Chunks> tables_;  // by database
  IdTable<std::unique_ptr<Value>> values_;
  std::vector<ValueId> value_ids_;
  std::vector<std::unique_ptr<consumers::Group>> groups_;
};

}  // namespace leat
