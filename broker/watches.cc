// SPDX-License-Identifier: Apache-2.0
#include "broker/watches.h"

namespace leat {

void Watches::watch(Ticket client, Watched watched) {
  if (!by_key_[{watched.db, watched.key}].emplace(client, Concern{watched.there, watched.readers}).second) return;
  Client& one = by_client_[client];
  one.key_bytes += watched.key.size();
  one.keys.push_back(std::move(watched));
}

void Watches::touch(DbIndex db, View key) {
  const auto found = by_key_.find({db, Bytes(key)});
  if (found == by_key_.end()) return;
  for (const auto& [client, concern] : found->second) by_client_[client].broken = true;
}

void Watches::touch_readers(DbIndex db, View key) {
  const auto found = by_key_.find({db, Bytes(key)});
  if (found == by_key_.end()) return;
  for (const auto& [client, concern] : found->second) {
    if (concern.readers) by_client_[client].broken = true;
  }
}

void Watches::break_where_there(const Watchers& watchers) {
  for (const auto& [client, concern] : watchers) {
    if (concern.there) by_client_[client].broken = true;
  }
}

void Watches::expire(DbIndex db, View key) {
  const auto found = by_key_.find({db, Bytes(key)});
  if (found != by_key_.end()) break_where_there(found->second);
}

void Watches::replace(DbIndex db) {
  for (auto at = by_key_.lower_bound({db, Bytes()}); at != by_key_.end() && at->first.first == db; ++at) {
    break_where_there(at->second);
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

size_t Watches::bytes_of(Ticket client) const {
  const auto found = by_client_.find(client);
  if (found == by_client_.end()) return 0;
  return sizeof(Client) + found->second.keys.capacity() * sizeof(Watched) + found->second.key_bytes;
}

void Watches::forget(Ticket client) {
  const auto found = by_client_.find(client);
  if (found == by_client_.end()) return;
  for (const Watched& watched : found->second.keys) {
    const auto key = by_key_.find({watched.db, watched.key});
    key->second.erase(client);
    if (key->second.empty()) by_key_.erase(key);
  }
  by_client_.erase(found);
}

}  // namespace leat
