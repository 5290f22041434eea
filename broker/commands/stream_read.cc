// SPDX-License-Identifier: Apache-2.0
// stream_read.cc: XREAD and XREADGROUP. https://redis.io/docs/latest/commands/xreadgroup/
#include <algorithm>
#include <map>

#include "broker/commands/parse.h"
#include "broker/commands/rest_manners.h"
#include "broker/commands/stream_commands.h"
#include "broker/commands/stream_ids.h"
#include "broker/keyspace/stream_progress.h"
#include "consumers/deadlines.h"

namespace leat {

using consumers::Consumer;
using consumers::Group;

namespace {

struct ReadRequest {
  std::optional<TimeMs> block_ms;
  uint64_t count = UINT64_MAX;  // entries of each stream
  std::optional<View> group;
  View consumer;
  bool no_ack = false;
  std::optional<int64_t> claim_idle_ms;  // CLAIM: others' entries that were pending at least so long come first
  Views keys, ids;
};

Status unbalanced(bool grouped) {
  return Status::error(Bytes("ERR Unbalanced '") + (grouped ? "xreadgroup" : "xread") +
                       "' list of streams: for each stream key an ID" + (grouped ? " or '>'" : ", '+', or '$'") +
                       " must be specified.");
}

Status meaningless(View id) {
  const Bytes name(id);
  return Status::error("ERR The " + name +
                       " ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer "
                       "by specifying a proper ID, or use the > ID to get new messages. The " +
                       name + " ID would just return an empty result set.");
}

Status only_for_groups(View option) {
  return Status::error("ERR The " + Bytes(option) +
                       " option is only supported by XREADGROUP. You called XREAD instead.");
}

Result<int64_t> claim_idle_ms_of(View text) {
  const auto idle_ms = integer_of(text, Status::error("ERR min-idle-time is not an integer"));
  if (idle_ms.ok() && *idle_ms < 0) return Status::error("ERR min-idle-time must be a positive integer");
  return idle_ms;
}

Result<ReadRequest> parse_read(Args args, bool grouped) {
  ReadRequest request;
  for (size_t i = 1; i < args.size() && request.keys.empty(); ++i) {
    const size_t more = args.size() - i - 1;
    if (same_word(args[i], "BLOCK") && more > 0) {
      const auto block_ms = block_ms_of(args[++i]);
      if (!block_ms.ok()) return block_ms.status();
      request.block_ms = *block_ms;
    } else if (same_word(args[i], "COUNT") && more > 0) {
      const auto count = integer_of(args[++i]);
      if (!count.ok()) return count.status();
      request.count = *count > 0 ? static_cast<uint64_t>(*count) : UINT64_MAX;
    } else if (same_word(args[i], "STREAMS") && more > 0) {
      if (more % 2 != 0) return unbalanced(grouped);
      request.keys = args.slice(i + 1, i + 1 + more / 2);
      request.ids = args.from(i + 1 + more / 2);
    } else if (same_word(args[i], "GROUP") && more >= 2) {
      if (!grouped) return only_for_groups("GROUP");
      request.group = args[i + 1];
      request.consumer = args[i + 2];
      i += 2;
    } else if (same_word(args[i], "NOACK")) {
      if (!grouped) return only_for_groups("NOACK");
      request.no_ack = true;
    } else if (same_word(args[i], "CLAIM") && more > 0) {
      if (!grouped) return only_for_groups("CLAIM");
      const auto idle_ms = claim_idle_ms_of(args[++i]);
      if (!idle_ms.ok()) return idle_ms.status();
      request.claim_idle_ms = *idle_ms;
    } else {
      return kSyntaxError;
    }
  }
  if (request.keys.empty()) return kSyntaxError;
  if (grouped && !request.group) return Status::error("ERR Missing GROUP option for XREADGROUP");
  return request;
}

// In RESP3 a map of streams, in RESP2 an array of pairs.
void begin_streams(ReplySink& reply, size_t count) {
  if (reply.resp3())
    reply.map(count);
  else
    reply.array(count);
}

void begin_stream(ReplySink& reply, View key) {
  if (!reply.resp3()) reply.array(2);
  reply.bulk(key);
}

Wait wait_for(Context& ctx, const ReadRequest& request) {
  return Wait{.keys = {request.keys.begin(), request.keys.end()},
              .deadline_ms = ctx.deadline_ms(*request.block_ms),
              .wanted = Type::kStream,
              .ends_on_error = request.group.has_value()};
}

// The first entry after that id, if there is one: cheap to deny, as a waiter that is looked at again often needs.
std::optional<Stream::Cursor> entry_after(const Stream& stream, StreamId id) {
  if (id >= stream.last_id()) return std::nullopt;
  const Stream::Cursor at = stream.cursor(id.next());
  if (!at.valid()) return std::nullopt;
  return at;
}

// XREAD.

// The id after which XREAD's stream number `i` is read.
Result<StreamId> read_after(const Context& ctx, const Stream* stream, View word, size_t i) {
  if (word == ">") {
    return Status::error(
        "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.");
  }
  if (word == "$") {
    if (ctx.resumed != nullptr) return ctx.resumed->resolved[i];
    return stream == nullptr ? StreamId{} : stream->last_id();
  }
  if (word == "+") {  // the last entry that is there
    if (stream == nullptr || stream->size() == 0) return StreamId{};
    return stream->cursor_back(kStreamIdMax).id().previous();
  }
  return stream_id_of(word);
}

// XREADGROUP.

struct Delivery {
  const Stream* stream = nullptr;
  const Group* group = nullptr;
};

Result<Delivery> find_group(Context& ctx, View key, View name) {
  const auto found = ctx.find<Stream>(key);
  if (!found.ok()) return found.status();
  const Group* const group = *found == nullptr ? nullptr : (*found)->find_group(name);
  if (group == nullptr) {
    return Status::error("NOGROUP No such key '" + name_in_error(key) + "' or consumer group '" + name_in_error(name) +
                         "' in XREADGROUP with GROUP option");
  }
  return Delivery{*found, group};
}

struct Claim {
  StreamId id;
  TimeMs idle_ms;
  uint64_t deliveries;  // so far
};

// What one of the streams has for the consumer.
struct Plan {
  StreamId after;
  bool history = false;        // of the consumer: what is pending for it
  std::vector<Claim> claims;   // pending, and idle for long enough: the longest first
  std::vector<StreamId> gone;  // so were these, but their entries were deleted
  std::vector<StreamId> news;  // to be delivered
  bool answered() const { return history || !claims.empty() || !news.empty(); }
};

Result<Plan> plan_of(View word) {
  if (word == "$" || word == "+") return meaningless(word);
  if (word == ">") return Plan{};
  const auto id = stream_id_of(word);
  if (!id.ok()) return id.status();
  return Plan{.after = *id, .history = !id->is_max()};  // the largest id stands for > in Redis as well
}

void plan_claims(const Delivery& from, const ReadRequest& request, TimeMs now_ms, Plan& plan) {
  const consumers::PendingTimes& times = from.group->pending_times();
  for (auto at = times.begin(); at.valid() && plan.claims.size() < request.count; at.next()) {
    const TimeMs idle_ms = now_ms - at->delivered_at_ms;
    if (idle_ms < *request.claim_idle_ms) return;
    if (from.stream->contains(at->id))
      plan.claims.push_back({at->id, idle_ms, from.group->pending().find(at->id)->delivery_count});
    else
      plan.gone.push_back(at->id);
  }
}

// Looks at every stream before anything changes. A stream named twice is read on from where its first mention ends.
Result<std::vector<Plan>> plan_reads(Context& ctx, const ReadRequest& request) {
  std::vector<Plan> plans;
  plans.reserve(request.keys.size());
  std::map<View, StreamId> reached;
  for (size_t i = 0; i < request.keys.size(); ++i) {
    const View key = request.keys[i];
    const auto found = find_group(ctx, key, *request.group);
    if (!found.ok()) return found.status();
    auto plan = plan_of(request.ids[i]);
    if (!plan.ok()) return plan.status();
    if (!plan->history) {
      const auto before = reached.find(key);
      const bool first = before == reached.end();
      plan->after = first ? found->group->last_delivered() : before->second;
      if (request.claim_idle_ms && first) plan_claims(*found, request, ctx.now_ms, *plan);
      const uint64_t wanted = request.count - plan->claims.size();
      if (auto at = entry_after(*found->stream, plan->after)) {
        for (; at->valid() && plan->news.size() < wanted; at->next()) plan->news.push_back(at->id());
      }
      if (!plan->news.empty()) plan->after = plan->news.back();
      if (request.keys.size() > 1 && (request.claim_idle_ms || !plan->news.empty())) reached[key] = plan->after;
    }
    plans.push_back(std::move(*plan));
  }
  return plans;
}

void meet_consumer(Context& ctx, View key, const ReadRequest& request, const Plan& plan) {
  const Delivery at = *find_group(ctx, key, *request.group);
  const Consumer* const consumer = at.group->find_consumer(request.consumer);
  const bool holds_nothing = request.no_ack && !request.claim_idle_ms && !plan.history;
  if (consumer == nullptr && holds_nothing && by_rest(ctx)) return;  // deliver_news
  if (consumer == nullptr) {
    ctx.emit(ConsumerCreate{.key = key, .group = *request.group, .consumer = request.consumer, .at_ms = ctx.now_ms});
  } else if (ctx.resumed == nullptr) {  // being looked at again while it waits is not asking
    consumer->seen_time_ms = ctx.now_ms;
  }
}

// An entry as CLAIM has it: how long ago it was delivered and how often, beside the id and the fields.
void reply_with_deliveries(ReplySink& reply, const Stream::Cursor& at, const Claim& claim, std::vector<View>& scratch) {
  at.fields(scratch);
  reply.array(4);
  reply_id(reply, claim.id);
  reply.array(scratch.size());
  for (const View part : scratch) reply.bulk(part);
  reply.integer(claim.idle_ms);
  reply.integer(static_cast<int64_t>(claim.deliveries));
}

void reply_claims_and_news(ReplySink& reply, const Stream& stream, const Plan& plan) {
  std::vector<View> scratch;
  reply.array(plan.claims.size() + plan.news.size());
  for (const Claim& claim : plan.claims) reply_with_deliveries(reply, stream.find(claim.id), claim, scratch);
  if (plan.news.empty()) return;
  Stream::Cursor at = stream.cursor(plan.news.front());
  for (const StreamId id : plan.news) {
    reply_with_deliveries(reply, at, {id, 0, 0}, scratch);
    at.next();
  }
}

// What is claimed stays pending, also with NOACK.
void deliver_claims(Context& ctx, View key, const ReadRequest& request, const Plan& plan) {
  for (const Claim& claim : plan.claims) {
    ctx.emit(PendingClaim{.key = key,
                          .group = *request.group,
                          .consumer = request.consumer,
                          .id = claim.id,
                          .delivered_at_ms = ctx.now_ms,
                          .deliveries = claim.deliveries + 1});
  }
  if (plan.claims.empty()) return;
  const Consumer* const consumer = find_group(ctx, key, *request.group)->group->find_consumer(request.consumer);
  consumer->seen_time_ms = consumer->active_time_ms = ctx.now_ms;
}

void deliver_news(Context& ctx, const Delivery& from, View key, const ReadRequest& request, const Plan& plan) {
  const int64_t entries_read = entries_read_after(*from.stream, *from.group, plan.news);
  const Consumer* const consumer = from.group->find_consumer(request.consumer);
  if (consumer == nullptr) {  // nobody is remembered over REST with NOACK: the cursor alone moves
    return ctx.emit(GroupSetId{
        .key = key, .group = *request.group, .last_delivered = plan.news.back(), .entries_read = entries_read});
  }
  consumer->seen_time_ms = ctx.now_ms;
  ctx.emit(GroupDeliver{.key = key,
                        .group = *request.group,
                        .consumer = request.consumer,
                        .ids = request.no_ack ? StreamIds() : StreamIds(plan.news),
                        .at_ms = ctx.now_ms,
                        .last_delivered = plan.news.back(),
                        .entries_read = entries_read});
}

// The reply first: what it shows dies with the first emit.
void answer(Context& ctx, View key, const ReadRequest& request, const Plan& plan) {
  const Delivery from = *find_group(ctx, key, *request.group);
  if (!request.claim_idle_ms) {
    reply_entries(ctx.reply, from.stream->cursor(plan.news.front()), plan.news.back(), UINT64_MAX);
    return deliver_news(ctx, from, key, request, plan);
  }
  reply_claims_and_news(ctx.reply, *from.stream, plan);
  deliver_claims(ctx, key, request, plan);
  if (!plan.news.empty()) deliver_news(ctx, *find_group(ctx, key, *request.group), key, request, plan);
}

// When the first of what is pending will have been idle for long enough, in monotonic time.
TimeMs next_claim_ms(Context& ctx, const ReadRequest& request) {
  constexpr TimeMs kFarAway = TimeMs{1} << 42;  // a hundred years
  TimeMs nearest_ms = kFarAway;
  for (const View key : request.keys) {
    const auto first = find_group(ctx, key, *request.group)->group->pending_times().begin();
    if (!first.valid()) continue;
    const TimeMs left_ms = *request.claim_idle_ms - std::max<TimeMs>(ctx.now_ms - first->delivered_at_ms, 0);
    nearest_ms = std::clamp<TimeMs>(left_ms, 1, nearest_ms);
  }
  return nearest_ms == kFarAway ? consumers::kNever : ctx.rooms.time.monotonic_ms() + nearest_ms;
}

// What is pending for the consumer counts as delivered once more; of an entry that is gone only the id is left.
void deliver_history(Context& ctx, View key, const ReadRequest& request, const Plan& plan) {
  const Delivery from = *find_group(ctx, key, *request.group);
  std::vector<PendingClaim> again;
  std::vector<View> scratch;
  const auto mark = ctx.reply.reserve_array();
  uint64_t count = 0;
  auto at = from.group->find_consumer(request.consumer)->pending_ids().from(plan.after.next());
  for (; at.valid() && count < request.count; at.next(), ++count) {
    const Stream::Cursor entry = from.stream->find(*at);
    if (!entry.valid()) {
      ctx.reply.array(2);
      reply_id(ctx.reply, *at);
      ctx.reply.null_array();
      continue;
    }
    reply_entry(ctx.reply, entry, scratch);
    const uint64_t deliveries = from.group->pending().find(*at)->delivery_count + uint64_t{1};
    again.push_back({.key = key,
                     .group = *request.group,
                     .consumer = request.consumer,
                     .id = *at,
                     .delivered_at_ms = ctx.now_ms,
                     .deliveries = deliveries});
  }
  ctx.reply.fill_array(mark, count);
  for (const PendingClaim& claim : again) ctx.emit(claim);
}

}  // namespace

// XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]
Outcome xread(Context& ctx, Args args) {
  const auto request = parse_read(args, false);
  if (!request.ok()) return request.status();
  std::vector<StreamId> after;
  std::vector<std::pair<View, Stream::Cursor>> served;
  for (size_t i = 0; i < request->keys.size(); ++i) {
    const auto found = ctx.find<Stream>(request->keys[i]);
    // A key that changed its type while the client waited is as good as none.
    if (!found.ok() && ctx.resumed == nullptr) return found.status();
    const Stream* const stream = found.ok() ? *found : nullptr;
    const auto id = read_after(ctx, stream, request->ids[i], i);
    if (!id.ok()) return id.status();
    after.push_back(*id);
    if (stream == nullptr) continue;
    if (const auto at = entry_after(*stream, *id)) served.emplace_back(request->keys[i], *at);
  }
  if (!served.empty()) {
    begin_streams(ctx.reply, served.size());
    for (const auto& [key, at] : served) {
      begin_stream(ctx.reply, key);
      reply_entries(ctx.reply, at, kStreamIdMax, request->count);
    }
    return Replied();
  }
  if (!request->block_ms) return ctx.reply.null_array();
  Wait wait = wait_for(ctx, *request);
  wait.resolved = std::move(after);
  return wait;
}

// XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [CLAIM min-idle-time] [NOACK] STREAMS key
// [key ...]
//   id [id ...]
Outcome xreadgroup(Context& ctx, Args args) {
  const auto request = parse_read(args, true);
  if (!request.ok()) return request.status();
  const auto plans = plan_reads(ctx, *request);
  if (!plans.ok()) return plans.status();
  size_t answered = 0;
  for (const Plan& plan : *plans) answered += plan.answered();
  if (answered > 0) begin_streams(ctx.reply, answered);
  for (size_t i = 0; i < plans->size(); ++i) {
    const View key = request->keys[i];
    const Plan& plan = (*plans)[i];
    meet_consumer(ctx, key, *request, plan);  // known from its first reading on, also when there is nothing to read
    if (!plan.gone.empty()) ctx.emit(PendingAck{.key = key, .group = *request->group, .ids = plan.gone});
    if (!plan.answered()) continue;
    begin_stream(ctx.reply, key);
    if (plan.history)
      deliver_history(ctx, key, *request, plan);
    else
      answer(ctx, key, *request, plan);
  }
  if (answered > 0) return Replied();
  if (!request->block_ms) return ctx.reply.null_array();
  Wait wait = wait_for(ctx, *request);
  if (request->claim_idle_ms) wait.look_again_ms = next_claim_ms(ctx, *request);
  return wait;
}

}  // namespace leat
