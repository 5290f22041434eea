// SPDX-License-Identifier: Apache-2.0
// restore_tool.h: `leat restore`: a new data folder out of a backup, or out of a data folder as it once was.
//
// Used by: the command line.
// Always:  - only the new folder is written.
#pragma once

#include "wal/file.h"
#include "wal/restore.h"

namespace leat {

// "4711" is a record. A time is 2026-11-21T14:00:00Z (seconds may have a fraction, an offset like +01:00 may stand for
// the Z), or @ and unix seconds or milliseconds, as `date -d` writes it: without the @, a number could be either.
Result<wal::Moment> parse_moment(View text);

int restore_data(wal::FileSystem& files, wal::RestoreOptions options);

}  // namespace leat
