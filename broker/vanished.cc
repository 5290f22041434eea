// SPDX-License-Identifier: Apache-2.0
#include "broker/vanished.h"

#include <utility>

namespace leat {

namespace {
constexpr TimeMs kQuietMs = 1000;  // between two lines
}

void Vanished::count(View key, Cause cause) {
  ClassStats& stats = stats_.by_class[classes_.of(key)];
  ++(cause == Cause::kExpired ? stats.expired : stats.evicted);
}

void Vanished::tell(DbIndex db, View key, Type type, Cause cause, TimeMs now_ms) {
  ++stats_.vanished_queues;
  if (now_ms < next_ms_) return;
  next_ms_ = now_ms + kQuietMs;
  const uint64_t went = stats_.vanished_queues - std::exchange(told_, stats_.vanished_queues);
  events_.warning("queue_vanished", {{"db", db}, {"key", key}, {"type", name_of(type)},
                                     {"why", cause == Cause::kExpired ? "expired" : "evicted"}, {"since_last_line", went}});
}

}  // namespace leat
