// SPDX-License-Identifier: Apache-2.0
#include "consumers/waiters.h"

#include <algorithm>
#include <set>

namespace leat::consumers {

size_t Waiters::keys_of_stayers() const {
  std::set<Key> keys;
  for (const auto& [ticket, place] : places_) {
    if (place.stays_when_gone) keys.insert(place.keys.begin(), place.keys.end());
  }
  return keys.size();
}

void Waiters::park(Ticket ticket, DbIndex db, std::span<const Bytes> keys, bool stays_when_gone) {
  Place& place = places_[ticket];
  place.arrival = ++last_arrival_;
  place.stays_when_gone = stays_when_gone;
  stayers_ += stays_when_gone;
  for (const Bytes& name : keys) {
    const Key key{db, name};
    if (queues_[key].emplace(place.arrival, ticket).second) place.keys.push_back(key);  // a key named twice waits once
  }
}

void Waiters::forget(Ticket ticket) {
  const auto place = places_.find(ticket);
  if (place == places_.end()) return;
  for (const Key& key : place->second.keys) {
    const auto queue = queues_.find(key);
    queue->second.erase(place->second.arrival);
    if (queue->second.empty()) queues_.erase(queue);
  }
  stayers_ -= place->second.stays_when_gone;
  places_.erase(place);
}

void Waiters::touch(DbIndex db, View name) {
  Key key{db, Bytes(name)};
  if (!queues_.contains(key)) return;
  if (std::find(touched_.begin(), touched_.end(), key) == touched_.end()) touched_.push_back(std::move(key));
}

void Waiters::touch_database(DbIndex db) {
  std::vector<Bytes> names;
  for (const auto& [key, queue] : queues_) {
    if (key.db == db) names.push_back(key.name);
  }
  std::sort(names.begin(), names.end());  // an order of our own: the map's would differ from run to run
  for (const Bytes& name : names) touch(db, name);
}

std::optional<Waiters::Key> Waiters::next_touched() {
  if (touched_.empty()) return std::nullopt;
  Key key = std::move(touched_.front());
  touched_.pop_front();
  return key;
}

std::optional<Waiters::Waiter> Waiters::next_waiter(const Key& key, uint64_t after) const {
  const auto queue = queues_.find(key);
  if (queue == queues_.end()) return std::nullopt;
  const auto waiter = queue->second.upper_bound(after);
  if (waiter == queue->second.end()) return std::nullopt;
  return Waiter{waiter->first, waiter->second};
}

}  // namespace leat::consumers
