// SPDX-License-Identifier: Apache-2.0
// monitors.h: who watches every command that is executed, and the lines that they have not been sent yet.
//
// Used by: the executor, which notes commands and sends the lines with the stamp of what they rest on; MONITOR, RESET.
// Always:  - a line is written when its command has run; the line of a script stands before those of its commands, and
//            all of them wait for the script's end, or for kLinesBytesMax: they go with the stamp of what the
//            script has done;
//          - words that nobody may read (passwords) are never in a line; who came in by a token is sent what is done in
//            its database.
// Source:  https://redis.io/docs/latest/commands/monitor/
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "broker/protocol/args.h"
#include "broker/protocol/stamp.h"

namespace leat {

class Monitors {
 public:
  static constexpr size_t kLinesBytesMax = 1 << 20;

  bool any() const { return !watchers_.empty(); }
  void add(Ticket watcher) { watchers_.insert(watcher); }
  void forget(Ticket watcher) { watchers_.erase(watcher); }
  const std::set<Ticket>& watchers() const { return watchers_; }

  struct Command {
    int64_t now_us;  // broker time
    DbIndex db;
    View origin;  // an address, or "lua"
    const std::vector<View>& words;
  };
  void note(const Command& command);
  void rest_on(const Stamp& stamp) { stamp_.raise(stamp); }
  bool full() const { return bytes_ > kLinesBytesMax; }

  struct Line {
    DbIndex db;
    Bytes text;
  };
  struct Lines {
    std::vector<Line> lines;
    Stamp stamp;
  };
  Lines take() {
    bytes_ = 0;
    return {std::exchange(lines_, {}), std::exchange(stamp_, {})};
  }

 private:
  std::set<Ticket> watchers_;
  std::vector<Line> lines_;
  size_t bytes_ = 0;
  Stamp stamp_;
};

}  // namespace leat
