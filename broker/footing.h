// SPDX-License-Identifier: Apache-2.0
// footing.h: what a command's reply rests on so far: the last record that touched anything it saw, and how durable the
// strictest of the keys it saw wants that record to be.
//
// Used by: Context, which raises it with every look-up and every effect; the executor, which seals the reply with it.
// Always:  - it only rises: a command over keys of several classes waits, for all of them, as the strictest says.
// Source:  DESIGN.md section 1, rule 1.
#pragma once

#include "broker/config/config.h"
#include "broker/protocol/stamp.h"

namespace leat {

struct Footing {
  Index index = 0;
  DurabilityMode level = DurabilityMode::kNever;

  void rest_on(Index at) { index = std::max(index, at); }
  void at_least(DurabilityMode wanted) { level = stricter(level, wanted); }
  void join(const Footing& other) {
    rest_on(other.index);
    at_least(other.level);
  }
  Stamp stamp() const {
    if (level == DurabilityMode::kAlways) return {.synced = index};
    if (level == DurabilityMode::kInterval) return {.written = index};
    return {};
  }
};

}  // namespace leat
