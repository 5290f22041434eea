// SPDX-License-Identifier: Apache-2.0
// sync_thread.h: writes and syncs while the loop goes on. Takes over the writer of a slow disk.
//
// Used by: the log, which hands batches in and takes progress out.
// Always:  - the two threads share one mailbox under one mutex, and nothing else;
//          - the writer is the thread's from start_with() until hand_back() returns;
//          - batches that came together are one write and, when syncing each, one sync.
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

  struct Report {
    Progress progress;
    Status status;
    bool idle = true;  // nothing is waiting or under way
  };

  SyncThread() = default;
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
  void wait_idle();  // until idle, or failed

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
    void clear();
  };

  void run();
  void deliver(const Mail& mail);
  void publish();

  std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Mail mail_;                 // all of these under mutex_
  Writer* writer_ = nullptr;  // null while the loop has it
  Report report_;
  bool working_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace leat::wal
