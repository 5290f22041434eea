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
  bool subscribe(Client& client, View channel) { return add(channels_, client.channels, client.id, channel); }
  bool subscribe_pattern(Client& client, View pattern) { return add(patterns_, client.patterns, client.id, pattern); }
  bool subscribe_shard(Client& client, View channel) { return add(shards_, client.shard_channels, client.id, channel); }
  bool unsubscribe(Client& client, View channel) { return remove(channels_, client.channels, client.id, channel); }
  bool unsubscribe_pattern(Client& client, View pattern) { return remove(patterns_, client.patterns, client.id, pattern); }
  bool unsubscribe_shard(Client& client, View channel) { return remove(shards_, client.shard_channels, client.id, channel); }

  const Channels& channels() const { return channels_; }
  const Channels& patterns() const { return patterns_; }
  const Channels& shards() const { return shards_; }

  void forget(Client& client);

 private:
  using Own = std::set<Bytes, std::less<>>;
  static bool add(Channels& all, Own& own, Ticket id, View name);
  static bool remove(Channels& all, Own& own, Ticket id, View name);
  Channels channels_, patterns_, shards_;
};

}  // namespace leat
