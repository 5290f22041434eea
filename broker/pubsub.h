// SPDX-License-Identifier: Apache-2.0
// pubsub.h: who listens to which channel.
//
// Used by: the pubsub family, which writes the messages; a closed client costs one forget().
// Always:  - mirrors the sets that each Client keeps: subscribe and unsubscribe change both.
// Source:  https://redis.io/docs/interact/pubsub/
#pragma once

#include <map>
#include <set>
#include <vector>

#include "broker/client.h"

namespace leat {

class PubSub {
 public:
  using Listeners = std::set<Ticket>;
  using Channels = std::map<Bytes, Listeners, std::less<>>;

  // True when it was not subscribed yet.
  bool subscribe(Client& client, View channel) { return add(channels_, client, client.channels, channel); }
  bool subscribe_pattern(Client& client, View pattern) { return add(patterns_, client, client.patterns, pattern); }
  bool subscribe_shard(Client& client, View channel) { return add(shards_, client, client.shard_channels, channel); }
  bool unsubscribe(Client& client, View channel) { return remove(channels_, client, client.channels, channel); }
  bool unsubscribe_pattern(Client& client, View pattern) { return remove(patterns_, client, client.patterns, pattern); }
  bool unsubscribe_shard(Client& client, View channel) {
    return remove(shards_, client, client.shard_channels, channel);
  }

  const Channels& channels() const { return channels_; }
  const Channels& patterns() const { return patterns_; }
  const Channels& shards() const { return shards_; }
  size_t clients() const { return clients_; }  // that listen to something

  void forget(Client& client);

 private:
  using Own = std::set<Bytes, std::less<>>;
  bool add(Channels& all, Client& client, Own& own, View name);
  bool remove(Channels& all, Client& client, Own& own, View name);
  Channels channels_, patterns_, shards_;
  size_t clients_ = 0;
};

}  // namespace leat
