// SPDX-License-Identifier: Apache-2.0
// check.h: reads a data folder without changing it: the engine behind `leat check DIR` and `leat dump DIR`.
//
// Used by: the command line.
// Always:  - takes no lock and writes nothing; of a running broker it shows a moment;
//          - a verdict of "sound" means that a start would succeed and lose nothing that was acknowledged.
#pragma once

#include "wal/recovery.h"

namespace leat::wal {

struct SegmentReport {
  Bytes file;
  uint64_t records = 0;
  Index first = 0, last = 0;
  uint64_t bytes = 0;
  bool sealed = false;
  Bytes damage;  // empty when there is none
};

struct FolderReport {
  std::vector<SegmentReport> segments;
  Bytes verdict;  // one sentence
  bool sound = false;
};

Result<FolderReport> check_folder(FileSystem& files, View folder);

// Hands out every readable record from index `from` on, in order; steps over damage.
Status read_folder(FileSystem& files, View folder, Index from,
                   const std::function<void(const RecordHeader& header, View body)>& record);

}  // namespace leat::wal
