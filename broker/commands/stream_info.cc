// SPDX-License-Identifier: Apache-2.0
// stream_info.cc: XINFO. https://redis.io/docs/latest/commands/xinfo-stream/
#include "broker/commands/parse.h"
#include "broker/commands/rest_manners.h"
#include "broker/commands/stream_commands.h"
#include "broker/commands/stream_ids.h"
#include "broker/keyspace/stream_progress.h"

namespace leat {

using consumers::Consumer;
using consumers::Group;
using consumers::Producers;

namespace {

// An id, a text, a number: a name and its value.
void field(ReplySink& reply, View name, StreamId id) {
  reply.bulk(name);
  reply_id(reply, id);
}
void field(ReplySink& reply, View name, View text) {
  reply.bulk(name);
  reply.bulk(text);
}
void field(ReplySink& reply, View name, uint64_t value) {
  reply.bulk(name);
  reply.integer(static_cast<int64_t>(value));
}
void field(ReplySink& reply, View name, std::optional<int64_t> value) {
  reply.bulk(name);
  if (value)
    reply.integer(*value);
  else
    reply.null();
}

std::optional<int64_t> entries_read_of(const Group& group) {
  if (group.entries_read() == consumers::kEntriesReadUnknown) return std::nullopt;
  return group.entries_read();
}

int64_t elapsed_ms(TimeMs since_ms, TimeMs now_ms) { return std::max<TimeMs>(now_ms - since_ms, 0); }

// The stream, or why not: XINFO has no use for a missing key.
Result<const Stream*> existing_stream(Context& ctx, View key) {
  const auto found = ctx.find<Stream>(key);
  if (found.ok() && *found == nullptr) return kNoSuchKey;
  return found;
}

void reply_entry_or_null(ReplySink& reply, View name, const Stream::Cursor& at) {
  std::vector<View> scratch;
  reply.bulk(name);
  if (at.valid())
    reply_entry(reply, at, scratch);
  else
    reply.null();
}

void reply_group_pending(ReplySink& reply, const Group& group, uint64_t count) {
  reply.bulk("pending");
  reply.array(std::min(group.pending().size(), count));
  auto at = group.pending().begin();
  for (uint64_t i = 0; at.valid() && i < count; at.next(), ++i) {
    reply.array(4);
    reply_id(reply, at->id);
    reply.bulk(group.consumer_of(*at).name());
    reply.integer(at->delivered_at_ms);
    reply.integer(at->delivery_count);
  }
}

void reply_consumer(ReplySink& reply, const Group& group, const Consumer& consumer, uint64_t count) {
  reply.map(5);
  field(reply, "name", View(consumer.name()));
  field(reply, "seen-time", std::optional(consumer.seen_time_ms));
  field(reply, "active-time", std::optional(consumer.active_time_ms));
  field(reply, "pel-count", consumer.pending_count());
  reply.bulk("pending");
  reply.array(std::min(consumer.pending_count(), count));
  auto at = consumer.pending_ids().begin();
  for (uint64_t i = 0; at.valid() && i < count; at.next(), ++i) {
    const consumers::PendingEntry& entry = *group.pending().find(*at);
    reply.array(3);
    reply_id(reply, entry.id);
    reply.integer(entry.delivered_at_ms);
    reply.integer(entry.delivery_count);
  }
}

void reply_group_in_full(ReplySink& reply, const Stream& stream, const Group& group, uint64_t count) {
  reply.map(7);
  field(reply, "name", View(group.name()));
  field(reply, "last-delivered-id", group.last_delivered());
  field(reply, "entries-read", entries_read_of(group));
  field(reply, "lag", lag_of(stream, group));
  field(reply, "pel-count", group.pending().size());
  reply_group_pending(reply, group, count);
  reply.bulk("consumers");
  reply.array(group.consumers().size());
  for (const auto& [name, consumer] : group.consumers()) reply_consumer(reply, group, *consumer, count);
}

// What both forms begin with. Chunks stand for the keys and nodes of Redis' radix tree; only a stream that was ever
// asked to remember its producers' ids tells of them.
size_t head_fields(const Stream& stream) { return stream.producers() == nullptr ? 7 : 13; }

void reply_stream_head(ReplySink& reply, const Stream& stream, TimeMs now_ms) {
  field(reply, "length", uint64_t{stream.size()});
  field(reply, "radix-tree-keys", uint64_t{stream.chunk_count()});
  field(reply, "radix-tree-nodes", uint64_t{stream.chunk_count() + 1});
  field(reply, "last-generated-id", stream.last_id());
  field(reply, "max-deleted-entry-id", stream.max_deleted_id());
  field(reply, "entries-added", stream.entries_added());
  field(reply, "recorded-first-entry-id", stream.first_id());
  const Producers* const producers = stream.producers();
  if (producers == nullptr) return;
  const Producers::Tracked tracked = producers->tracked(now_ms);
  field(reply, "idmp-duration", producers->duration_ms() / 1000);
  field(reply, "idmp-maxsize", producers->ids_max());
  field(reply, "pids-tracked", tracked.producers);
  field(reply, "iids-tracked", tracked.ids);
  field(reply, "iids-added", producers->added());
  field(reply, "iids-duplicates", producers->twice);
}

}  // namespace

// XINFO STREAM key [FULL [COUNT count]]
Outcome xinfo_stream(Context& ctx, Args args) {
  const auto found = existing_stream(ctx, args[2]);
  if (!found.ok()) return found.status();
  const Stream& stream = **found;
  if (args.size() == 3) {
    ctx.reply.map(head_fields(stream) + 3);
    reply_stream_head(ctx.reply, stream, ctx.now_ms);
    field(ctx.reply, "groups", uint64_t{stream.groups().size()});
    reply_entry_or_null(ctx.reply, "first-entry", stream.cursor({}));
    reply_entry_or_null(ctx.reply, "last-entry", stream.cursor_back(kStreamIdMax));
    return Replied();
  }

  constexpr uint64_t kDefaultCount = 10;
  uint64_t count = kDefaultCount;
  if ((args.size() != 4 && args.size() != 6) || !same_word(args[3], "FULL")) return subcommand_syntax_error(args);
  if (args.size() == 6) {
    if (!same_word(args[4], "COUNT")) return subcommand_syntax_error(args);
    const auto given = integer_of(args[5]);
    if (!given.ok()) return given.status();
    if (*given >= 0) count = *given == 0 ? UINT64_MAX : static_cast<uint64_t>(*given);
  }
  ctx.reply.map(head_fields(stream) + 2);
  reply_stream_head(ctx.reply, stream, ctx.now_ms);
  ctx.reply.bulk("entries");
  reply_entries(ctx.reply, stream.cursor({}), kStreamIdMax, count);
  ctx.reply.bulk("groups");
  ctx.reply.array(stream.groups().size());
  for (const auto& [name, group] : stream.groups()) reply_group_in_full(ctx.reply, stream, *group, count);
  return Replied();
}

// XINFO GROUPS key
Outcome xinfo_groups(Context& ctx, Args args) {
  const auto found = existing_stream(ctx, args[2]);
  if (!found.ok()) return found.status();
  ctx.reply.array((*found)->groups().size());
  for (const auto& [name, group] : (*found)->groups()) {
    ctx.reply.map(6);
    field(ctx.reply, "name", View(name));
    field(ctx.reply, "consumers", uint64_t{group->consumers().size()});
    field(ctx.reply, "pending", group->pending().size());
    field(ctx.reply, "last-delivered-id", group->last_delivered());
    field(ctx.reply, "entries-read", entries_read_of(*group));
    field(ctx.reply, "lag", lag_of(**found, *group));
  }
  return Replied();
}

// XINFO CONSUMERS key group
Outcome xinfo_consumers(Context& ctx, Args args) {
  const auto found = existing_stream(ctx, args[2]);
  if (!found.ok()) return found.status();
  const Group* const group = (*found)->find_group(args[3]);
  if (group == nullptr) {
    if (by_rest(ctx)) return ctx.reply.array(0);
    return Status::error("NOGROUP No such consumer group '" + name_in_error(args[3]) + "' for key name '" +
                         name_in_error(args[2]) + "'");
  }
  ctx.reply.array(group->consumers().size());
  for (const auto& [name, consumer] : group->consumers()) {
    const bool never_active = consumer->active_time_ms == -1;
    ctx.reply.map(4);
    field(ctx.reply, "name", View(name));
    field(ctx.reply, "pending", consumer->pending_count());
    field(ctx.reply, "idle", std::optional(elapsed_ms(consumer->seen_time_ms, ctx.now_ms)));
    field(ctx.reply, "inactive",
          std::optional(never_active ? int64_t{-1} : elapsed_ms(consumer->active_time_ms, ctx.now_ms)));
  }
  return Replied();
}

}  // namespace leat
