// SPDX-License-Identifier: Apache-2.0
// backup.h: a backup: a folder with a copy of one snapshot in it, verified before it gets its name.
//
// Used by: the broker, on the thread of its snapshots, between two of them; restore, which copies one back.
// Always:  - a folder with a backup's name holds a whole snapshot: it was read back, row by row, first;
//          - what is copied from is only read; an unfinished transaction in it is left out;
//          - a copy is synced every few MB, so that the log's syncs are not caught behind its dirty pages.
#pragma once

#include <functional>

#include "wal/file.h"
#include "wal/snapshot.h"

namespace leat::wal {

using GoOn = std::function<bool()>;  // false: somebody wants this to end

struct BackupReport {
  SnapshotMeta meta;
  SnapshotTally tally;
  uint64_t bytes = 0;  // of the file
};

// Reads the snapshot of a folder from its first row to its last, and every page of its file. Changes nothing.
Result<BackupReport> verify_snapshot(FileSystem& files, const Bytes& folder);

// Copies the snapshot of folder `from` into `to`, a folder that is there, and verifies the copy. Refuses to begin when
// less than `room_left` bytes would be free behind it.
Result<BackupReport> copy_snapshot(FileSystem& files, const Bytes& from, const Bytes& to, uint64_t room_left,
                                   const GoOn& go_on);

// The log may stand on the same disk, and a full one would end the broker: a few of its segments must still fit.
constexpr uint64_t kRoomLeftBytes = uint64_t{256} << 20;
// The same into a new folder. `from` may be a broker's at work while no transaction on its snapshot is open.
Result<BackupReport> write_backup(FileSystem& files, const Bytes& from, const Bytes& backup, const GoOn& go_on);

// Backups that a schedule made are called backup-2026-11-21T140000Z-INDEX: in order of time, and `ls` tells what they
// are.
Bytes backup_name(TimeMs time_ms, Index index);
struct BackupName {
  TimeMs time_ms = 0;
  Index index = 0;
};
std::optional<BackupName> parse_backup_name(View name);
// Removes all but the youngest `keep` of them, and what an attempt that was cut short has left.
Status remove_old_backups(FileSystem& files, const Bytes& folder, size_t keep);

}  // namespace leat::wal
