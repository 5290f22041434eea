// SPDX-License-Identifier: Apache-2.0
// check.h: reads a data folder without changing it: the engine behind `leat check DIR` and `leat dump DIR`. What the
//          effects come to it cannot say: broker/storage/proof.h does.
//
// Used by: the command line.
// Always:  - writes nothing, not even what a start would repair; a folder in use is refused;
//          - a verdict of "sound" means that a start would succeed and lose nothing that was acknowledged.
#pragma once

#include "wal/recovery.h"
#include "wal/snapshot.h"

namespace leat::wal {

struct SegmentReport {
  Bytes file;
  uint64_t records = 0;
  Index first = 0, last = 0;
  uint64_t bytes = 0;
  bool sealed = false;
  bool passed = false;  // it lies behind the snapshot, so that a start does not read it; the check does
  Bytes damage;         // empty when there is none
};

struct SnapshotReport {
  bool there = false;  // with a commit in it
  Index index = 0;
  TimeMs time_ms = 0;
  uint64_t rows = 0;
  uint64_t digest = 0;
  uint64_t bytes = 0;       // of the file
  bool unfinished = false;  // the next one was being written; a start takes that back
  Bytes damage;             // empty when there is none
};

struct FolderReport {
  SnapshotReport snapshot;
  std::vector<SegmentReport> segments;
  uint64_t passed_damaged = 0;  // segments that no start reads
  Bytes verdict;                // one sentence or two
  bool sound = false;
};

Result<FolderReport> check_folder(FileSystem& files, View folder);

// Hands out every readable record from index `from` on, in order; steps over damage.
Status read_folder(FileSystem& files, View folder, Index from,
                   const std::function<void(const RecordHeader& header, View body)>& record);

}  // namespace leat::wal
