// SPDX-License-Identifier: Apache-2.0
#include "broker/tracking.h"

#include <utility>

namespace leat {

void Tracking::end(Ticket client, const TrackingMode& mode) {
  if (--clients_ == 0) by_key_.clear(), items_ = 0;
  for (const Bytes& prefix : mode.prefixes) {
    const auto found = by_prefix_.find(prefix);
    if (found == by_prefix_.end()) continue;
    found->second.erase(client);
    if (found->second.empty()) by_prefix_.erase(found);
  }
}

void Tracking::remember(Ticket client, View key) {
  if (by_key_[Bytes(key)].insert(client).second) ++items_;
}

void Tracking::limit(size_t keys_max) {
  while (by_key_.size() > keys_max) forget(by_key_.begin(), given_up_);
}

void Tracking::touch(View key) {
  if (!by_prefix_.empty()) changed_.emplace(key);
  if (by_key_.empty()) return;
  if (const auto found = by_key_.find(key); found != by_key_.end()) forget(found, remembered_);
}

void Tracking::forget(ByKey::iterator key, Told& told) {
  for (const Ticket client : key->second) told.emplace_back(client, key->first);
  items_ -= key->second.size();
  by_key_.erase(key);
}

void Tracking::touch_everything() {
  everything_ = true;
  by_key_.clear();
  items_ = 0;
}

Tracking::Due Tracking::take() {
  Due due{.everything = std::exchange(everything_, false),
          .remembered = std::exchange(remembered_, {}),
          .given_up = std::exchange(given_up_, {}),
          .told = {}};
  for (const auto& [prefix, clients] : by_prefix_) {
    std::vector<Bytes> keys;
    for (auto key = changed_.lower_bound(prefix); key != changed_.end() && key->starts_with(prefix); ++key) {
      keys.push_back(*key);
    }
    if (keys.empty()) continue;
    for (const Ticket client : clients) due.told.emplace_back(client, keys);
  }
  changed_.clear();
  return due;
}

}  // namespace leat
