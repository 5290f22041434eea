// SPDX-License-Identifier: Apache-2.0
#include "broker/access/access_log.h"

#include <algorithm>

namespace leat::access {

void AccessLog::note(Refusal refusal, TimeMs now_ms, size_t entries_max) {
  refusal.first_ms = refusal.last_ms = now_ms;
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(std::min(kLooks, entries_.size()));
  const auto like = std::find_if(entries_.begin(), end, [&](const Refusal& old) {
    return old.reason == refusal.reason && old.context == refusal.context && old.object == refusal.object &&
           old.user == refusal.user && now_ms - old.last_ms <= kTogetherMs;
  });
  if (like != end) {
    refusal.count = like->count + 1;
    refusal.number = like->number;
    refusal.first_ms = like->first_ms;
    entries_.erase(like);
  } else {
    refusal.number = numbers_++;
  }
  entries_.push_front(std::move(refusal));
  while (entries_.size() > entries_max) entries_.pop_back();
}

}  // namespace leat::access
