// SPDX-License-Identifier: Apache-2.0
#include "wal/new_folder.h"

#include "wal/segment.h"

namespace leat::wal {

namespace {

// First looks at all of them: half a removal would be worse than none.
Status remove_files(FileSystem& files, const Bytes& folder) {
  const auto names = files.list(folder);
  if (!names.ok()) return names.status();
  for (const Bytes& name : *names) {
    if (name == kLockName || is_file_of_ours(name)) continue;
    return Status::error(folder + " holds " + name +
                         ", which is not leat's: move that folder away, or choose another name");
  }
  for (const Bytes& name : *names) {
    if (name == kLockName) continue;
    if (Status done = files.unlink(join_path(folder, name)); !done.ok()) return done;
  }
  return Status::fine();
}

}  // namespace

bool is_file_of_ours(View name) {
  return name.ends_with(".log") || name.ends_with(".tmp") || name.starts_with("snapshot");
}

Bytes without_last_slash(View path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return Bytes(path);
}

Status make_parents(FileSystem& files, const Bytes& path) {
  const Bytes parent = parent_folder(path);
  const auto exists = parent == path ? Result<bool>(true) : files.exists(parent);
  if (!exists.ok() || *exists) return exists.status();
  Status done = make_parents(files, parent);
  if (done.ok()) done = files.make_folder(parent);
  return done.ok() ? files.sync_folder(parent_folder(parent)) : done;
}

Status check_is_folder(FileSystem& files, const Bytes& path) {
  if (files.list(path).ok() || !files.open(path, OpenMode::kRead).ok()) return Status::fine();
  return Status::error(path + " is a file: name the folder that holds it");
}

Result<NewFolder> NewFolder::begin(FileSystem& files, const Bytes& name) {
  NewFolder folder(files, without_last_slash(name));
  Status done = folder.check_name();
  if (done.ok()) done = folder.make_empty();
  if (!done.ok()) return done;
  return folder;
}

Status NewFolder::check_name() const {
  if (name_.empty()) return Status::error("a folder needs a name");
  const auto exists = files_->exists(name_);
  if (!exists.ok() || !*exists) return exists.status();
  if (Status folder = check_is_folder(*files_, name_); !folder.ok()) return folder;
  const auto names = files_->list(name_);
  if (!names.ok()) return names.status();
  if (names->empty()) return Status::fine();
  return Status::error(name_ + " is not empty (it holds " + names->front() + "): name a new folder or an empty one");
}

Status NewFolder::make_empty() {
  const auto exists = files_->exists(beside_);
  if (!exists.ok()) return exists.status();
  Status done = *exists ? Status::fine() : make_parents(*files_, beside_);
  if (done.ok() && !*exists) done = files_->make_folder(beside_);
  if (!done.ok()) return done;
  auto lock = files_->lock(join_path(beside_, kLockName));
  if (!lock.ok()) return lock.status();
  lock_ = std::move(*lock);
  return remove_files(*files_, beside_);
}

Status NewFolder::finish() {
  Status done = files_->sync_folder(beside_);
  if (done.ok()) done = files_->rename(beside_, name_);
  return done.ok() ? files_->sync_folder(parent_folder(name_)) : done;
}

Status NewFolder::remove_lock() {
  Status done = files_->unlink(join_path(beside_, kLockName));
  lock_.reset();
  return done;
}

void NewFolder::give_up() {
  lock_.reset();
  const Status ignored = remove_folder_of_ours(*files_, beside_);
  static_cast<void>(ignored);  // the next attempt empties it, and the reason for giving up matters more
}

Status remove_folder_of_ours(FileSystem& files, const Bytes& folder) {
  const auto owner = files.lock_owner(join_path(folder, kLockName));
  if (!owner.ok()) return owner.status();
  if (*owner) return Status::error(folder + " is in use by process " + **owner);
  Status done = remove_files(files, folder);
  const Bytes lock = join_path(folder, kLockName);
  const auto locked = files.exists(lock);
  if (done.ok() && !locked.ok()) done = locked.status();
  if (done.ok() && *locked) done = files.unlink(lock);
  if (done.ok()) done = files.remove_folder(folder);
  return done.ok() ? files.sync_folder(parent_folder(folder)) : done;
}

}  // namespace leat::wal
