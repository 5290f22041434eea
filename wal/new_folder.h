// SPDX-License-Identifier: Apache-2.0
// new_folder.h: a folder made beside its name (NAME.new) and renamed when it is whole.
//
// Used by: folder (a new data folder), backup, restore.
// Always:  - until finish() NAME is not there, or is empty; a crash leaves NAME.new, which the next attempt empties;
//          - nothing is removed from NAME.new that leat has not put there;
//          - the lock file in it keeps a second attempt out and goes along: its holder holds NAME after the rename.
#pragma once

#include "wal/file.h"

namespace leat::wal {

class NewFolder {
 public:
  // `files` must outlive this. Refuses a name that is taken by anything but an empty folder.
  static Result<NewFolder> begin(FileSystem& files, const Bytes& name);

  const Bytes& path() const { return beside_; }  // where to put the files, each of them synced by who puts it
  Status finish();                               // syncs their names, renames the folder
  Status remove_lock();                          // before finish(), where nobody will work in it
  void give_up();                                // removes what is there, if the disk lets it: its space may be wanted
  std::unique_ptr<FileLock> take_lock() { return std::move(lock_); }

 private:
  NewFolder(FileSystem& files, Bytes name) : files_(&files), name_(std::move(name)), beside_(name_ + ".new") {}
  Status check_name() const;
  Status make_empty();

  FileSystem* files_;
  Bytes name_;
  Bytes beside_;
  std::unique_ptr<FileLock> lock_;
};

// The folders on the way to `path` that are not there, each synced into the one above it.
Status make_parents(FileSystem& files, const Bytes& path);
// Refuses what is there and is no folder: a backup is often named by its file.
Status check_is_folder(FileSystem& files, const Bytes& path);

// Removes a folder with the files in it, if all of them are leat's.
Status remove_folder_of_ours(FileSystem& files, const Bytes& folder);
bool is_file_of_ours(View name);  // what may stand in a data folder or a backup, the lock aside
Bytes without_last_slash(View path);

}  // namespace leat::wal
