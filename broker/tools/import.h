// SPDX-License-Identifier: Apache-2.0
// import.h: a data folder out of a dump.rdb of Redis.
//
// Used by: `leat import`.
// Always:  - the file is only read, and the folder gets its name when all that can be kept of it is there: read back
//            the way a start reads it;
//          - a file that is cut off or damaged is refused: a part of one is never taken for the whole;
//          - what is not kept is told, one line each; what had expired is not told, only counted, and is no loss;
//          - takes the memory that a broker with those keys takes.
#pragma once

#include "broker/tools/finding.h"

namespace leat {

struct ImportOptions {
  Bytes file;
  Bytes to;  // a new folder, or an empty one
  TimeMs now_ms = 0;
  std::function<uint64_t()> random;
};

struct ImportReport {
  Index index = 0;  // of the record that the folder begins behind
  uint64_t keys = 0, libraries = 0;
  uint64_t expired = 0;
  uint64_t lost = 0;  // keys and libraries that could not be kept
};

// `tell` hears of each loss as it is found.
Result<ImportReport> import_file(wal::FileSystem& files, const ImportOptions& options, const Tell& tell);

}  // namespace leat
