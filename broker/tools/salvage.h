// SPDX-License-Identifier: Apache-2.0
// salvage.h: a data folder that works out of one that is damaged, and a list of what could not be kept.
//
// Used by: `leat salvage`.
// Always:  - the damaged folder is only read, and not while a broker works in it;
//          - the new folder is whole when it gets its name, and was read back the way a start reads it;
//          - of a folder that is not damaged it makes one with the same content, and says that nothing was lost;
//          - indexes, times and stream ids go on: the new snapshot is of the last record that is known to have been,
//            and the new log begins behind it, with a server id of its own and the cluster's (wal/restore.h).
#pragma once

#include "broker/tools/finding.h"

namespace leat {

struct SalvageOptions {
  Bytes from;  // the damaged data folder
  Bytes to;    // a new folder, or an empty one
  std::function<uint64_t()> random;
};

struct SalvageReport {
  Bytes base;       // a sentence: what it was made from
  Index index = 0;  // of the last record
  TimeMs time_ms = 0;
  uint64_t keys = 0;
  uint64_t batches = 0, effects = 0;  // carried out
  uint64_t agreed = 0;                // statements of what a key held
  uint64_t lost_rows = 0;             // of the snapshot
  uint64_t lost_parts = 0;            // keys, or parts of keys, that those rows held; a whole snapshot, a whole log
  uint64_t lost_records = 0, lost_batches = 0, lost_effects = 0;
  bool open_end = false;  // and what came behind the last record, if anything did
  uint64_t differing_keys = 0;
  uint64_t digest = 0;  // of everything

  bool lost_nothing() const {
    return !open_end && lost_rows + lost_parts + lost_records + lost_batches + lost_effects + differing_keys == 0;
  }
};

// `tell` hears of each loss as it is found.
Result<SalvageReport> salvage_folder(wal::FileSystem& files, const SalvageOptions& options, const Tell& tell);

}  // namespace leat
