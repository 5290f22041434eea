// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/key_use.h"

#include <algorithm>

namespace leat {

uint8_t UseCount::count(uint32_t use, TimeMs now_ms) const {
  if (use == 0) return kFirst;
  const auto held = static_cast<uint8_t>(use & 0xff);
  if (decay_minutes == 0) return held;
  const int64_t elapsed = (minute(now_ms) - (use >> 8)) & 0xffffff;
  return static_cast<uint8_t>(held - std::min<int64_t>(held, elapsed / decay_minutes));
}

uint32_t UseCount::used(uint32_t use, TimeMs now_ms, uint64_t dice) const {
  uint8_t now = count(use, now_ms);
  const double over = now > kFirst ? now - kFirst : 0;
  const double chance = 1.0 / (over * static_cast<double>(factor) + 1);
  const double thrown = static_cast<double>(dice >> 11) * 0x1.0p-53;
  if (now < UINT8_MAX && thrown < chance) ++now;
  return minute(now_ms) << 8 | now;
}

}  // namespace leat
