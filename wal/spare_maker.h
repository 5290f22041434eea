// SPDX-License-Identifier: Apache-2.0
// spare_maker.h: has the next segment ready before the current one is full, and tidies up behind a roll.
//
// Used by: the log (owns it), the writer (takes spares, reports rolls), from whichever thread holds the writer.
// Always:  - no rename, allocation or folder sync stands between a record and its sync: all of them happen here;
//          - one job at a time, in order; the first failure is kept and ends the work.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "wal/segment.h"

namespace leat::wal {

struct Spare {
  std::unique_ptr<File> file;
  SegmentHeader header;
};

// The current segment has had its first sync: it may get its name, and a spare can be made anew.
struct Turn {
  std::unique_ptr<File> old;  // the sealed segment before it, if this process rolled; null otherwise
  uint64_t old_end = 0;       // what stands behind the seal is given back
  Index first = 0;            // what next.log is to be called; 0: it has its name already
  SegmentHeader next;         // of the spare to be made
};

class SpareMaker {
 public:
  enum class Where : uint8_t { kBackground, kCaller };  // kCaller: tests see every call in one order

  SpareMaker(FileSystem& files, Bytes folder, Where where);  // `files` must outlive this
  ~SpareMaker();

  void post(Turn turn);
  // Something else for this thread, done when no turn waits; what waits at stop() is left undone.
  void post_chore(std::function<Status()> chore);
  std::optional<Spare> take();  // when one is ready; if not, what is being made is hurried
  void wait();  // until nothing is left to do, or something failed: then the folder is as it stays while nobody writes
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  Status status() const;
  // Finishes the names that are owed, gives up a spare that is half made. Nothing may be posted afterwards.
  Status stop();

 private:
  void run();
  Status settle(Turn& turn);
  Status prepare(const SegmentHeader& header);
  bool breathe();
  void handle(Turn turn);
  void handle(const std::function<Status()>& chore);
  void fail(Status why);

  FileSystem& files_;
  const Bytes folder_;
  const Where where_;
  std::atomic<bool> failed_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> hurried_ = false;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Turn> turns_;  // these five under mutex_
  std::deque<std::function<Status()>> chores_;
  std::optional<Spare> spare_;
  Status status_;
  bool working_ = false;
  std::thread thread_;  // started by the first post
};

}  // namespace leat::wal
