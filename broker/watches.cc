// SPDX-License-Identifier: Apache-2.0
#include "broker/watches.h"

#include <algorithm>

namespace leat {

void Watches::watch(Ticket client, DbIndex db, View key, bool was_due) {
  const Watched watched{db, Bytes(key), was_due};
  if (!by_key_[watched].insert(client).second) return;
  by_client_[client].keys.push_back(watched);
}

void Watches::touch(DbIndex db, View key) {
  const auto found = by_key_.find({db, Bytes(key)});
  if (found == by_key_.end()) return;
  for (const Ticket client : found->second) by_client_[client].broken = true;
}

void Watches::touch_database(DbIndex db) {
  for (auto at = by_key_.lower_bound({db, Bytes()}); at != by_key_.end() && at->first.db == db; ++at) {
    for (const Ticket client : at->second) by_client_[client].broken = true;
  }
}

bool Watches::broken(Ticket client) const {
  const auto found = by_client_.find(client);
  return found != by_client_.end() && found->second.broken;
}

const std::vector<Watches::Watched>& Watches::of(Ticket client) const {
  static const std::vector<Watched> kNone;
  const auto found = by_client_.find(client);
  return found == by_client_.end() ? kNone : found->second.keys;
}

void Watches::forget(Ticket client) {
  const auto found = by_client_.find(client);
  if (found == by_client_.end()) return;
  for (const Watched& watched : found->second.keys) {
    const auto key = by_key_.find(watched);
    key->second.erase(client);
    if (key->second.empty()) by_key_.erase(key);
  }
  by_client_.erase(found);
}

}  // namespace leat
