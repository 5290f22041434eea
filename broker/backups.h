// SPDX-License-Identifier: Apache-2.0
// backups.h: copies of a fresh snapshot in folders of their own, on command and every so many hours.
//
// Used by: the broker's tick; LEAT BACKUP; INFO.
// Always:  - one at a time; it is a copy of a snapshot begun after it was asked for, and verified before it counts;
//          - written on the snapshots' thread: the loop only asks, and looks whether it is done;
//          - a failed backup is an event and shows in INFO, and ends nothing: what was acknowledged is in the log;
//          - old ones go only when a new one was verified.
#pragma once

#include <atomic>

#include "broker/snapshots.h"
#include "wal/backup.h"

namespace leat {

class Backups {
 public:
  // All must outlive this.
  Backups(const Config& config, wal::FileSystem& files, BrokerTime& time, Events& events, Snapshots& snapshots)
      : config_(config), files_(files), time_(time), events_(events), snapshots_(snapshots) {}
  ~Backups() { close(); }

  void start();  // the snapshots are open: from now on the schedule holds
  // Into a new folder. `asker` is who waits for it. A refusal says what to do.
  Status ask(const Bytes& folder, Ticket asker);
  // After the snapshots' tick: begins a scheduled one, sees to one that is done. Its asker, when it had one.
  std::optional<Ticket> tick();
  std::optional<int64_t> next_tick_us() const;  // monotonic
  void close();                                 // the one under way is given up; before the snapshots' close()

  struct Done {
    Ticket asker = 0;
    Bytes folder;
    Status status;
    wal::BackupReport report;
    TimeMs at_ms = 0;
    int64_t took_ms = 0;
  };
  bool under_way() const { return under_way_ != nullptr; }
  const std::optional<Done>& last() const { return last_; }
  TimeMs next_ms() const;  // wall; 0: none is scheduled

 private:
  // Shared with the thread: it fills in the lower half, says so with `finished`, and never looks at it again.
  struct Attempt {
    Ticket asker = 0;  // 0: the schedule
    int64_t began_us = 0;
    std::atomic<bool> given_up = false;

    Bytes folder;
    Status status;
    Status pruned;  // the removal of old ones
    wal::BackupReport report;
    std::atomic<bool> finished = false;
  };
  using AttemptPtr = std::shared_ptr<Attempt>;

  void begin(Bytes folder, Ticket asker);
  void begin_scheduled();
  std::optional<Ticket> finish();
  void tell(const Attempt& attempt);

  const Config& config_;
  wal::FileSystem& files_;
  BrokerTime& time_;
  Events& events_;
  Snapshots& snapshots_;
  AttemptPtr under_way_;
  std::optional<Done> last_;
  bool started_ = false;
  TimeMs scheduled_ms_ = 0;  // wall: when the youngest scheduled one was made; 0: there is none
  TimeMs not_before_ms_ = 0;  // wall: after a failure
};

}  // namespace leat
