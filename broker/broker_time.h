// SPDX-License-Identifier: Apache-2.0
// broker_time.h: the time that ids, expiry and TIME use.
//
// Used by: the executor, which freezes it for each command; the log's records.
// Always:  - never falls, also over restarts: starts at max(wall, last logged);
//          - advances with the monotonic clock, at half speed while it is ahead of the wall, and jumps forward when the
//            wall is ahead: keys expire when the wall says so.
#pragma once

#include <algorithm>

#include "schemas/clock.h"

namespace leat {

class BrokerTime {
 public:
  explicit BrokerTime(Clock& clock) : clock_(clock) {
    now_us_ = clock.wall_us();
    monotonic_us_ = clock.monotonic_us();
  }
  void not_before(TimeMs logged_ms) { now_us_ = std::max(now_us_, logged_ms * 1000); }

  // Reads the monotonic clock: once a command.
  void advance() {
    const int64_t monotonic_us = clock_.monotonic_us();
    const int64_t elapsed_us = std::max<int64_t>(monotonic_us - monotonic_us_, 0);
    monotonic_us_ += elapsed_us;
    now_us_ += ahead_ ? elapsed_us / 2 : elapsed_us;
  }

  // Reads the wall too: once a tick, which is short.
  void follow_wall() {
    advance();
    const int64_t wall_us = clock_.wall_us();
    ahead_ = wall_us < now_us_;
    if (!ahead_) now_us_ = wall_us;
  }

  // Nothing happens for so long.
  void hold_us(int64_t us) { clock_.hold_us(us); }

  TimeMs now_ms() const { return now_us_ / 1000; }
  int64_t now_us() const { return now_us_; }
  TimeMs monotonic_ms() const { return monotonic_us_ / 1000; }
  int64_t monotonic_us() const { return monotonic_us_; }

 private:
  Clock& clock_;
  int64_t now_us_;
  int64_t monotonic_us_;
  bool ahead_ = false;  // of the wall
};

}  // namespace leat
