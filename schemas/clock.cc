// SPDX-License-Identifier: Apache-2.0
#include "schemas/clock.h"

#include <chrono>
#include <thread>

namespace leat {

namespace {
template <typename Unit, typename Source>
int64_t since_epoch() {
  return std::chrono::duration_cast<Unit>(Source::now().time_since_epoch()).count();
}
}  // namespace

TimeMs SystemClock::wall_ms() { return since_epoch<std::chrono::milliseconds, std::chrono::system_clock>(); }
int64_t SystemClock::wall_us() { return since_epoch<std::chrono::microseconds, std::chrono::system_clock>(); }
int64_t SystemClock::monotonic_us() { return since_epoch<std::chrono::microseconds, std::chrono::steady_clock>(); }
void SystemClock::hold_us(int64_t us) { std::this_thread::sleep_for(std::chrono::microseconds(us)); }

}  // namespace leat
