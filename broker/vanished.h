// SPDX-License-Identifier: Apache-2.0
// vanished.h: counts the keys that went by themselves, by class, and of lists, sorted sets and streams says so: a queue
// that vanishes is seldom meant.
//
// Used by: the purge of due keys, the look-ups that find one, eviction.
// Always:  - one line of log a second at the most of those that were evicted, and one a minute of those that expired
//            (many are meant to: sliding windows, presence), with how many went by that cause since the one before.
#pragma once

#include "broker/classes.h"
#include "broker/keyspace/value.h"
#include "broker/stats.h"
#include "schemas/log.h"

namespace leat {

enum class Cause : uint8_t { kExpired, kEvicted };

class Vanished {
 public:
  // All must outlive this.
  Vanished(const Classes& classes, Stats& stats, Events& events) : classes_(classes), stats_(stats), events_(events) {}

  void note(DbIndex db, View key, Type type, Cause cause, TimeMs now_ms) {
    if (classes_.any()) count(key, cause);
    if (type == Type::kList || type == Type::kSortedSet || type == Type::kStream) tell(db, key, type, cause, now_ms);
  }

  // A reply of this tick rests on a key being due: the purge makes a record of it, also while due keys are left alone.
  bool due_met = false;

 private:
  void count(View key, Cause cause);
  void tell(DbIndex db, View key, Type type, Cause cause, TimeMs now_ms);

  const Classes& classes_;
  Stats& stats_;
  Events& events_;
  struct Line {
    TimeMs next_ms = 0;
    uint64_t untold = 0;
  };
  Line expired_, evicted_;
};

}  // namespace leat
