// SPDX-License-Identifier: Apache-2.0
// clock.h: the two clocks of a machine, behind an interface so that tests own time.
//
// Used by: the broker, which makes broker time of the two (DESIGN.md section 2), and the log.
// Always:  - wall_ms may jump, monotonic_us never falls.
#pragma once

#include <cstdint>

#include "schemas/ids.h"

namespace leat {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeMs wall_ms() = 0;         // since the Unix epoch
  virtual int64_t wall_us() = 0;        // the same, finer: TIME asks for it
  virtual int64_t monotonic_us() = 0;   // since an arbitrary moment
  virtual void hold_us(int64_t) {}      // lets so much time pass, and does nothing: DEBUG SLEEP
};

class SystemClock final : public Clock {
 public:
  TimeMs wall_ms() override;
  int64_t wall_us() override;
  int64_t monotonic_us() override;
  void hold_us(int64_t us) override;
};

}  // namespace leat
