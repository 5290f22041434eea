// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/publish.h"

#include "broker/commands/executor.h"
#include "broker/commands/parse.h"

namespace leat {

namespace {

struct Message {
  const Client* self;
  const Stamp& stamp;
  std::initializer_list<View> words;
};

void write(ReplySink& sink, const Message& message) {
  sink.push(message.words.size());
  for (const View word : message.words) sink.bulk(word);
}

int64_t deliver(Rooms& rooms, const PubSub::Listeners& listeners, const Message& message) {
  int64_t receivers = 0;
  for (const Ticket ticket : listeners) {
    Client* const listener = rooms.clients.find(ticket);
    if (listener == nullptr || listener->gone) continue;
    ++receivers;
    rooms.executor.push(*listener, message.self, message.stamp, [&](ReplySink& sink) { write(sink, message); });
  }
  return receivers;
}

}  // namespace

int64_t publish(Rooms& rooms, const Client* self, const Stamp& stamp, View channel, View message) {
  ++rooms.stats.messages;
  int64_t receivers = 0;
  const auto& channels = rooms.pubsub.channels();
  if (const auto found = channels.find(channel); found != channels.end()) {
    receivers += deliver(rooms, found->second, {self, stamp, {"message", channel, message}});
  }
  for (const auto& [pattern, listeners] : rooms.pubsub.patterns()) {
    if (!glob_match(pattern, channel)) continue;
    receivers += deliver(rooms, listeners, {self, stamp, {"pmessage", pattern, channel, message}});
  }
  return receivers;
}

int64_t publish_to_shard(Rooms& rooms, const Client* self, const Stamp& stamp, View channel, View message) {
  ++rooms.stats.messages;
  const auto& shards = rooms.pubsub.shards();
  const auto found = shards.find(channel);
  if (found == shards.end()) return 0;
  return deliver(rooms, found->second, {self, stamp, {"smessage", channel, message}});
}

}  // namespace leat
