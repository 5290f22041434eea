// SPDX-License-Identifier: Apache-2.0
// pubsub.cc: publish and subscribe. https://redis.io/docs/interact/pubsub/
#include "broker/commands/executor.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"
#include "broker/commands/publish.h"

namespace leat {

namespace {

using Change = bool (PubSub::*)(Client&, View);
struct Kind {
  View subscribe_word, unsubscribe_word;
  Change subscribe, unsubscribe;
  std::set<Bytes, std::less<>> Client::*own;
  bool shard;
};
constexpr Kind kChannel{"subscribe", "unsubscribe", &PubSub::subscribe, &PubSub::unsubscribe, &Client::channels, false};
constexpr Kind kPattern{"psubscribe", "punsubscribe", &PubSub::subscribe_pattern, &PubSub::unsubscribe_pattern,
                        &Client::patterns, false};
constexpr Kind kShard{"ssubscribe", "sunsubscribe", &PubSub::subscribe_shard, &PubSub::unsubscribe_shard,
                      &Client::shard_channels, true};

int64_t own_count(const Client& client, const Kind& kind) {
  return static_cast<int64_t>(kind.shard ? client.shard_channels.size() : client.subscriptions());
}

// Pushes, and so heard also where CLIENT REPLY says that no replies are.
void confirm(Context& ctx, View word, std::optional<View> channel, const Kind& kind) {
  const auto write = [&](ReplySink& sink) {
    sink.push(3);
    sink.bulk(word);
    if (channel) sink.bulk(*channel);
    else sink.null();
    sink.integer(own_count(ctx.client, kind));
  };
  if (ctx.client.reply_mode == ReplyMode::kOn || ctx.nested) return write(ctx.reply);
  ctx.rooms.executor.push(ctx.client, &ctx.client, ctx.seen(), write);
}

// SUBSCRIBE channel [channel ...]: one push for each channel is the whole answer
template <const Kind& kKind>
Outcome subscribe(Context& ctx, Args args) {
  for (const View channel : args.from(1)) {
    (ctx.rooms.pubsub.*kKind.subscribe)(ctx.client, channel);
    confirm(ctx, kKind.subscribe_word, channel, kKind);
  }
  return Replied();
}

// UNSUBSCRIBE [channel ...]: without channels, all of them
template <const Kind& kKind>
Outcome unsubscribe(Context& ctx, Args args) {
  std::vector<Bytes> channels(args.from(1).begin(), args.from(1).end());
  if (channels.empty()) channels.assign((ctx.client.*kKind.own).begin(), (ctx.client.*kKind.own).end());
  for (const Bytes& channel : channels) {
    (ctx.rooms.pubsub.*kKind.unsubscribe)(ctx.client, channel);
    confirm(ctx, kKind.unsubscribe_word, channel, kKind);
  }
  if (channels.empty()) confirm(ctx, kKind.unsubscribe_word, std::nullopt, kKind);
  return Replied();
}

// PUBLISH channel message  →  how many got it
Outcome publish_message(Context& ctx, Args args) {
  return ctx.reply.integer(publish(ctx.rooms, &ctx.client, ctx.seen(), args[1], args[2]));
}

// SPUBLISH shardchannel message
Outcome spublish(Context& ctx, Args args) {
  return ctx.reply.integer(publish_to_shard(ctx.rooms, &ctx.client, ctx.seen(), args[1], args[2]));
}

Outcome pubsub_container(Context& ctx, Args) { return arity_error(ctx.command); }

Outcome list_channels(Context& ctx, Args args, const PubSub::Channels& channels) {
  if (args.size() > 3) return subcommand_error(args);
  std::vector<View> names;
  for (const auto& [name, listeners] : channels) {
    if (args.size() == 2 || glob_match(args[2], name)) names.push_back(name);
  }
  ctx.reply.array(names.size());
  for (const View name : names) ctx.reply.bulk(name);
  return Replied();
}

Outcome count_listeners(Context& ctx, Args args, const PubSub::Channels& channels) {
  ctx.reply.array((args.size() - 2) * 2);  // flat in RESP3 too, as Redis
  for (const View name : args.from(2)) {
    const auto found = channels.find(name);
    ctx.reply.bulk(name);
    ctx.reply.integer(found == channels.end() ? 0 : static_cast<int64_t>(found->second.size()));
  }
  return Replied();
}

Outcome pubsub_channels(Context& ctx, Args args) { return list_channels(ctx, args, ctx.rooms.pubsub.channels()); }
Outcome pubsub_shardchannels(Context& ctx, Args args) { return list_channels(ctx, args, ctx.rooms.pubsub.shards()); }
Outcome pubsub_numsub(Context& ctx, Args args) { return count_listeners(ctx, args, ctx.rooms.pubsub.channels()); }
Outcome pubsub_shardnumsub(Context& ctx, Args args) { return count_listeners(ctx, args, ctx.rooms.pubsub.shards()); }
Outcome pubsub_numpat(Context& ctx, Args) {
  return ctx.reply.integer(static_cast<int64_t>(ctx.rooms.pubsub.patterns().size()));
}

constexpr uint32_t kListening = kWhileSubscribed | kNoScript | kLoading | kStale | kNoRest;
constexpr CommandRow kRows[] = {
    // name                  arity keys          traits                  handler
    {"PSUBSCRIBE",           -2,   Keys::none(), kListening,             subscribe<kPattern>},
    {"PUBLISH",              3,    Keys::none(), kLoading | kStale | kFast | kMayWrite, publish_message},
    {"PUBSUB",               -2,   Keys::none(), kContainer, pubsub_container},
    {"PUBSUB|CHANNELS",      -2,   Keys::none(), kLoading | kStale,      pubsub_channels},
    {"PUBSUB|HELP",          2,    Keys::none(), kLoading | kStale,      subcommand_help},
    {"PUBSUB|NUMPAT",        2,    Keys::none(), kLoading | kStale,      pubsub_numpat},
    {"PUBSUB|NUMSUB",        -2,   Keys::none(), kLoading | kStale,      pubsub_numsub},
    {"PUBSUB|SHARDCHANNELS", -2,   Keys::none(), kLoading | kStale,      pubsub_shardchannels},
    {"PUBSUB|SHARDNUMSUB",   -2,   Keys::none(), kLoading | kStale,      pubsub_shardnumsub},
    {"PUNSUBSCRIBE",         -1,   Keys::none(), kListening,             unsubscribe<kPattern>},
    {"SPUBLISH",             3,    Keys::shards(1, 1), kLoading | kStale | kFast | kMayWrite, spublish},
    {"SSUBSCRIBE",           -2,   Keys::shards(1, -1), kListening,      subscribe<kShard>},
    {"SUBSCRIBE",            -2,   Keys::none(), kListening,             subscribe<kChannel>},
    {"SUNSUBSCRIBE",         -1,   Keys::shards(1, -1), kListening,      unsubscribe<kShard>},
    {"UNSUBSCRIBE",          -1,   Keys::none(), kListening,             unsubscribe<kChannel>},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kPubSubFamily{"pubsub", kRows};

}  // namespace leat
