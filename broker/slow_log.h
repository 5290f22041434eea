// SPDX-License-Identifier: Apache-2.0
// slow_log.h: the last requests that held the loop for long.
//
// Used by: the executor, which notes them; the SLOWLOG family, which tells.
// Always:  - as many as slowlog-max-len says, and of each at most 32 words of 128 bytes: its memory is bounded;
//          - words that nobody may read (passwords) are never in it;
//          - an id is never given twice, also after a reset.
// Source:  https://redis.io/docs/latest/commands/slowlog-get/
#pragma once

#include <deque>
#include <vector>

#include "broker/config/config.h"
#include "broker/protocol/args.h"

namespace leat {

class SlowLog {
 public:
  struct Entry {
    uint64_t id;
    int64_t at_s;     // wall
    int64_t took_us;
    std::vector<Bytes> words;  // cut
    Bytes address, name;       // of the client
  };
  explicit SlowLog(const Config& config) : config_(config) {}  // must outlive this

  // From how many microseconds on a request is noted; INT64_MAX: none is.
  int64_t bar_us() const {
    const bool off = config_.slowlog_slower_than_us < 0 || config_.slowlog_entries_max == 0;
    return off ? INT64_MAX : config_.slowlog_slower_than_us;
  }
  // Whose id it gives.
  void note(Entry entry);
  void reset() { entries_.clear(); }
  const std::deque<Entry>& entries() const { return entries_; }  // the newest first

 private:
  const Config& config_;
  uint64_t next_id_ = 0;
  std::deque<Entry> entries_;
};

// What of a request's words is kept.
std::vector<Bytes> cut_words(const std::vector<View>& words);

}  // namespace leat
