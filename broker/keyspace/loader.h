// SPDX-License-Identifier: Apache-2.0
// loader.h: builds a keyspace out of a snapshot's chunks and blobs.
//
// Used by: the broker when it starts, before the log behind the snapshot is replayed; tests.
// Always:  - begin() first, then every blob, every chunk (in any order), then finish();
//          - a row's bytes are trusted, since its check was verified; how rows fit together is not, and what does not
//            is an error that names the value;
//          - what no key leads to (it was being freed when the snapshot was taken) is freed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
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
  // `rest` is called now and then: after each stretch of work, also within one large value (pause.h).
  Status finish(const std::function<void()>& rest);

 private:
  using Chunks = std::vector<std::unique_ptr<Chunk>>;
  struct Row {
    ValueId owner;  // the chunk's: sorting looks at nothing else
    std::unique_ptr<Chunk> chunk;
  };
  struct Owner {
    ValueId id;
    ChunkKind kind;      // of the first chunk
    uint32_t kinds = 0;  // of all, a bit each
    Chunks chunks;
  };

  Owner take_owner(size_t& at, Pause& pause);
  Status build(Owner owner, Pause& pause);
  Status keep_table(Owner owner, Pause& pause);
  Status build_group(Owner owner, Pause& pause);
  Status build_value(Owner owner, Pause& pause);
  Status set_aside(Owner owner, Pause& pause);
  Status attach_groups(Pause& pause);
  Status open_databases(Pause& pause);
  void free_dead(Pause& pause);
  void drop_unshared_blobs(Pause& pause);

  Keyspace& keyspace_;
  ChunkStore::LastIds last_;
  std::vector<ValueId> roots_;  // by database: whose the key table's chunks are
  std::vector<Row> rows_;
  std::vector<BlobId> blobs_;
  std::vector<Chunks> tables_;  // by database
  IdTable<std::unique_ptr<Value>> values_;
  std::vector<ValueId> value_ids_;
  std::optional<ValueId> set_aside_;  // the first that was
  std::vector<std::unique_ptr<consumers::Group>> groups_;
};

}  // namespace leat
