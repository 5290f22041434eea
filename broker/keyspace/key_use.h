// SPDX-License-Identifier: Apache-2.0
// key_use.h: when a key was last used, or about how often: the u32 beside its row, which is in no chunk.
//
// Used by: the executor's look-ups, which mark a use; eviction and OBJECT, which read it.
// Always:  - which of the two it is follows from the eviction policy of the moment. After a change of policy the
//            numbers mean nothing until keys are used again, as in Redis;
//          - 0: not known (the key came with a snapshot or the log). It counts as used when the broker started.
// Source:  https://redis.io/docs/latest/develop/reference/eviction/ (the logarithmic counter and its decay)
#pragma once

#include <cstdint>

#include "schemas/ids.h"

namespace leat {

// Tenths of a second, wrapping after 13 years: finer than Redis' seconds, so that keys of one second have an order.
struct LastUse {
  static constexpr TimeMs kStepMs = 100;
  static uint32_t at(TimeMs now_ms) {
    const auto steps = static_cast<uint32_t>(now_ms / kStepMs);
    return steps == 0 ? 1 : steps;
  }
  static TimeMs idle_ms(uint32_t use, TimeMs now_ms) {
    const auto steps = static_cast<int32_t>(at(now_ms) - use);
    return steps < 0 ? 0 : steps * kStepMs;  // the wall was turned back
  }
};

// A counter that rises ever more slowly (about 10 requests for 10, 1 million for 255, with a factor of 10) and falls by
// one for each `decay_minutes` without a use; above it the minute of the last use.
struct UseCount {
  static constexpr uint8_t kFirst = 5;  // a new key has a chance to be used before it goes
  int64_t factor;
  int64_t decay_minutes;  // 0: it never falls

  uint32_t first(TimeMs now_ms) const { return minute(now_ms) << 8 | kFirst; }
  uint32_t told(uint8_t count, TimeMs now_ms) const { return minute(now_ms) << 8 | count; }
  uint8_t count(uint32_t use, TimeMs now_ms) const;
  uint32_t used(uint32_t use, TimeMs now_ms, uint64_t dice) const;

 private:
  static uint32_t minute(TimeMs now_ms) { return static_cast<uint32_t>(now_ms / 60000) & 0xffffff; }
};

}  // namespace leat
