// SPDX-License-Identifier: Apache-2.0
#include "wal/backup.h"

#include <algorithm>
#include <cinttypes>
#include <ctime>

#include "wal/new_folder.h"
#include "wal/overlay.h"
#include "wal/snapshot_store.h"

namespace leat::wal {

namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;
constexpr uint64_t kSyncEvery = uint64_t{8} << 20;
constexpr View kNameStart = "backup-";
constexpr View kUnfinishedEnd = ".new";

Status copy_bytes(File& from, File& to, const GoOn& go_on) {
  Bytes piece(kPieceBytes, '\0');
  for (uint64_t offset = 0;;) {
    if (go_on && !go_on()) return Status::error("the broker is stopping, so the backup was given up");
    const auto got = from.read(offset, piece.data(), piece.size());
    if (!got.ok()) return got.status();
    if (*got == 0) return to.sync();
    Status done = to.write(offset, View(piece).substr(0, *got));
    offset += *got;
    if (done.ok() && offset % kSyncEvery == 0) done = to.sync();
    if (!done.ok()) return done;
  }
}

Status check_room(FileSystem& files, File& source, const Bytes& to, uint64_t room_left) {
  const auto bytes = source.size();
  if (!bytes.ok()) return bytes.status();
  const auto free = files.free_bytes(to);
  if (!free.ok()) return free.status();
  if (*free >= *bytes && *free - *bytes >= room_left) return Status::fine();
  return Status::error("the copy takes " + std::to_string(*bytes) + " bytes, of " + std::to_string(*free) +
                       " free at " + to + ", and " + std::to_string(room_left) +
                       " must stay for the log: make room, or name a folder on another disk");
}

Status copy_file(FileSystem& from, const Bytes& path, FileSystem& to, const Bytes& target, uint64_t room_left,
                 const GoOn& go_on) {
  auto source = from.open(path, OpenMode::kRead);
  if (!source.ok()) return source.status();
  if (Status room = check_room(to, **source, parent_folder(target), room_left); !room.ok()) return room;
  auto copy = to.open(target, OpenMode::kCreate);
  if (!copy.ok()) return copy.status();
  return copy_bytes(**source, **copy, go_on);
}

// Opened as a start would open it: an unfinished transaction is taken back, behind the overlay.
Result<std::unique_ptr<SnapshotStore>> open_finished(FileSystem& overlay, const Bytes& folder) {
  const Bytes path = join_path(folder, kSnapshotName);
  const auto exists = overlay.exists(path);
  if (!exists.ok()) return exists.status();
  if (!*exists) return Status::error(folder + " holds no " + Bytes(kSnapshotName));
  auto store = SnapshotStore::open(overlay, folder);
  if (!store.ok()) return store;
  if (!(*store)->meta()) return Status::error(path + " is a new one, without a snapshot in it yet");
  return store;
}

}  // namespace

Result<BackupReport> verify_snapshot(FileSystem& files, const Bytes& folder) {
  OverlayFiles overlay(files);
  const auto store = open_finished(overlay, folder);
  if (!store.ok()) return store.status();
  Status done = (*store)->check_pages();
  if (done.ok()) done = (*store)->load({});
  if (!done.ok()) return done;
  const auto bytes = (*store)->file_bytes();
  if (!bytes.ok()) return bytes.status();
  return BackupReport{.meta = *(*store)->meta(), .tally = (*store)->tally(), .bytes = *bytes};
}

Result<BackupReport> copy_snapshot(FileSystem& files, const Bytes& from, const Bytes& to, uint64_t room_left,
                                   const GoOn& go_on) {
  OverlayFiles overlay(files);
  {
    const auto store = open_finished(overlay, from);
    if (!store.ok()) return store.status();
  }
  Status copied =
      copy_file(overlay, join_path(from, kSnapshotName), files, join_path(to, kSnapshotName), room_left, go_on);
  if (copied.ok()) copied = files.sync_folder(to);
  if (!copied.ok()) return copied;
  return verify_snapshot(files, to);
}

Result<BackupReport> write_backup(FileSystem& files, const Bytes& from, const Bytes& backup, const GoOn& go_on) {
  auto folder = NewFolder::begin(files, backup);
  if (!folder.ok()) return folder.status();
  auto report = copy_snapshot(files, from, folder->path(), kRoomLeftBytes, go_on);
  if (!report.ok()) {
    folder->give_up();
    return report;
  }
  Status done = folder->remove_lock();
  if (done.ok()) done = folder->finish();
  if (!done.ok()) return done;
  return report;
}

Bytes backup_name(TimeMs time_ms, Index index) {
  const std::time_t seconds = time_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "backup-%04d-%02d-%02dT%02d%02d%02dZ-%" PRIu64, utc.tm_year + 1900, utc.tm_mon + 1,
                utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, index);
  return text;
}

std::optional<BackupName> parse_backup_name(View name) {
  std::tm utc{};
  BackupName parsed;
  const Bytes text(name);
  const int found = std::sscanf(text.c_str(), "backup-%4d-%2d-%2dT%2d%2d%2dZ-%" SCNu64, &utc.tm_year, &utc.tm_mon,
                                &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &parsed.index);
  if (found != 7) return std::nullopt;
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  parsed.time_ms = TimeMs{timegm(&utc)} * 1000;
  if (backup_name(parsed.time_ms, parsed.index) != name) return std::nullopt;  // something follows, or stands askew
  return parsed;
}

Status remove_old_backups(FileSystem& files, const Bytes& folder, size_t keep) {
  const auto names = files.list(folder);
  if (!names.ok()) return names.status();
  std::vector<Bytes> old;
  for (const Bytes& name : *names) {
    const bool cut_short = name.starts_with(kNameStart) && name.ends_with(kUnfinishedEnd);
    if (cut_short) {
      Status done = remove_folder_of_ours(files, join_path(folder, name));
      if (!done.ok()) return done;
    }
    if (parse_backup_name(name)) old.push_back(name);
  }
  const auto key = [](const Bytes& name) {
    const BackupName parsed = *parse_backup_name(name);
    return std::pair(parsed.time_ms, parsed.index);
  };
  std::sort(old.begin(), old.end(), [&](const Bytes& a, const Bytes& b) { return key(a) < key(b); });
  for (size_t at = 0; at + keep < old.size(); ++at) {
    Status done = remove_folder_of_ours(files, join_path(folder, old[at]));
    if (!done.ok()) return done;
  }
  return Status::fine();
}

}  // namespace leat::wal
