// SPDX-License-Identifier: Apache-2.0
// sorted_set_pop.cc: members taken from either end of a sorted set, at once or when something comes. The rows stand in
// sorted_set.cc.
#include <algorithm>

#include "broker/commands/parse.h"
#include "broker/commands/sorted_set_commands.h"

namespace leat {

namespace {

enum class End : uint8_t { kMin, kMax };

// The entries at one end, outermost first.
template <typename Write>  // write(const SortedSet::Cursor&)
void for_outermost(const SortedSet& set, End end, uint64_t count, Write write) {
  auto at = end == End::kMin ? set.front() : set.back();
  for (; count > 0; --count) {
    write(at);
    if (end == End::kMin) at.next();
    else at.previous();
  }
}

void take(Context& ctx, View key, const SortedSet& set, End end, uint64_t count) {
  ctx.rooms.notifications.call_it(end == End::kMin ? "zpopmin" : "zpopmax");
  ctx.emit(SortedSetErase{.key = key, .rank = end == End::kMin ? 0 : set.size() - count, .count = count});
}

// ZPOPMIN key [count]  →  [member, score ...]; in RESP3 with a count: pairs
Outcome pop(Context& ctx, Args args, End end) {
  if (args.size() > 3) return kSyntaxError;
  const auto wanted = args.size() == 3 ? count_of(args[2]) : Result<uint64_t>(uint64_t{1});
  if (!wanted.ok()) return wanted.status();
  const auto found = ctx.find<SortedSet>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr || *wanted == 0) return ctx.reply.array(0);
  const SortedSet& set = **found;
  const uint64_t count = std::min<uint64_t>(*wanted, set.size());
  const bool pairs = args.size() == 3 && ctx.reply.resp3();
  ctx.reply.array(pairs ? count : count * 2);
  for_outermost(set, end, count, [&](const SortedSet::Cursor& at) {
    if (pairs) ctx.reply.array(2);
    ctx.reply.bulk(at.member());
    ctx.reply.real(at.score());
  });
  take(ctx, args[1], set, end, count);
  return Replied();
}

Wait wait_on(Context& ctx, Views keys, TimeMs timeout_ms) {
  return {.keys = {keys.begin(), keys.end()},
          .deadline_ms = ctx.deadline_ms(timeout_ms),
          .on_timeout = OnTimeout::kNullArray,
          .wanted = Type::kSortedSet};
}

// BZPOPMIN key [key ...] timeout  →  [key, member, score], or null when the time is up
Outcome blocking_pop(Context& ctx, Args args, End end) {
  const auto timeout_ms = timeout_ms_of(args.back());
  if (!timeout_ms.ok()) return timeout_ms.status();
  const Views keys = args.slice(1, args.size() - 1);
  for (const View key : keys) {
    const auto found = ctx.find<SortedSet>(key);
    if (!found.ok()) return found.status();
    if (*found == nullptr) continue;
    const auto at = end == End::kMin ? (*found)->front() : (*found)->back();
    ctx.reply.array(3);
    ctx.reply.bulk(key);
    ctx.reply.bulk(at.member());
    ctx.reply.real(at.score());
    take(ctx, key, **found, end, 1);
    return Replied();
  }
  return wait_on(ctx, keys, *timeout_ms);
}

// numkeys key [key ...] MIN|MAX [COUNT count]
struct PopQuery {
  Views keys;
  End end;
  uint64_t count = 1;
};

Result<PopQuery> parse_pop_query(Args args, size_t at) {
  const auto key_count = key_count_of(args[at], args.size(), "ERR numkeys should be greater than 0");
  if (!key_count.ok()) return key_count.status();
  const size_t where = at + 1 + *key_count;
  if (where >= args.size()) return kSyntaxError;
  const bool smallest = same_word(args[where], "MIN");
  if (!smallest && !same_word(args[where], "MAX")) return kSyntaxError;
  PopQuery query{args.slice(at + 1, where), smallest ? End::kMin : End::kMax};
  if (where + 1 == args.size()) return query;
  if (where + 2 == args.size() || !same_word(args[where + 1], "COUNT")) return kSyntaxError;
  const auto count = parse_integer(args[where + 2]);
  if (!count || *count <= 0) return Status::error("ERR count should be greater than 0");
  if (where + 3 != args.size()) return kSyntaxError;
  query.count = static_cast<uint64_t>(*count);
  return query;
}

// →  [key, [[member, score] ...]]; false: none of the keys has anything
Result<bool> pop_first(Context& ctx, const PopQuery& query) {
  for (const View key : query.keys) {
    const auto found = ctx.find<SortedSet>(key);
    if (!found.ok()) return found.status();
    if (*found == nullptr) continue;
    const uint64_t count = std::min<uint64_t>(query.count, (*found)->size());
    ctx.reply.array(2);
    ctx.reply.bulk(key);
    ctx.reply.array(count);
    for_outermost(**found, query.end, count, [&](const SortedSet::Cursor& at) {
      ctx.reply.array(2);
      ctx.reply.bulk(at.member());
      ctx.reply.real(at.score());
    });
    take(ctx, key, **found, query.end, count);
    return true;
  }
  return false;
}

}  // namespace

Outcome zpopmin(Context& ctx, Args args) { return pop(ctx, args, End::kMin); }
Outcome zpopmax(Context& ctx, Args args) { return pop(ctx, args, End::kMax); }
Outcome bzpopmin(Context& ctx, Args args) { return blocking_pop(ctx, args, End::kMin); }
Outcome bzpopmax(Context& ctx, Args args) { return blocking_pop(ctx, args, End::kMax); }

// ZMPOP numkeys key [key ...] MIN|MAX [COUNT count]
Outcome zmpop(Context& ctx, Args args) {
  const auto query = parse_pop_query(args, 1);
  if (!query.ok()) return query.status();
  const auto popped = pop_first(ctx, *query);
  if (!popped.ok()) return popped.status();
  return *popped ? Replied() : ctx.reply.null_array();
}

// BZMPOP timeout numkeys key [key ...] MIN|MAX [COUNT count]
Outcome bzmpop(Context& ctx, Args args) {
  const auto query = parse_pop_query(args, 2);
  if (!query.ok()) return query.status();
  const auto timeout_ms = timeout_ms_of(args[1]);  // after the rest, as in Redis
  if (!timeout_ms.ok()) return timeout_ms.status();
  const auto popped = pop_first(ctx, *query);
  if (!popped.ok()) return popped.status();
  if (*popped) return Replied();
  return wait_on(ctx, query->keys, *timeout_ms);
}

}  // namespace leat
