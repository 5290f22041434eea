// SPDX-License-Identifier: Apache-2.0
// latency_watch.h: how long the loop was held by something that is no command: LATENCY notes it when it was too long.
//
// Used by: the tick, around what it does beside requests; eviction, around its own. One stands where the thing begins,
//          and looks at the clock when its block ends.
// Always:  - without a threshold nothing is measured;
//          - events are called as Redis calls them where it has the same: expire-cycle, eviction-cycle, eviction-del,
//            aof-fsync-always (a sync of the log, on whichever thread); leat's own is snapshot (a slice of one).
#pragma once

#include "broker/broker_time.h"
#include "broker/config/config.h"
#include "broker/latency.h"

namespace leat {

class LatencyWatch {
 public:
  // All must outlive this.
  LatencyWatch(LatencyEvents& events, const Config& config, BrokerTime& time, const char* event)
      : events_(events), config_(config), time_(time), event_(event) {
    if (config.latency_threshold_ms == 0) return;
    time_.advance();
    began_us_ = time_.monotonic_us();
  }
  ~LatencyWatch() {
    if (began_us_ < 0 || config_.latency_threshold_ms == 0) return;
    time_.advance();
    note(events_, config_, time_, event_, time_.monotonic_us() - began_us_);
  }
  LatencyWatch(const LatencyWatch&) = delete;
  LatencyWatch& operator=(const LatencyWatch&) = delete;

  // For who has measured it himself.
  static void note(LatencyEvents& events, const Config& config, const BrokerTime& time, View event, int64_t took_us) {
    const int64_t took_ms = took_us / 1000;
    if (config.latency_threshold_ms > 0 && took_ms >= config.latency_threshold_ms)
      events.note(event, time.now_ms() / 1000, took_ms);
  }

 private:
  LatencyEvents& events_;
  const Config& config_;
  BrokerTime& time_;
  const char* event_;
  int64_t began_us_ = -1;
};

}  // namespace leat
