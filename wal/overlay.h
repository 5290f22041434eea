// SPDX-License-Identifier: Apache-2.0
// overlay.h: a file system to look through: reads come from the one below, writes stay in memory and are forgotten.
//
// Used by: check, backup, restore and salvage, which open a snapshot as a start would (an unfinished one is taken
//          back, from its journal) and still change nothing.
// Always:  - the one below is only read;
//          - memory is that of the pages that were written: of the journal's, not of the whole database.
#pragma once

#include <map>

#include "wal/file.h"

namespace leat::wal {

class OverlayFiles final : public FileSystem {
 public:
  explicit OverlayFiles(FileSystem& below);  // which must outlive this
  ~OverlayFiles() override;

  Result<std::unique_ptr<File>> open(const Bytes& path, OpenMode mode) override;
  Status unlink(const Bytes& path) override;
  Result<bool> exists(const Bytes& path) override;
  Status sync_folder(const Bytes&) override { return Status::fine(); }
  // Nobody who looks through it asks for these.
  Status rename(const Bytes& from, const Bytes& to) override;
  Status make_folder(const Bytes& path) override;
  Status remove_folder(const Bytes& path) override;
  Result<std::vector<Bytes>> list(const Bytes& folder) override;
  Result<std::unique_ptr<FileLock>> lock(const Bytes& path) override;
  Result<uint64_t> free_bytes(const Bytes& folder) override { return below_.free_bytes(folder); }
  Result<std::optional<Bytes>> lock_owner(const Bytes& path) override { return below_.lock_owner(path); }

 private:
  struct Node;
  class OverlayFile;

  FileSystem& below_;
  std::map<Bytes, std::shared_ptr<Node>> nodes_;  // opened or removed here; null: removed
};

// Nothing below: what is made through an overlay of it lives in memory alone.
std::unique_ptr<FileSystem> no_files();

}  // namespace leat::wal
