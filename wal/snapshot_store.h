// SPDX-License-Identifier: Apache-2.0
// snapshot_store.h: one snapshot.db: loads it at the start, then changes it one transaction a snapshot.
//
// Used by: the broker's start (open, load), then snapshot_writer, which owns it; check, behind an overlay.
// Always:  - the file is the snapshot of the last commit, whole, or nothing yet; a crash takes an unfinished one back;
//          - what is handed out by load() is what was put, or load() fails and says which row of which file;
//          - after the first failure every call fails with it, for ever;
//          - one thread at a time. The cost of a commit is that of the rows that changed.
#pragma once

#include <functional>
#include <optional>

#include "wal/recovery.h"
#include "wal/snapshot.h"
#include "wal/sqlite.h"

namespace leat::wal {

struct SnapshotLoader {
  std::function<Status(const SnapshotBlob&)> on_blob;  // first all of these, for chunks point to them
  std::function<Status(const SnapshotRow&)> on_chunk;  // in order of id, like the blobs; both borrow for the call
  ProgressFn on_progress;                              // bytes of rows done, and about how many there are
};

class SnapshotStore {
 public:
  // Opens the one in `folder`, whose lock the caller has; makes an empty one when there is none.
  // `files` must outlive it.
  static Result<std::unique_ptr<SnapshotStore>> open(FileSystem& files, const Bytes& folder);

  ~SnapshotStore();  // takes back what was not committed

  const std::optional<SnapshotMeta>& meta() const { return meta_; }  // of the last commit; nothing: there was none
  const SnapshotTally& tally() const { return committed_; }
  Status load(const SnapshotLoader& loader);
  // Looks at every page of the file, also where no row is: for `leat check`, which has the time.
  Status check_pages();
  Result<uint64_t> file_bytes();

  // These begin a transaction if need be, and commit() ends it.
  Status put(const SnapshotRow& row);
  Status put(const SnapshotBlob& blob);
  Status drop_chunk(ChunkId id);  // one that is not there is none to drop
  Status drop_blob(uint64_t id);
  Status commit(const SnapshotMeta& meta);
  const Status& status() const { return status_; }
  uint64_t bytes_written() const { return database_->bytes_written(); }  // to the disk, since open
  // Called whenever a few hundred KiB were written and synced: the caller may rest there.
  void on_piece(std::function<void()> rest) { database_->on_piece(std::move(rest)); }

 private:
  struct Statements;
  struct Loading;
  explicit SnapshotStore(std::unique_ptr<Database> database);

  Status prepare();
  Status read_meta();
  Status take_meta(Statement& row);
  Status check_empty();
  Status load_blobs(Loading& loading);
  Status load_chunks(Loading& loading);
  Status check_row(const char* table, uint64_t id, bool fits_mark, uint64_t& last) const;
  Status begin();
  Status make_room(const char* table, Statement& mark_of_old, uint64_t id, uint64_t bytes);
  Status forget_old(Statement& mark_of_old, uint64_t id);
  Status drop(Statement& mark_of_old, Statement& drop, uint64_t id);
  Status write_meta(const SnapshotMeta& meta);
  Status give_back_pages();
  Status keep(Status done);
  Status advised(Status why) const;
  Status damaged(const Bytes& what) const;

  std::unique_ptr<Database> database_;
  std::unique_ptr<Statements> statements_;
  std::optional<SnapshotMeta> meta_;
  SnapshotTally committed_;
  SnapshotTally tally_;  // of the transaction
  bool begun_ = false;
  Status status_;
};

}  // namespace leat::wal
