// SPDX-License-Identifier: Apache-2.0
// tools.h: what the binary does beside serving: `leat check DIR`, `leat dump DIR`, which only read, `leat salvage`
// and `leat import`.
#pragma once

#include "schemas/ids.h"
#include "wal/file.h"

namespace leat {

// Prints a line for the snapshot, for each segment, for the content that they add up to, and a verdict. Exit status: 0
// sound, 1 damaged or unreadable.
int check_data(wal::FileSystem& files, const Bytes& folder);
// Prints every record from index `from` on, one effect a line.
int dump_data(wal::FileSystem& files, const Bytes& folder, Index from);

// Prints a line for each thing that could not be kept, and what was made. Exit status: 0 nothing was lost, 3 something
// was, 1 nothing was made.
int salvage_data(wal::FileSystem& files, const Bytes& from, const Bytes& to);
// The same for a dump.rdb of Redis, as it is at that time (what has expired is left out).
int import_data(wal::FileSystem& files, const Bytes& file, const Bytes& to, TimeMs now_ms);

}  // namespace leat
