// SPDX-License-Identifier: Apache-2.0
// sync_thread.h: writes and syncs while the loop goes on. Takes over the writer of a slow disk.
//
// Used by: the log, which hands batches in and takes progress out.
// Always:  - the two threads share one mailbox under one mutex, and nothing else;
//          - the writer is the thread's from start_with() until hand_back() returns;
//          - batches that came together are one write and, when syncing each, one sync;
//          - a simulation has no thread: it calls step() when its disk is to have done something.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "wal/writer.h"

namespace leat::wal {

class SyncThread {
 public:
  enum class SyncEach : uint8_t { kNo, kYes };
  enum class Where : uint8_t { kBackground, kCaller };  // kCaller: the simulation decides how long a sync takes

  struct Report {
    Progress progress;
    Status status;
    bool idle = true;  // nothing is waiting or under way
    size_t buffer_bytes = 0;  // of memory: what waits, what is under way, and the writer's
  };

  explicit SyncThread(Where where) : where_(where) {}
  ~SyncThread();  // finishes what is under way, drops what waits

  // Called from the thread whenever the report may have changed. Set before the first start.
  void on_progress(std::function<void()> wake) { wake_ = std::move(wake); }
  void start_with(Writer& writer);  // which must outlive the hand-over
  // Waits until everything is written, then the writer is the caller's again.
  void hand_back();

  void append(View batch, TimeMs time_ms, SyncEach sync_each);
  void request_sync();
  void request_mark(TimeMs time_ms);
  Report report() const;
  void wait_idle();  // after a failure, too, what waits is taken
  // kCaller: what the thread would do next, which is to write what waits, or to sync what was written. False: nothing.
  bool step();

 private:
  struct Piece {
    size_t size;
    TimeMs time_ms;
  };
  struct Mail {
    Bytes bodies;  // one behind the other
    std::vector<Piece> pieces;
    bool sync = false;
    std::optional<TimeMs> mark;
    bool empty() const { return pieces.empty() && !sync && !mark; }
    void clear(size_t kept);
  };

  void run();
  void write(const Mail& mail);
  void finish(const Mail& mail);
  void publish();
  void put_back();
  void count_under_way();

  const Where where_;
  std::function<void()> wake_;
  Mail under_way_;  // swapped with the mail, so that both keep their memory
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Mail mail_;                 // all of these under mutex_
  Writer* writer_ = nullptr;  // null while the loop has it
  Report report_;
  size_t under_way_bytes_ = 0;  // of memory
  bool working_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace leat::wal
