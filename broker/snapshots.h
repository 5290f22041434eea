// SPDX-License-Identifier: Apache-2.0
// snapshots.h: when a snapshot is taken, and its way from the keyspace to the disk.
//
// Used by: the broker: open() before the log is replayed, tick() after each tick's records were proposed; BGSAVE, SAVE,
//          LASTSAVE, INFO.
// Always:  - a snapshot is of the last proposed record at the end of a tick; its COMMIT waits until that is synced;
//          - chunks leave in slices, as fast as SQLite takes them; the loop never waits for it (but for SAVE);
//          - when it is on disk, and only then, the log's segments behind it may go;
//          - a disk that fails here ends the broker as a failing log does: what was acknowledged is in the log.
#pragma once

#include "broker/broker_time.h"
#include "broker/config/config.h"
#include "broker/keyspace/keyspace.h"
#include "schemas/log.h"
#include "wal/log.h"
#include "wal/snapshot_writer.h"

namespace leat {

class Snapshots {
 public:
  using Progress = std::function<void(uint64_t bytes_done, uint64_t bytes_total)>;

  // All must outlive this.
  Snapshots(const Config& config, Keyspace& keyspace, BrokerTime& time, Events& events)
      : config_(config), keyspace_(keyspace), time_(time), events_(events) {}

  // Loads what the folder has, whose lock the caller holds, into the keyspace, which is fresh.
  Status open(wal::FileSystem& files, Clock& clock, wal::SnapshotWriter::Where where, const Progress& progress);
  wal::Origin origin() const { return origin_; }     // what the log must begin behind
  TimeMs loaded_time_ms() const { return loaded_ms_; }  // of the snapshot's last record
  void start(wal::Log& log, uint64_t replayed_bytes);  // which is open, and must outlive this
  void on_progress(std::function<void()> wake);  // before start(); null ends the thread

  // `effects` counts changes since the start.
  void tick(uint64_t effects);
  bool has_work() const;       // that no event will announce
  std::optional<int64_t> next_tick_us(uint64_t effects) const;
  uint64_t waiting_bytes() const;  // copied for the disk
  bool throttled() const;      // so much is kept for the disk that nothing more may be changed
  Status finish(uint64_t effects);  // one more, now, and wait for it: SAVE, and a shutdown that asks for one
  Status close();              // the one under way is given up
  const Status& status() const { return status_; }

  void ask() { asked_ = true; }
  // A snapshot that is begun from now on; then, on the snapshots' thread and before the next one, `copy` with
  // its index.
  using Copy = std::function<void(Index)>;
  void ask(Copy copy) { asked_ = true, copy_of_next_ = std::move(copy); }
  bool under_way() const { return stage_ != Stage::kIdle; }
  // That it held the loop, of the wall's time and of the core's.
  struct Pause {
    int64_t us = 0, cpu_us = 0;
  };
  struct Figures {
    TimeMs last_save_ms = 0;    // wall; the start, when none was taken since
    int64_t last_took_us = -1;  // -1: none since the start
    int64_t under_way_us = -1;
    uint64_t changes = 0;       // since the last one
    uint64_t log_bytes = 0;     // the same, of the log: a start replays them
    uint64_t log_bytes_due = 0; // with so many of them one is taken; 0: not by the log's growth
    uint64_t taken = 0;         // since the start
    uint64_t rows = 0, bytes_written = 0;  // of the last one
    Pause longest_pause;                   // of the one under way, if there is one
    Index index = 0;            // of the one on disk
  };
  Figures figures(uint64_t effects) const;

 private:
  enum class Stage : uint8_t { kIdle, kTaking, kWaitingForSync, kCommitting };

  Status load(const Progress& progress);
  bool may_begin(uint64_t effects) const;
  bool due(uint64_t effects) const;
  std::optional<TimeMs> rule_due_ms(uint64_t changes) const;
  void begin(uint64_t effects);
  void take();
  void wait_for_sync();
  void hand_over();
  void commit();
  void done();
  uint64_t log_bytes() const;
  uint64_t log_bytes_due() const;

  const Config& config_;
  Keyspace& keyspace_;
  BrokerTime& time_;
  Events& events_;
  wal::Log* log_ = nullptr;
  std::unique_ptr<wal::SnapshotStore> store_;  // until start()
  std::unique_ptr<wal::SnapshotWriter> writer_;
  std::function<void()> wake_;
  Status status_;

  wal::Origin origin_;
  TimeMs loaded_ms_ = 0;
  Stage stage_ = Stage::kIdle;
  bool asked_ = false;
  Copy copy_of_next_, copy_;       // of the next one to begin, and of the one under way
  wal::SnapshotMeta meta_;         // of the one under way
  int64_t began_us_ = 0;
  uint64_t effects_at_begin_ = 0, effects_at_last_ = 0;
  uint64_t log_bytes_at_begin_ = 0, log_bytes_at_last_ = 0;
  uint64_t replayed_bytes_ = 0;    // of the log, at the start: they are not in a snapshot either
  uint64_t own_bytes_ = 0;         // of the content when the last one was begun
  TimeMs last_save_ms_ = 0;
  int64_t last_begun_ms_ = 0;      // monotonic
  int64_t last_took_us_ = -1;
  Pause longest_pause_;
  uint64_t taken_ = 0;
};

}  // namespace leat
