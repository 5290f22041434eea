// SPDX-License-Identifier: Apache-2.0
// log_scan.h: every readable record of a log, also behind damage, and where records cannot be read.
//
// Used by: `leat dump`, salvage.
// Always:  - only reads; hands out rising indexes, each record's checksum verified;
//          - a segment whose header is damaged is read all the same if frames are valid under the salt in it: a frame's
//            checksum needs nothing else of the header, and 64 bits do not fit by accident;
//          - what a later segment has replaced is not handed out, nor what another broker wrote;
//          - an end that is not known to be the end is a hole: a file that was cut off or cannot be read, a segment
//            that is missing, where no later record and no later name tells how far it went.
#pragma once

#include <functional>

#include "wal/segment.h"

namespace leat::wal {

// Records that cannot be read, or are in no file.
struct Hole {
  Bytes file;  // where they should be, or behind what; empty: before the first segment
  uint64_t offset = 0;
  Index from = 0, to = 0;
  bool open = false;  // nobody knows how many they are, or whether there were any: `to` says nothing
  TimeMs after_ms = 0, before_ms = 0;  // they were written between these; 0: not known
  Bytes why;
};

struct LogListener {
  std::function<Status(const RecordHeader& header, View body)> on_record;
  std::function<Status(const Hole& hole)> on_hole;  // may be empty
};

// What all readable frames together say.
struct LogExtent {
  Index last = 0;    // the highest index that is there, or is known to have been
  Index synced = 0;  // the highest that is known to have been on disk
  uint64_t term = 1;
  TimeMs time_ms = 0;
  uint64_t cluster_id = 0, server_id = 0;  // 0: no header could be read
  uint64_t records = 0;                    // handed out
};

// Records from index `from` on, up to `until`.
Result<LogExtent> scan_log(FileSystem& files, View folder, Index from, Index until, const LogListener& listener);

}  // namespace leat::wal
