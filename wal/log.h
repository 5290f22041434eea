// SPDX-License-Identifier: Apache-2.0
// log.h: the door of wal/. One seam between execution and durability: propose(batch) → index, committed() → index.
//
// Used by: the broker's tick; recovery at its start, when the folder is open (folder.h) and the snapshot is
//          loaded. Everything is called on the loop's thread.
// Always:  - committed() never falls, ends with a batch, and stands still for ever after a failed write or sync;
//          - what is committed is there at the next open, as far as the durability mode promises (DESIGN.md section 1);
//          - an index is taken by propose() and nothing else: next_index() stays true while a tick runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "schemas/clock.h"
#include "schemas/log.h"
#include "wal/recovery.h"
#include "wal/sync_thread.h"

namespace leat::wal {

enum class Durability : uint8_t { kAlways, kInterval, kNever };
enum class LogThread : uint8_t { kAuto, kAlways, kNever };

struct LogOptions {
  Bytes folder;
  Origin origin;  // the snapshot that was loaded
  Durability durability = Durability::kAlways;
  int64_t sync_interval_ms = 1000;
  LogThread thread = LogThread::kAuto;
  uint64_t segment_bytes = uint64_t{64} << 20;
  uint64_t unsynced_bytes_max = uint64_t{64} << 20;
  SpareMaker::Where prepare = SpareMaker::Where::kBackground;
  SyncThread::Where sync = SyncThread::Where::kBackground;
  std::function<uint64_t()> random = random_u64;  // salts and ids; a simulation passes its own
};

struct Stats {
  uint64_t records = 0;         // ever logged, retired ones included
  uint64_t bytes = 0;           // proposed since the start
  uint64_t syncs = 0;           // since the start
  int64_t sync_us_average = 0;  // moving
  int64_t sync_us_last = 0;
  int64_t sync_us_max = 0;
  SyncTimes sync_times;  // since the start
  uint64_t unsynced_bytes = 0;
  uint64_t segments = 0;
  uint64_t segment_bytes = 0;  // of the current one
  bool threaded = false;
};

struct Place {
  Bytes file;
  uint64_t offset = 0;
};

class Log {
 public:
  // Replays, trims and copies what recovery must: then it is ready. The folder's lock is the caller's (folder.h).
  // `replay` gets each whole batch behind the snapshot, in order; its work counts only if this succeeds. All but
  // `options` must outlive the log.
  static Result<std::unique_ptr<Log>> open(FileSystem& files, Clock& clock, Events& events, LogOptions options,
                                           const ReplayFn& replay, const ProgressFn& progress = nullptr);
  ~Log();  // without close() it is a crash, which loses nothing that was committed

  // Returns the index of the batch's last record. Inline it has written and, with kAlways, synced when it returns.
  // Never fails to the caller: see status().
  Index propose(View batch, TimeMs time_ms) { return propose(batch, time_ms, options_.durability); }
  // For who asks less, or more, of this batch than of others: no batch is synced later because another asked for less.
  Index propose(View batch, TimeMs time_ms, Durability wanted);
  void ask(Durability wanted);  // the same for all that was proposed: poll() will show it
  bool is_asked(Index index, Durability wanted) const;
  Index next_index() const { return next_; }  // of the next batch's first record
  Index proposed() const { return next_ - 1; }
  Index committed() const { return committed_; }  // as far as the mode of the options asks
  Index synced() const { return progress_.synced; }
  Index written() const { return progress_.written; }
  const Status& status() const { return status_; }

  // To be called after each tick, after each wake, and at next_poll_us() at the latest; all times are monotonic.
  void poll(int64_t now_us);
  std::optional<int64_t> next_poll_us() const;
  // Called FROM THE SYNC THREAD when committed() may have moved; poll() then takes it over. Set it right after open.
  void on_progress(std::function<void()> wake);
  bool throttled() const { return unsynced_bytes() >= options_.unsynced_bytes_max; }

  // Memory for what is on its way to the file. Not in stats(), which every tick asks for: this asks the thread.
  size_t buffer_bytes() const { return threaded_ ? thread_->report().buffer_bytes : progress_.buffer_bytes; }
  // With SyncThread::Where::kCaller, while the log is on its thread: does what that would do next. False: nothing.
  bool step_thread() { return threaded_ && thread_->step(); }

  void ask_sync() { ask(Durability::kAlways); }
  Status sync_now();  // when fine, everything proposed is synced
  // Until what is due in the folder is done, and nothing there will get another name or go before the next propose().
  void settle_folder() { spares_->wait(); }
  void set_durability(Durability durability, int64_t sync_interval_ms);
  void set_thread_mode(LogThread thread);
  // A snapshot of everything up to `snapshot` is on disk: removes the segments that nobody needs any more, those
  // younger than `not_after` excepted. On the thread of the maker of spares; a failure shows in status().
  void retire(Index snapshot, TimeMs not_after);
  Status close();  // syncs and seals; nothing may follow

  const RecoveryReport& recovery() const { return recovery_; }
  Stats stats() const;
  // Where a record of the log stands, for who wants to read from there.
  Result<Place> locate(Index index) const;

 private:
  Log(FileSystem& files, Clock& clock, Events& events, LogOptions options);
  Status recover(const ReplayFn& replay, const ProgressFn& progress);

  void note_asked();
  void take_progress();
  void advance_committed();
  void poll_sync(int64_t now_us);
  void poll_mark(int64_t now_us);
  std::optional<int64_t> sync_due_us() const;
  std::optional<int64_t> mark_due_us() const;
  void settle_thread(int64_t now_us);
  void go_threaded();
  void go_inline();
  uint64_t unsynced_bytes() const { return proposed_bytes_ - progress_.synced_bytes; }
  uint64_t never_sync_bytes() const { return options_.unsynced_bytes_max / 4; }

  FileSystem& files_;
  Clock& clock_;
  Events& events_;
  LogOptions options_;
  SegmentTable table_;
  RecoveryReport recovery_;
  std::unique_ptr<SpareMaker> spares_;  // in this order: the writer uses the spares, the thread uses the writer
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<SyncThread> thread_;
  bool threaded_ = false;  // the thread has the writer

  Index next_ = 1;
  Index committed_ = 0;
  uint64_t proposed_bytes_ = 0;
  TimeMs last_time_ms_ = 0;
  Progress progress_;  // as of the last look
  Status status_;
  int64_t active_us_ = 0;                     // when something was proposed or came back last
  Index sync_asked_ = 0;                      // a sync was asked for up to here
  std::optional<int64_t> unsynced_since_us_;  // the oldest proposal that no sync was asked for yet
  std::optional<int64_t> timed_since_us_;     // the oldest of them that wants one within sync_interval_ms
  bool mark_asked_ = false;                   // of the thread, until it shows
  std::optional<int64_t> quick_since_us_;     // syncs have been quick since then
  std::optional<int64_t> stood_us_;           // when the disk was last seen to stand
};

}  // namespace leat::wal
