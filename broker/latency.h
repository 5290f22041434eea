// SPDX-License-Identifier: Apache-2.0
// latency.h: how long things took: a histogram for each command, and the moments when something took too long.
//
// Used by: the executor and the tick, which note; the LATENCY family and INFO latencystats, which tell.
// Always:  - an event keeps its last 160 seconds that had a sample, and of each second the worst one;
//          - a histogram's bounds are those that Redis prints, of which each is twice the one before, and a bit.
// Source:  https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor/
#pragma once

#include <array>
#include <bit>
#include <deque>
#include <map>

#include "schemas/bytes.h"

namespace leat {

class LatencyHistogram {
 public:
  // Highest microseconds of each bucket. Redis counts nanoseconds in buckets of 2^k, seven binary digits wide at
  // their end.
  static constexpr size_t kBuckets = 21;  // up to a second; what takes longer is in the last
  static constexpr std::array<uint64_t, kBuckets> kBounds = [] {
    std::array<uint64_t, kBuckets> bounds{};
    for (size_t i = 0; i < kBuckets; ++i) bounds[i] = ((uint64_t{129} << (i + 3)) - 1) / 1000;
    return bounds;
  }();

  // Almost every request takes some microseconds: a look into 64 bytes, no more.
  void note(uint64_t us) { ++counts_[us < kQuick.size() ? kQuick[us] : bucket_of(us)]; }
  const std::array<uint64_t, kBuckets>& counts() const { return counts_; }
  uint64_t calls() const;
  uint64_t percentile_us(double percent) const;  // the bound of the bucket that it falls into

 private:
  static constexpr size_t bucket_of(uint64_t us) {
    size_t at = std::bit_width(us);
    if (at > 0 && us <= kBounds[at < kBuckets ? at - 1 : kBuckets - 1]) --at;
    return at < kBuckets ? at : kBuckets - 1;
  }
  static constexpr std::array<uint8_t, 64> kQuick = [] {
    std::array<uint8_t, 64> buckets{};
    for (size_t us = 0; us < buckets.size(); ++us) {
      while (us > kBounds[buckets[us]]) ++buckets[us];
    }
    return buckets;
  }();

  std::array<uint64_t, kBuckets> counts_{};
};

class LatencyEvents {
 public:
  struct Sample {
    int64_t at_s;  // wall
    int64_t ms;
  };
  struct Event {
    std::deque<Sample> samples;  // the oldest first
    int64_t max_ms = 0;          // of all that there were
  };
  using Events = std::map<Bytes, Event, std::less<>>;

  void note(View name, int64_t at_s, int64_t ms);
  const Events& all() const { return events_; }
  const Event* find(View name) const;
  bool reset(View name) { return events_.erase(Bytes(name)) > 0; }
  size_t reset();

 private:
  static constexpr size_t kSamplesMax = 160;
  Events events_;
};

}  // namespace leat
