// SPDX-License-Identifier: Apache-2.0
// snapshot_rescue.h: what can still be read of a damaged snapshot: its whole rows, and which ones are not.
//
// Used by: salvage, behind an overlay.
// Always:  - what is handed out fits its mark, each row once;
//          - a page that cannot be read is stepped over: the rows on it are sought one by one for a while, then farther
//            and farther behind it; the effort is bounded by the damage, not by the size;
//          - a disk that fails is a Status: only damage is stepped over.
#pragma once

#include <functional>
#include <optional>
#include <set>

#include "wal/snapshot.h"
#include "wal/sqlite.h"

namespace leat::wal {

struct LostRow {
  const char* table = "";
  uint64_t id = 0;
  ValueId owner = 0;  // of a chunk, as it reads
  bool page = false;  // it, or what leads to it, is on a page that cannot be read: how many there were is not known
};

struct RescueListener {
  std::function<Status(const SnapshotBlob&)> on_blob;  // first all of these, then the chunks; both borrow for the call
  std::function<Status(const SnapshotRow&)> on_chunk;
  std::function<Status(const LostRow&)> on_lost;
};

class SnapshotRescue {
 public:
  // Of the snapshot in `folder`; `files` (an overlay: an unfinished transaction is taken back, and a damaged first page
  // is replaced) must outlive this. Fails when its tables cannot be found even so.
  static Result<std::unique_ptr<SnapshotRescue>> open(FileSystem& files, const Bytes& folder);
  ~SnapshotRescue();

  const std::optional<SnapshotMeta>& meta() const { return meta_; }  // whole, be it with one bit turned back; or none
  const SnapshotTally& told() const { return told_; }                // by meta: how many rows there were
  const SnapshotTally& seen() const { return seen_; }                // whole ones
  Status read(const RescueListener& listener);

 private:
  struct Table;
  explicit SnapshotRescue(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  void read_meta();
  Status read_table(const Table& table, const RescueListener& listener);
  Result<bool> read_from(const Table& table, uint64_t& next, const RescueListener& listener);
  Status probe(const Table& table, uint64_t& next, const RescueListener& listener);
  Status step_behind(const Table& table, uint64_t& next);
  Result<bool> can_seek(const Table& table, uint64_t id);
  Status take(const Table& table, Statement& row, const RescueListener& listener);

  std::unique_ptr<Database> database_;
  std::optional<SnapshotMeta> meta_;
  SnapshotTally told_, seen_;
  std::set<uint64_t> lost_;  // ids of the table that is being read, each told once
};

}  // namespace leat::wal
