// SPDX-License-Identifier: Apache-2.0
// recovery.h: from what a crash left to a log that can be written: survey (reads only), then repair.
//
// Used by: the log, when it opens; check, which only surveys.
// Always:  - damage at or below anything that was synced is told and nothing is touched;
//          - what is above it and not whole is trimmed and reported; a batch is whole or absent;
//          - nothing is given up before its replacement is synced, so a crash of recovery is only a crash more.
#pragma once

#include <functional>

#include "wal/segment.h"
#include "wal/writer.h"

namespace leat::wal {

// A batch, whole; `index` is that of its last record. A failure stops the start.
using ReplayFn = std::function<Status(Index index, TimeMs time_ms, View batch)>;
using ProgressFn = std::function<void(uint64_t bytes_done, uint64_t bytes_total)>;

// What the log stands on: a snapshot, or the very beginning.
struct Origin {
  Index after = 0;          // the snapshot's index: records up to here are in it and are not replayed
  uint64_t cluster_id = 0;  // the snapshot's; 0: any
};

struct RecoveryReport {
  Index first = 0, last = 0;  // of the log
  uint64_t records = 0;       // of those that were read: segments that lie wholly behind the snapshot are not
  uint64_t bytes = 0;
  uint64_t batches = 0;
  uint64_t trimmed_bytes = 0;
  Bytes trimmed_detail;    // one sentence, empty when nothing was trimmed
  uint64_t rewritten = 0;  // records that nothing proved synced; they are now
  TimeMs last_time_ms = 0;
  uint64_t cluster_id = 0, server_id = 0;
};

struct SegmentSurvey {
  SegmentFile file;
  Index first = 0, last = 0;  // of the records in order; 0 when there are none
  uint64_t records = 0;
  uint64_t end = kSegmentHeaderSize;  // behind the last frame in order
  bool sealed = false;
  bool passed = false;     // it lies behind the snapshot, so nothing but its header was read
  uint64_t rubbish = 0;    // bytes behind `end` that are not just zeros
  uint64_t survivors = 0;  // records among them that are whole
  SparseIndex sparse;
};

struct Survey {
  std::vector<SegmentSurvey> segments;  // in order; next.log last, also when it is unused
  RecoveryReport report;
  Index synced = 0;      // the highest index that anything in the folder proves synced
  Index next = 1;        // the first index that is not there
  Index last_whole = 0;  // the last record of the last whole batch
  Bytes damage;          // one sentence with file, offset and advice; empty when the log can be opened
  size_t damaged = 0;    // the segment it is about
};

// `replay` sees a batch before it is known whether the log is damaged further on: throw its work away if so.
Result<Survey> survey_folder(FileSystem& files, View folder, const Origin& origin, const ReplayFn& replay,
                             const ProgressFn& progress);

struct RepairOptions {
  uint64_t segment_bytes = 0;
  uint64_t small_segment_bytes = 0;  // of one that is made while the start waits
  std::function<uint64_t()> random;
};
// Makes the folder ready to be written behind survey.last_whole, and enters what is kept into `table`.
Result<Writer::Start> repair_folder(FileSystem& files, View folder, Survey& survey, const RepairOptions& options,
                                    SegmentTable& table);

}  // namespace leat::wal
