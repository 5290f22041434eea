// SPDX-License-Identifier: Apache-2.0
#include "broker/pubsub.h"

namespace leat {

bool PubSub::add(Channels& all, Own& own, Ticket id, View name) {
  if (!own.emplace(name).second) return false;
  all[Bytes(name)].insert(id);
  return true;
}

bool PubSub::remove(Channels& all, Own& own, Ticket id, View name) {
  const auto mine = own.find(name);
  if (mine == own.end()) return false;
  const auto channel = all.find(name);
  channel->second.erase(id);
  if (channel->second.empty()) all.erase(channel);
  own.erase(mine);
  return true;
}

void PubSub::forget(Client& client) {
  while (!client.channels.empty()) unsubscribe(client, Bytes(*client.channels.begin()));
  while (!client.patterns.empty()) unsubscribe_pattern(client, Bytes(*client.patterns.begin()));
  while (!client.shard_channels.empty()) unsubscribe_shard(client, Bytes(*client.shard_channels.begin()));
}

}  // namespace leat
