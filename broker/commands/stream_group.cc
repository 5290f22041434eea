// SPDX-License-Identifier: Apache-2.0
// stream_group.cc: consumer groups: who reads, who holds what. https://redis.io/docs/latest/commands/xgroup/
// consumers/README.md draws a message's life; XREADGROUP is in stream_read.cc.
#include <algorithm>

#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"
#include "broker/commands/stream_commands.h"
#include "broker/commands/stream_ids.h"
#include "consumers/group.h"

namespace leat {

using consumers::Consumer;
using consumers::Group;
using consumers::kEntriesReadUnknown;
using consumers::PendingEntry;

namespace {

struct Place {
  const Stream* stream = nullptr;
  const Group* group = nullptr;
};

// The stream and its group, each null when it is not there.
Result<Place> look_up(Context& ctx, View key, View name) {
  const auto found = ctx.find<Stream>(key);
  if (!found.ok()) return found.status();
  return Place{*found, *found == nullptr ? nullptr : (*found)->find_group(name)};
}

// The same where both must be there.
Result<Place> existing(Context& ctx, View key, View name) {
  const auto place = look_up(ctx, key, name);
  if (place.ok() && place->group == nullptr) {
    return Status::error("NOGROUP No such key '" + name_in_error(key) + "' or consumer group '" + name_in_error(name) +
                         "'");
  }
  return place;
}

// XGROUP.

// key and group are words 2 and 3 of every sub-command.
Result<Place> xgroup_place(Context& ctx, Args args) {
  const auto place = look_up(ctx, args[2], args[3]);
  if (place.ok() && place->stream == nullptr) {
    return Status::error(
        "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use "
        "the MKSTREAM option to create an empty stream automatically.");
  }
  return place;
}

Result<Place> xgroup_existing(Context& ctx, Args args) {
  const auto place = xgroup_place(ctx, args);
  if (place.ok() && place->group == nullptr) {
    return Status::error("NOGROUP No such consumer group '" + name_in_error(args[3]) + "' for key name '" +
                         name_in_error(args[2]) + "'");
  }
  return place;
}

struct GroupOptions {
  bool make_stream = false;
  int64_t entries_read = kEntriesReadUnknown;
};

Result<GroupOptions> parse_group_options(Args args, bool creates) {
  GroupOptions options;
  for (size_t i = 5; i < args.size(); ++i) {
    if (creates && same_word(args[i], "MKSTREAM")) {
      options.make_stream = true;
    } else if (same_word(args[i], "ENTRIESREAD") && i + 1 < args.size()) {
      const auto read = integer_of(args[++i]);
      if (!read.ok()) return read.status();
      if (*read < 0 && *read != kEntriesReadUnknown) {
        return Status::error("ERR value for ENTRIESREAD must be positive or -1");
      }
      options.entries_read = *read;
    } else {
      return subcommand_syntax_error(args);
    }
  }
  return options;
}

// XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD entries-read]
Outcome xgroup_create(Context& ctx, Args args) {
  const auto options = parse_group_options(args, true);
  if (!options.ok()) return options.status();
  const auto place = options->make_stream ? look_up(ctx, args[2], args[3]) : xgroup_place(ctx, args);
  if (!place.ok()) return place.status();
  constexpr size_t kWordsMax = 8;
  if (args.size() > kWordsMax) return subcommand_syntax_error(args);
  StreamId start;
  if (args[4] != "$") {
    const auto id = stream_id_of(args[4]);
    if (!id.ok()) return id.status();
    start = *id;
  } else if (place->stream != nullptr) {
    start = place->stream->last_id();
  }
  if (place->group != nullptr) return Status::error("BUSYGROUP Consumer Group name already exists");
  if (place->stream == nullptr) ctx.emit(StreamCreate{.key = args[2]});
  ctx.emit(
      GroupCreate{.key = args[2], .group = args[3], .last_delivered = start, .entries_read = options->entries_read});
  return ctx.reply.ok();
}

// XGROUP SETID key group id|$ [ENTRIESREAD entries-read]
Outcome xgroup_setid(Context& ctx, Args args) {
  const auto options = parse_group_options(args, false);
  if (!options.ok()) return options.status();
  const auto place = xgroup_existing(ctx, args);
  if (!place.ok()) return place.status();
  if (args.size() != 5 && args.size() != 7) return subcommand_syntax_error(args);
  StreamId last = place->stream->last_id();
  if (args[4] != "$") {
    const auto id = stream_id_or_edge_of(args[4]);
    if (!id.ok()) return id.status();
    last = *id;
  }
  ctx.emit(GroupSetId{.key = args[2], .group = args[3], .last_delivered = last, .entries_read = options->entries_read});
  return ctx.reply.ok();
}

// XGROUP DESTROY key group  →  1, or 0 when there is none
Outcome xgroup_destroy(Context& ctx, Args args) {
  const auto place = xgroup_place(ctx, args);
  if (!place.ok()) return place.status();
  const bool exists = place->group != nullptr;
  if (exists) ctx.emit(GroupDestroy{.key = args[2], .group = args[3]});
  return ctx.reply.integer(exists);
}

// XGROUP CREATECONSUMER key group consumer  →  1, or 0 when it is there already
Outcome xgroup_createconsumer(Context& ctx, Args args) {
  const auto place = xgroup_existing(ctx, args);
  if (!place.ok()) return place.status();
  const bool is_new = place->group->find_consumer(args[4]) == nullptr;
  if (is_new) ctx.emit(ConsumerCreate{.key = args[2], .group = args[3], .consumer = args[4], .at_ms = ctx.now_ms});
  return ctx.reply.integer(is_new);
}

// XGROUP DELCONSUMER key group consumer  →  how many entries were pending for it
Outcome xgroup_delconsumer(Context& ctx, Args args) {
  const auto place = xgroup_existing(ctx, args);
  if (!place.ok()) return place.status();
  const Consumer* const consumer = place->group->find_consumer(args[4]);
  if (consumer == nullptr) return ctx.reply.integer(0);
  const uint64_t pending = consumer->pending_count();
  ctx.emit(ConsumerDelete{.key = args[2], .group = args[3], .consumer = args[4]});
  return ctx.reply.integer(static_cast<int64_t>(pending));
}

Outcome xgroup(Context& ctx, Args) { return arity_error(ctx.command); }

// XACK key group id [id ...]  →  how many were pending
Outcome xack(Context& ctx, Args args) {
  const auto place = look_up(ctx, args[1], args[2]);
  if (!place.ok()) return place.status();
  if (place->group == nullptr) return ctx.reply.integer(0);
  auto ids = stream_ids_of(args.from(3));
  if (!ids.ok()) return ids.status();
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  std::erase_if(*ids, [&](StreamId id) { return place->group->pending().find(id) == nullptr; });
  if (!ids->empty()) ctx.emit(PendingAck{.key = args[1], .group = args[2], .ids = *ids});
  return ctx.reply.integer(static_cast<int64_t>(ids->size()));
}

// XPENDING.

struct PendingQuery {
  StreamId first, last;
  uint64_t count = 0;
  int64_t idle_min_ms = 0;
  std::optional<View> consumer;
};

Result<PendingQuery> parse_pending_query(Args args) {
  PendingQuery query;
  size_t at = 3;
  if (same_word(args[3], "IDLE")) {
    const auto idle = integer_of(args[4]);
    if (!idle.ok()) return idle.status();
    if (args.size() < 8) return kSyntaxError;
    query.idle_min_ms = *idle;
    at = 5;
  }
  const auto count = integer_of(args[at + 2]);
  if (!count.ok()) return count.status();
  query.count = static_cast<uint64_t>(std::max<int64_t>(*count, 0));
  const auto first = range_start_of(args[at]);
  if (!first.ok()) return first.status();
  const auto last = range_end_of(args[at + 1]);
  if (!last.ok()) return last.status();
  query.first = *first;
  query.last = *last;
  if (at + 3 < args.size()) query.consumer = args[at + 3];
  return query;
}

Replied reply_pending_summary(ReplySink& reply, const Group& group) {
  reply.array(4);
  reply.integer(static_cast<int64_t>(group.pending().size()));
  if (group.pending().empty()) {
    reply.null();
    reply.null();
    return reply.null_array();
  }
  reply_id(reply, group.pending().first_id());
  reply_id(reply, group.pending().last_id());
  const auto mark = reply.reserve_array();
  size_t holders = 0;
  for (const auto& [name, consumer] : group.consumers()) {
    if (consumer->pending_count() == 0) continue;
    reply.pair(name, integer_text(static_cast<int64_t>(consumer->pending_count())));
    ++holders;
  }
  reply.fill_array(mark, holders);
  return {};
}

void reply_pending(ReplySink& reply, const Group& group, const PendingEntry& entry, TimeMs now_ms) {
  reply.array(4);
  reply_id(reply, entry.id);
  reply.bulk(group.consumer_of(entry).name());
  reply.integer(std::max<TimeMs>(now_ms - entry.delivered_at_ms, 0));
  reply.integer(entry.delivery_count);
}

const PendingEntry& entry_at(const Group&, const PendingEntry& entry) { return entry; }
const PendingEntry& entry_at(const Group& group, StreamId id) { return *group.pending().find(id); }

// Walks the group's entries, or the ids of one consumer.
template <typename Ordered>
Replied reply_pending_range(ReplySink& reply, const Group& group, const Ordered& ordered, const PendingQuery& query,
                            TimeMs now_ms) {
  const auto mark = reply.reserve_array();
  uint64_t written = 0;
  for (auto at = ordered.from(query.first); at.valid() && written < query.count; at.next()) {
    const PendingEntry& entry = entry_at(group, *at);
    if (entry.id > query.last) break;
    if (query.idle_min_ms != 0 && now_ms - entry.delivered_at_ms < query.idle_min_ms) continue;
    reply_pending(reply, group, entry, now_ms);
    ++written;
  }
  reply.fill_array(mark, written);
  return {};
}

// XPENDING key group [[IDLE min-idle-time] start end count [consumer]]
Outcome xpending(Context& ctx, Args args) {
  const bool summary = args.size() == 3;
  if (!summary && (args.size() < 6 || args.size() > 9)) return kSyntaxError;
  PendingQuery query;
  if (!summary) {
    const auto parsed = parse_pending_query(args);
    if (!parsed.ok()) return parsed.status();
    query = *parsed;
  }
  const auto place = existing(ctx, args[1], args[2]);
  if (!place.ok()) return place.status();
  const Group& group = *place->group;
  if (summary) return reply_pending_summary(ctx.reply, group);
  if (!query.consumer) return reply_pending_range(ctx.reply, group, group.pending(), query, ctx.now_ms);
  const Consumer* const consumer = group.find_consumer(*query.consumer);
  if (consumer == nullptr) return ctx.reply.array(0);
  return reply_pending_range(ctx.reply, group, consumer->pending_ids(), query, ctx.now_ms);
}

// Claiming.

Result<int64_t> claim_number(View text, View what) {
  return integer_of(text, Status::error("ERR Invalid " + Bytes(what)));
}

// Asking makes a consumer known and seen.
void meet_consumer(Context& ctx, View key, View group, View name) {
  const Consumer* const consumer = existing(ctx, key, group)->group->find_consumer(name);
  if (consumer != nullptr)
    consumer->seen_time_ms = ctx.now_ms;
  else
    ctx.emit(ConsumerCreate{.key = key, .group = group, .consumer = name, .at_ms = ctx.now_ms});
}

// Reply to a claimed entry: [id, fields], or with JUSTID the id.
void reply_claimed(ReplySink& reply, const Stream::Cursor& entry, bool just_id, std::vector<View>& scratch) {
  if (just_id)
    reply_id(reply, entry.id());
  else
    reply_entry(reply, entry, scratch);
}

struct ClaimRequest {
  View key, group, consumer;
  int64_t idle_min_ms = 0;
  std::vector<StreamId> ids;
  TimeMs delivered_at_ms = 0;
  std::optional<uint64_t> deliveries;  // RETRYCOUNT
  StreamId last_id;
  bool force = false;
  bool just_id = false;
};

Status parse_claim_options(Args args, size_t at, TimeMs now_ms, ClaimRequest& request) {
  request.delivered_at_ms = now_ms;
  const auto set_time = [&](int64_t at_ms) {
    request.delivered_at_ms = at_ms < 0 || at_ms > now_ms ? now_ms : at_ms;  // nothing was delivered in the future
  };
  for (; at < args.size(); ++at) {
    const bool more = at + 1 < args.size();
    if (same_word(args[at], "FORCE")) {
      request.force = true;
    } else if (same_word(args[at], "JUSTID")) {
      request.just_id = true;
    } else if (same_word(args[at], "IDLE") && more) {
      const auto idle_ms = claim_number(args[++at], "IDLE option argument for XCLAIM");
      if (!idle_ms.ok()) return idle_ms.status();
      set_time(*idle_ms < 0 ? now_ms : now_ms - *idle_ms);
    } else if (same_word(args[at], "TIME") && more) {
      const auto time_ms = claim_number(args[++at], "TIME option argument for XCLAIM");
      if (!time_ms.ok()) return time_ms.status();
      set_time(*time_ms);
    } else if (same_word(args[at], "RETRYCOUNT") && more) {
      const auto count = claim_number(args[++at], "RETRYCOUNT option argument for XCLAIM");
      if (!count.ok()) return count.status();
      request.deliveries.reset();
      if (*count >= 0) request.deliveries = static_cast<uint64_t>(*count);
    } else if (same_word(args[at], "LASTID") && more) {
      const auto id = stream_id_of(args[++at]);
      if (!id.ok()) return id.status();
      request.last_id = *id;
    } else {
      return Status::error("ERR Unrecognized XCLAIM option '" + Bytes(args[at]) + "'");
    }
  }
  return Status::fine();
}

Result<ClaimRequest> parse_claim(Args args, TimeMs now_ms) {
  ClaimRequest request{.key = args[1], .group = args[2], .consumer = args[3]};
  const auto idle_ms = claim_number(args[4], "min-idle-time argument for XCLAIM");
  if (!idle_ms.ok()) return idle_ms.status();
  request.idle_min_ms = std::max<int64_t>(*idle_ms, 0);
  size_t at = 5;
  for (; at < args.size(); ++at) {  // ids up to the first word that is none
    const auto id = stream_id_of(args[at]);
    if (!id.ok()) break;
    request.ids.push_back(*id);
  }
  if (const Status wrong = parse_claim_options(args, at, now_ms, request); !wrong.ok()) return wrong;
  return request;
}

// Claims one id, if it may be; true when it was answered. Looked up anew for each id: the one before changed the group,
// and the same id may be named twice.
bool claim_one(Context& ctx, const ClaimRequest& request, StreamId id, std::vector<View>& scratch) {
  const Place place = *existing(ctx, request.key, request.group);
  const PendingEntry* const held = place.group->pending().find(id);
  const Stream::Cursor entry = place.stream->find(id);
  if (!entry.valid()) {  // nobody can work on what is gone
    const StreamId ids[] = {id};
    if (held != nullptr) ctx.emit(PendingAck{.key = request.key, .group = request.group, .ids = ids});
    return false;
  }
  if (held == nullptr && !request.force) return false;
  if (held != nullptr && ctx.now_ms - held->delivered_at_ms < request.idle_min_ms) return false;
  const uint64_t before = held != nullptr ? held->delivery_count : 1;  // FORCE: as if it had been delivered
  const uint64_t deliveries = request.deliveries.value_or(before + (request.just_id ? 0 : 1));
  reply_claimed(ctx.reply, entry, request.just_id, scratch);
  place.group->find_consumer(request.consumer)->active_time_ms = ctx.now_ms;
  ctx.emit(PendingClaim{.key = request.key,
                        .group = request.group,
                        .consumer = request.consumer,
                        .id = id,
                        .delivered_at_ms = request.delivered_at_ms,
                        .deliveries = deliveries});
  return true;
}

// XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-ms] [RETRYCOUNT count] [FORCE] [JUSTID]
//   [LASTID id]  →  the claimed entries
Outcome xclaim(Context& ctx, Args args) {
  const auto place = existing(ctx, args[1], args[2]);
  if (!place.ok()) return place.status();
  const auto request = parse_claim(args, ctx.now_ms);
  if (!request.ok()) return request.status();
  if (request->last_id > place->group->last_delivered()) {
    ctx.emit(GroupSetId{.key = request->key,
                        .group = request->group,
                        .last_delivered = request->last_id,
                        .entries_read = place->group->entries_read()});
  }
  meet_consumer(ctx, request->key, request->group, request->consumer);
  std::vector<View> scratch;
  const auto mark = ctx.reply.reserve_array();
  size_t claimed = 0;
  for (const StreamId id : request->ids) claimed += claim_one(ctx, *request, id, scratch);
  ctx.reply.fill_array(mark, claimed);
  return Replied();
}

// XAUTOCLAIM.

struct AutoClaimRequest {
  int64_t idle_min_ms = 0;
  StreamId start;
  uint64_t count = 100;
  bool just_id = false;
};

Result<AutoClaimRequest> parse_auto_claim(Args args) {
  AutoClaimRequest request;
  const auto idle_ms = claim_number(args[4], "min-idle-time argument for XAUTOCLAIM");
  if (!idle_ms.ok()) return idle_ms.status();
  request.idle_min_ms = std::max<int64_t>(*idle_ms, 0);
  const auto start = range_start_of(args[5]);
  if (!start.ok()) return start.status();
  request.start = *start;
  for (size_t i = 6; i < args.size(); ++i) {
    if (same_word(args[i], "COUNT") && i + 1 < args.size()) {
      constexpr int64_t kCountMax = INT64_MAX / 16;
      const auto count = parse_integer(args[++i]);
      if (!count || *count < 1 || *count > kCountMax) return Status::error("ERR COUNT must be > 0");
      request.count = static_cast<uint64_t>(*count);
    } else if (same_word(args[i], "JUSTID")) {
      request.just_id = true;
    } else {
      return kSyntaxError;
    }
  }
  return request;
}

// What a scan of the pending entries came to.
struct AutoClaimed {
  StreamId next;                                       // where to go on; 0-0 at the end
  std::vector<std::pair<StreamId, uint64_t>> claimed;  // and their delivery count from now on
  std::vector<StreamId> gone;                          // their entries were deleted
};

// Looks at ten times as many entries as are wanted at most, so that a scan over busy ones ends too.
AutoClaimed scan_pending(const Place& place, const AutoClaimRequest& request, TimeMs now_ms) {
  constexpr uint64_t kLooksPerClaim = 10;
  AutoClaimed result;
  uint64_t looks = request.count * kLooksPerClaim;
  auto at = place.group->pending().from(request.start);
  for (; at.valid() && looks > 0 && result.claimed.size() + result.gone.size() < request.count; at.next(), --looks) {
    if (!place.stream->contains(at->id)) {
      result.gone.push_back(at->id);
    } else if (now_ms - at->delivered_at_ms >= request.idle_min_ms) {
      result.claimed.emplace_back(at->id, uint64_t{at->delivery_count} + (request.just_id ? 0 : 1));
    }
  }
  if (at.valid()) result.next = at->id;
  return result;
}

Replied reply_auto_claimed(ReplySink& reply, const Stream& stream, const AutoClaimed& result, bool just_id) {
  std::vector<View> scratch;
  reply.array(3);
  reply_id(reply, result.next);
  reply.array(result.claimed.size());
  for (const auto& [id, deliveries] : result.claimed) reply_claimed(reply, stream.find(id), just_id, scratch);
  reply.array(result.gone.size());
  for (const StreamId id : result.gone) reply_id(reply, id);
  return {};
}

// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]  →  [next id, [entry ...], [deleted id ...]]
Outcome xautoclaim(Context& ctx, Args args) {
  const auto request = parse_auto_claim(args);
  if (!request.ok()) return request.status();
  const View key = args[1], group = args[2], consumer = args[3];
  const auto place = existing(ctx, key, group);
  if (!place.ok()) return place.status();
  const AutoClaimed result = scan_pending(*place, *request, ctx.now_ms);
  const Replied answered = reply_auto_claimed(ctx.reply, *place->stream, result, request->just_id);

  meet_consumer(ctx, key, group, consumer);
  if (!result.gone.empty()) ctx.emit(PendingAck{.key = key, .group = group, .ids = result.gone});
  for (const auto& [id, deliveries] : result.claimed) {
    ctx.emit(PendingClaim{.key = key,
                          .group = group,
                          .consumer = consumer,
                          .id = id,
                          .delivered_at_ms = ctx.now_ms,
                          .deliveries = deliveries});
  }
  if (!result.claimed.empty()) existing(ctx, key, group)->group->find_consumer(consumer)->active_time_ms = ctx.now_ms;
  return answered;
}

constexpr uint32_t kReads = kWrite | kLooks | kBlocks | kMovableKeys;
constexpr CommandRow kRows[] = {
    // name                  arity keys             traits                             handler
    {"XACK",                  -4,  Keys::at(1),     kWrite | kLooks | kFast,           xack},
    {"XACKDEL",               -6,  Keys::at(1),     kWrite | kFast,                    xackdel},
    {"XAUTOCLAIM",            -6,  Keys::at(1),     kWrite | kFast,                    xautoclaim},
    {"XCLAIM",                -6,  Keys::at(1),     kWrite | kLooks | kFast,           xclaim},
    {"XGROUP",                -2,  Keys::none(),    kContainer,                        xgroup},
    {"XGROUP|CREATE",         -5,  Keys::at(2),     kWrite | kDenyOom,                 xgroup_create},
    {"XGROUP|CREATECONSUMER", 5,   Keys::at(2),     kWrite | kDenyOom,                 xgroup_createconsumer},
    {"XGROUP|DELCONSUMER",    5,   Keys::at(2),     kWrite,                            xgroup_delconsumer},
    {"XGROUP|DESTROY",        4,   Keys::at(2),     kWrite,                            xgroup_destroy},
    {"XGROUP|HELP",           2,   Keys::none(),    kLoading | kStale,                 subcommand_help},
    {"XGROUP|SETID",          -5,  Keys::at(2),     kWrite,                            xgroup_setid},
    {"XPENDING",              -3,  Keys::at(1),     kReadOnly,                         xpending},
    {"XREADGROUP",            -7,  Keys::streams(), kReads,                            xreadgroup},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kStreamGroupFamily{"stream", kRows};

}  // namespace leat
