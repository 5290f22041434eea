// SPDX-License-Identifier: Apache-2.0
// snapshot_writer.h: a thread that hands rows to SQLite while the loop goes on.
//
// Used by: the broker, which posts slices of changed chunks and, when their index is synced, the commit.
// Always:  - posting never waits for the disk, and what is posted is worked off in that order;
//          - a snapshot is the changes posted since the last commit, and its commit; without one it is taken back;
//          - the thread is polite: ten steps of nice below the loop, syncs in small pieces (sqlite_vfs.h), and a rest
//            after each as long as the piece took, unless somebody waits for it or much is waiting;
//          - after the first failure nothing more is written, and report() says why for ever.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <variant>

#include "schemas/clock.h"
#include "wal/snapshot_store.h"

namespace leat::wal {

class SnapshotWriter {
 public:
  enum class Where : uint8_t { kBackground, kCaller };  // kCaller: the simulation sees every call in one order

  struct Report {
    Index committed = 0;  // the index of the snapshot on disk; 0: there is none
    // Of the last snapshot that this process made:
    uint64_t rows = 0;           // put and dropped
    uint64_t bytes_written = 0;  // to the disk, the journal's among them
    int64_t took_us = 0;         // from its first row to its commit
    // Of the one on disk:
    SnapshotTally tally;
    Status status;
  };

  SnapshotWriter(std::unique_ptr<SnapshotStore> store, Clock& clock, Where where);  // `clock` must outlive this
  ~SnapshotWriter();  // what waits is dropped, what is not committed is taken back

  void put(SnapshotChanges changes);
  // After everything put before it. The caller has seen that meta.index is synced in the log.
  void commit(SnapshotMeta meta);
  // Runs on the thread after everything posted before it, if none of that failed: behind a commit, no transaction is
  // open then, and the file is the snapshot. Dropped by stop().
  void then(std::function<void()> job);
  bool has_job() const { return jobs_.load() > 0; }
  // Bytes of rows posted and not yet with SQLite, what they take in memory beside included: to throttle by.
  uint64_t waiting_bytes() const { return waiting_bytes_.load(std::memory_order_relaxed); }
  Report report() const;
  // Called FROM THE THREAD when less is waiting, a commit is done or something failed. Set it before the first post.
  void on_progress(std::function<void()> wake) { wake_ = std::move(wake); }
  // Until everything posted was worked off, jobs too, or something failed; there is no rest meanwhile.
  void wait();
  void wait_below(uint64_t bytes);  // the same, until less than that is waiting
  // Works off the commits that were posted, drops what they do not cover, ends the thread. Nothing may be posted after.
  Status stop();

 private:
  using Job = std::function<void()>;
  using Mail = std::variant<SnapshotChanges, SnapshotMeta, Job>;

  void post(Mail mail);
  template <typename Done>
  void wait_until(Done done);
  void run();
  void handle(Mail mail);
  void write_all(SnapshotChanges& changes);
  template <typename Row>
  void put_one(Row& row);
  void make_whole(const SnapshotMeta& meta);
  void run_job(const Job& job);
  void rest();
  void publish();

  std::unique_ptr<SnapshotStore> store_;  // these six are the thread's, once it runs
  Clock& clock_;
  uint64_t rows_ = 0;  // of the snapshot being made
  uint64_t bytes_before_ = 0;
  int64_t began_us_ = 0;
  int64_t rested_us_ = 0;  // when the last rest ended

  const Where where_;
  std::function<void()> wake_;
  std::atomic<uint64_t> waiting_bytes_ = 0;
  std::atomic<uint64_t> jobs_ = 0;  // posted and not done
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Mail> mail_;  // these six under mutex_
  size_t commits_ = 0;     // among the mail
  Report report_;
  bool working_ = false;
  bool awaited_ = false;
  bool stopping_ = false;
  std::thread thread_;  // started by the first post
};

}  // namespace leat::wal
