// SPDX-License-Identifier: Apache-2.0
// new_log.h: the log of a new folder: one sealed segment, whatever its length, that a start goes on from.
//
// Used by: restore, which copies records into it; salvage, which leaves it empty.
// Always:  - it ends with a configuration record, which says who writes from here on and gives even an empty log a
//            record to be named by;
//          - like recovery's copy of a tail it gets its name when all of it is synced.
#pragma once

#include "wal/segment.h"

namespace leat::wal {

class NewLog {
 public:
  struct Start {
    Configuration ids;
    uint64_t salt = 0;
    uint64_t term = 1;
    Index after = 0;     // the last record before it
    TimeMs time_ms = 0;  // of that record
  };
  // In `folder`, which the caller syncs; `files` must outlive this.
  static Result<NewLog> begin(FileSystem& files, const Bytes& folder, const Start& start);

  Status add(const RecordHeader& header, View body);  // a record; a configuration's body becomes the new one
  const RecordHeader& last() const { return last_; }
  Status end();

 private:
  NewLog(FileSystem& files, Bytes folder, const Start& start);
  void frame(const RecordHeader& header, View body);
  Status flush();

  FileSystem* files_;
  Bytes folder_;
  Index first_;
  uint64_t salt_;
  Bytes configuration_;
  std::unique_ptr<File> file_;
  Bytes out_;
  uint64_t offset_ = kSegmentHeaderSize;  // of the segment; what is in out_ goes there
  RecordHeader last_;                     // that was added
};

}  // namespace leat::wal
