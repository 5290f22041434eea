// SPDX-License-Identifier: Apache-2.0
#include "wal/folder.h"

#include <algorithm>

#include "wal/new_folder.h"
#include "wal/snapshot.h"

namespace leat::wal {

namespace {

using Lock = Result<std::unique_ptr<FileLock>>;

constexpr View kOfRedis[] = {"appendonly.aof", "appendonlydir", "dump.rdb"};

constexpr char kSnapshotAlone[] =
    ". A snapshot alone is not all that was acknowledged: `leat check` shows up to which record it goes, and if that "
    "is what you want, as with a backup, `leat restore` makes a data folder of it";

// What a start that was cut short may leave in a folder that was never anything else.
bool is_beginning(View name) { return name == kCreateUnfinished || name == kLockName; }

// Record 1 and a seal, in a segment that gets its name when it is synced. What comes goes into the next.
Status create_first_segment(FileSystem& files, const Bytes& folder, const std::function<uint64_t()>& random) {
  SegmentHeader header{.salt = random(), .cluster_id = random(), .server_id = random(), .sequence = 1};
  const Bytes configuration = encode_configuration({.cluster_id = header.cluster_id, .server_id = header.server_id});
  header.capacity = kSegmentHeaderSize + frame_size(configuration.size()) + frame_size(0);
  const Bytes unfinished = join_path(folder, kCreateUnfinished);
  auto file = make_segment(files, unfinished, header);
  if (!file.ok()) return file.status();
  Bytes frames;
  append_frame(frames, {.type = RecordType::kConfiguration, .index = 1}, configuration, header.salt,
               kSegmentHeaderSize);
  append_frame(frames, {.type = RecordType::kSeal, .index = 2, .synced = 1}, "", header.salt,
               kSegmentHeaderSize + frames.size());
  Status done = (*file)->write(kSegmentHeaderSize, frames);
  if (done.ok()) done = (*file)->sync();
  if (done.ok()) done = files.rename(unfinished, join_path(folder, segment_name(1)));
  return done.ok() ? files.sync_folder(folder) : done;
}

bool is_segment(View name) { return parse_segment_name(name).has_value(); }

bool has(const std::vector<Bytes>& names, View name) { return std::binary_search(names.begin(), names.end(), name); }

// Before an empty snapshot is made there: a log whose beginning is retired is nothing without the one that it had.
Status check_beginning(const Bytes& folder, const std::vector<Bytes>& names) {
  const auto first = std::find_if(names.begin(), names.end(), is_segment);
  if (first == names.end() || *first == segment_name(1) || has(names, kSnapshotName)) return Status::fine();
  return Status::error(folder + " has a log that begins with " + *first + " and no " + Bytes(kSnapshotName) +
                       " in front of it. Nothing was changed. Restore the folder from a backup or a replica, or keep " +
                       "what is left: leat salvage " + folder + " --to NEW");
}

Lock open_existing(FileSystem& files, const Bytes& folder, const std::function<uint64_t()>& random) {
  auto lock = files.lock(join_path(folder, kLockName));
  if (!lock.ok()) return lock;
  // Who made the folder may have died before this, or never thought of it: its name must not go with the power.
  if (Status named = files.sync_folder(parent_folder(folder)); !named.ok()) return named;
  const auto names = files.list(folder);
  if (!names.ok()) return names.status();
  const bool has_segment = has(*names, kSpareName) || std::any_of(names->begin(), names->end(), is_segment);
  if (has_segment) {
    Status begins = check_beginning(folder, *names);
    return begins.ok() ? std::move(lock) : Lock(std::move(begins));
  }
  for (const View name : kOfRedis) {
    if (!has(*names, name)) continue;
    return Status::error(
        folder + " holds " + Bytes(name) +
        ", a file of Redis, which a start does not read: leat import DUMP.RDB --to NEW makes a data folder of a "
        "dump (redis-cli BGSAVE writes one)");
  }
  for (const Bytes& name : *names) {
    if (!is_file_of_ours(name) || is_beginning(name)) continue;
    return Status::error(folder + " holds " + name +
                         " but no segment of the log. It is not taken for an empty folder: " +
                         "restore it, its *.log files above all, from a backup, or start with another folder" +
                         (has(*names, kSnapshotName) ? kSnapshotAlone : ""));
  }
  Status created = create_first_segment(files, folder, random);
  if (!created.ok()) return created;
  return lock;
}

Lock create_beside(FileSystem& files, const Bytes& folder, const std::function<uint64_t()>& random) {
  auto made = NewFolder::begin(files, folder);
  if (!made.ok()) return made.status();
  Status done = create_first_segment(files, made->path(), random);
  if (done.ok()) done = made->finish();
  if (!done.ok()) return done;
  return made->take_lock();
}

}  // namespace

Lock open_folder(FileSystem& files, const Bytes& folder, const std::function<uint64_t()>& random) {
  const Bytes path = without_last_slash(folder);
  const auto exists = files.exists(path);
  if (!exists.ok()) return exists.status();
  if (Status is = *exists ? check_is_folder(files, path) : Status::fine(); !is.ok()) return is;
  return *exists ? open_existing(files, path, random) : create_beside(files, path, random);
}

Status check_unused(FileSystem& files, const Bytes& folder, const Bytes& or_else) {
  const auto exists = files.exists(folder);
  if (!exists.ok()) return exists.status();
  if (!*exists) return Status::error("there is no folder " + folder);
  if (Status is = check_is_folder(files, folder); !is.ok()) return is;
  const auto owner = files.lock_owner(join_path(folder, kLockName));
  if (!owner.ok()) return owner.status();
  if (!*owner) return Status::fine();
  return Status::error(folder + " is in use by process " + **owner + ": stop that broker first, or " + or_else);
}

}  // namespace leat::wal
