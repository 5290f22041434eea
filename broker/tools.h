// SPDX-License-Identifier: Apache-2.0
// tools.h: what the binary does beside serving: `leat check DIR`, `leat dump DIR`. Both only read.
#pragma once

#include "schemas/ids.h"
#include "wal/file.h"

namespace leat {

// Prints a line for each segment and a verdict. Exit status: 0 sound, 1 damaged or unreadable.
int check_data(wal::FileSystem& files, const Bytes& folder);
// Prints every record from index `from` on, one effect a line.
int dump_data(wal::FileSystem& files, const Bytes& folder, Index from);

}  // namespace leat
