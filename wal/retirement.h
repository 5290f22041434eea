// SPDX-License-Identifier: Apache-2.0
// retirement.h: removes the segments that a snapshot has made needless.
//
// Used by: the log, on the thread of the maker of spares: the file system may take its time over 64 MiB.
// Always:  - oldest first, each removal synced before the next: whatever a crash leaves is a log without a gap;
//          - the segment that holds the snapshot's own record stays, so there is always one to go on from.
#pragma once

#include "wal/segment.h"

namespace leat::wal {

// Those whose records all come before `snapshot` and are not younger than `not_after` (told by the first record of the
// segment behind, so one may stay a little longer). `snapshot` is synced.
Status retire_segments(FileSystem& files, const Bytes& folder, SegmentTable& table, Index snapshot, TimeMs not_after);

}  // namespace leat::wal
