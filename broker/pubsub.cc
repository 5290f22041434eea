// SPDX-License-Identifier: Apache-2.0
#include "broker/pubsub.h"

namespace leat {

namespace {
bool listens(const Client& client) { return client.subscriptions() + client.shard_channels.size() > 0; }
}  // namespace

bool PubSub::add(Channels& all, Client& client, Own& own, View name) {
  const bool listened = listens(client);
  if (!own.emplace(name).second) return false;
  client.names_bytes += Client::name_bytes(name);
  all[Bytes(name)].insert(client.id);
  clients_ += !listened;
  return true;
}

bool PubSub::remove(Channels& all, Client& client, Own& own, View name) {
  const auto mine = own.find(name);
  if (mine == own.end()) return false;
  const auto channel = all.find(name);
  channel->second.erase(client.id);
  if (channel->second.empty()) all.erase(channel);
  client.names_bytes -= Client::name_bytes(name);
  own.erase(mine);
  clients_ -= !listens(client);
  return true;
}

void PubSub::forget(Client& client) {
  while (!client.channels.empty()) unsubscribe(client, Bytes(*client.channels.begin()));
  while (!client.patterns.empty()) unsubscribe_pattern(client, Bytes(*client.patterns.begin()));
  while (!client.shard_channels.empty()) unsubscribe_shard(client, Bytes(*client.shard_channels.begin()));
}

}  // namespace leat
