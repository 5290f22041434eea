// SPDX-License-Identifier: Apache-2.0
#include "broker/vanished.h"

#include <utility>

namespace leat {

namespace {
// Between two lines.
constexpr TimeMs kQuietEvictedMs = 1000;
constexpr TimeMs kQuietExpiredMs = 60'000;
}  // namespace

void Vanished::count(View key, Cause cause) {
  ClassStats& stats = stats_.by_class[classes_.of(key)];
  ++(cause == Cause::kExpired ? stats.expired : stats.evicted);
}

void Vanished::tell(DbIndex db, View key, Type type, Cause cause, TimeMs now_ms) {
  ++stats_.vanished_queues;
  const bool expired = cause == Cause::kExpired;
  Line& line = expired ? expired_ : evicted_;
  ++line.untold;
  if (now_ms < line.next_ms) return;
  line.next_ms = now_ms + (expired ? kQuietExpiredMs : kQuietEvictedMs);
  events_.warning("queue_vanished", {{"db", db},
                                     {"key", key},
                                     {"type", name_of(type)},
                                     {"why", expired ? "expired" : "evicted"},
                                     {"since_last_line", std::exchange(line.untold, 0)}});
}

}  // namespace leat
