// SPDX-License-Identifier: Apache-2.0
// event_classes.h: which keyspace events are published, as notify-keyspace-events says it: a letter a class.
//
// Used by: the configuration, and Notifications.
// Always:  - text() is what Redis makes of the letters: "A" for all classes that A stands for, K, E, m behind them;
//          - what was read can be set again.
// Source:  https://redis.io/docs/latest/develop/use/keyspace-notifications/
#pragma once

#include <cstdint>
#include <optional>

#include "schemas/bytes.h"

namespace leat {

enum class EventClass : uint16_t {
  kNone = 0,
  kGeneric = 1 << 0,     // g: DEL, EXPIRE, RENAME …
  kString = 1 << 1,      // $
  kList = 1 << 2,        // l
  kSet = 1 << 3,         // s
  kHash = 1 << 4,        // h
  kSortedSet = 1 << 5,   // z
  kExpired = 1 << 6,     // x
  kEvicted = 1 << 7,     // e
  kStream = 1 << 8,      // t
  kModule = 1 << 9,      // d: there are none here
  kNew = 1 << 10,        // n: a key that was not there
  kMiss = 1 << 11,       // m: a look at a key that is not there
  kByKey = 1 << 12,      // K: __keyspace@<db>__:<key>
  kByEvent = 1 << 13,    // E: __keyevent@<db>__:<event>
};

class EventClasses {
 public:
  static std::optional<EventClasses> parse(View letters);  // nullopt: one is of no class
  Bytes text() const;
  bool has(EventClass one) const { return (bits_ & static_cast<uint16_t>(one)) != 0; }
  // Without a channel nothing is said.
  bool any() const { return has(EventClass::kByKey) || has(EventClass::kByEvent); }

 private:
  uint16_t bits_ = 0;
};

}  // namespace leat
