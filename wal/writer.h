// SPDX-License-Identifier: Apache-2.0
// writer.h: batch → records → file. The hot path: one write and one sync for what a tick said.
//
// Used by: the log, on the loop's thread; or the sync thread, while it has taken over. By one of them at a time.
// Always:  - the bytes of a record that stood in a file are never changed: a segment only grows. What is written are
//            whole pages, so the page that the last record ended in is written again, with those bytes and what follows
//            them, as the page cache would do it;
//          - nothing is written into a segment before all that stands in the segments before it is synced;
//          - after the first failure nothing is written or synced any more;
//          - in steady state nothing is allocated, created or renamed; a mark gives back what a busy time has taken.
#pragma once

#include "schemas/clock.h"
#include "wal/page_buffer.h"
#include "wal/spare_maker.h"
#include "wal/sync_times.h"

namespace leat::wal {

// What has become of the log so far; a value, so that it can cross threads.
struct Progress {
  Index written = 0;
  Index synced = 0;
  Index carried = 0;          // the highest index that the log itself says is synced
  uint64_t synced_bytes = 0;  // of the batches proposed since the start
  uint64_t written_bytes = 0;
  uint64_t syncs = 0;
  int64_t sync_us_last = 0;
  int64_t sync_us_average = 0;  // moving, over about 16
  int64_t sync_us_max = 0;
  SyncTimes sync_times;
  uint64_t segment_bytes = 0;  // of the current segment
  size_t buffer_bytes = 0;     // of memory that is kept for what is to be written
};

class Writer {
 public:
  // Where writing begins: behind the last frame of `file`.
  struct Start {
    std::unique_ptr<File> file;
    SegmentHeader header;
    uint64_t offset = kSegmentHeaderSize;
    Index first = 1;             // of this segment
    bool named = false;          // false: it is next.log still
    Index last = 0;              // the last record of the log; all of it synced
    TimeMs time_ms = 0;          // of that record
    uint64_t segment_bytes = 0;  // of segments to come
  };
  // All but `start` must outlive this.
  Writer(Start start, SpareMaker& spares, SegmentTable& table, Clock& clock, std::function<uint64_t()> random);

  // Lays the batch out behind what is there; reaches the file with write().
  void append(View batch, TimeMs time_ms);
  Status write();
  Status sync();  // and write(), if something is left
  // Carries `synced` forward when nobody says anything for a while. Not synced: if it is lost, little is.
  Status mark(TimeMs time_ms);
  Status seal();  // a clean stop: syncs everything; nothing can follow

  const Progress& progress() const { return progress_; }
  const Status& status() const { return status_; }

 private:
  void frame(RecordType type, uint16_t flags, View body, TimeMs time_ms);
  uint64_t end() const { return offset_ + out_.size() - kept_; }
  Status hold_page();
  void fill_page();
  void keep_page(uint64_t end);
  void roll_if_full(uint64_t bytes);
  void roll(Spare spare);
  void note_sync(int64_t took_us);
  void post_turn();
  SegmentHeader next_header();
  Status fail(Status why);

  SpareMaker& spares_;
  SegmentTable& table_;
  Clock& clock_;
  const std::function<uint64_t()> random_;
  const uint64_t segment_bytes_;

  std::unique_ptr<File> file_;
  SegmentHeader header_;
  uint64_t offset_;  // of the file; what is not written yet goes there
  PageBuffer out_;   // from the beginning of that page on: what is in the file already, and frames that are not
  size_t kept_ = 0;  // bytes of the former
  Index first_;      // of the segment
  bool named_;
  bool segment_begun_;         // the table knows it
  std::unique_ptr<File> old_;  // sealed by the last roll, until this segment's first sync
  uint64_t old_end_ = 0;

  Index next_;
  TimeMs last_time_ms_;
  uint64_t appended_bytes_ = 0;
  Progress progress_;
  Status status_;
};

}  // namespace leat::wal
