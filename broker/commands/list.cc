// SPDX-License-Identifier: Apache-2.0
// list.cc: the list family. https://redis.io/docs/latest/commands/?group=list
#include "broker/keyspace/list.h"

#include <algorithm>

#include "broker/commands/context.h"
#include "broker/commands/families.h"
#include "broker/commands/parse.h"

namespace leat {

namespace {

uint64_t size_of(const List* list) { return list == nullptr ? 0 : list->size(); }

Result<Side> side_of(View word) {
  if (same_word(word, "LEFT")) return Side::kLeft;
  if (same_word(word, "RIGHT")) return Side::kRight;
  return kSyntaxError;
}

View outermost(const List& list, Side side) { return side == Side::kLeft ? list.front() : list.back(); }

// Writes `count` elements from one end, outermost first.
Replied reply_from(ReplySink& reply, const List& list, Side side, uint64_t count) {
  reply.array(count);
  auto at = list.cursor(side == Side::kLeft ? 0 : list.size() - 1);
  for (uint64_t i = 0; i < count; ++i) {
    reply.bulk(at.value());
    if (side == Side::kLeft) at.next();
    else at.previous();
  }
  return {};
}

// LPUSH key element [element ...]  →  length of the list
template <Side kSide, bool kOnlyIfExists>
Outcome push(Context& ctx, Args args) {
  const View key = args[1];
  const auto found = ctx.find<List>(key);
  if (!found.ok()) return found.status();
  if (kOnlyIfExists && *found == nullptr) return ctx.reply.integer(0);
  const Views values = args.from(2);
  const uint64_t length = size_of(*found) + values.size();
  ctx.emit(ListPush{.key = key, .side = kSide, .values = values});
  return ctx.reply.integer(static_cast<int64_t>(length));
}

// LPOP key [count]  →  the element, or an array of up to count
template <Side kSide>
Outcome pop(Context& ctx, Args args) {
  if (args.size() > 3) return arity_error(ctx.command);
  uint64_t wanted = 1;
  const bool counted = args.size() == 3;
  if (counted) {
    const auto count = count_of(args[2]);
    if (!count.ok()) return count.status();
    wanted = *count;
  }
  const View key = args[1];
  const auto found = ctx.find<List>(key);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return counted ? ctx.reply.null_array() : ctx.reply.null();
  const uint64_t count = std::min(wanted, (*found)->size());
  if (counted) reply_from(ctx.reply, **found, kSide, count);
  else ctx.reply.bulk(outermost(**found, kSide));
  if (count > 0) ctx.emit(ListPop{.key = key, .side = kSide, .count = count});
  return Replied();
}

// BLPOP key [key ...] timeout  →  [key, element], or null when the time is up
template <Side kSide>
Outcome blocking_pop(Context& ctx, Args args) {
  const auto timeout_ms = timeout_ms_of(args.back());
  if (!timeout_ms.ok()) return timeout_ms.status();
  const Views keys = args.slice(1, args.size() - 1);
  for (const View key : keys) {
    const auto found = ctx.find<List>(key);
    if (!found.ok()) return found.status();
    if (*found == nullptr) continue;
    const Replied answered = ctx.reply.pair(key, outermost(**found, kSide));  // before emit: the view dies with it
    ctx.emit(ListPop{.key = key, .side = kSide, .count = 1});
    return answered;
  }
  return Wait{.keys = {keys.begin(), keys.end()}, .deadline_ms = ctx.deadline_ms(*timeout_ms)};
}

// Takes one element from `from` and puts it to `to`; the source was looked at by the caller.
Outcome move_one(Context& ctx, View from, Side from_side, View to, Side to_side, const List& source) {
  const auto target = ctx.find<List>(to);
  if (!target.ok()) return target.status();
  const View value = outermost(source, from_side);
  ctx.reply.bulk(value);
  const View values[] = {value};
  // Pushed first: the value is borrowed from the source, and a list that rotates is never empty in between.
  ctx.emit(ListPush{.key = to, .side = to_side, .values = values});
  ctx.emit(ListPop{.key = from, .side = from_side, .count = 1});
  return Replied();
}

struct Move {
  View from, to;
  Side from_side, to_side;
};

Outcome move_or(Context& ctx, const Move& move, std::optional<TimeMs> timeout_ms) {
  const auto source = ctx.find<List>(move.from);
  if (!source.ok()) return source.status();
  if (*source != nullptr) return move_one(ctx, move.from, move.from_side, move.to, move.to_side, **source);
  if (!timeout_ms) return ctx.reply.null();
  return Wait{.keys = {Bytes(move.from)}, .deadline_ms = ctx.deadline_ms(*timeout_ms), .on_timeout = OnTimeout::kNull};
}

// LMOVE source destination LEFT|RIGHT LEFT|RIGHT  →  the element, or null
Outcome lmove(Context& ctx, Args args) {
  const auto from_side = side_of(args[3]), to_side = side_of(args[4]);
  if (!from_side.ok()) return from_side.status();
  if (!to_side.ok()) return to_side.status();
  return move_or(ctx, {args[1], args[2], *from_side, *to_side}, std::nullopt);
}

// BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout
Outcome blmove(Context& ctx, Args args) {
  const auto from_side = side_of(args[3]), to_side = side_of(args[4]);
  if (!from_side.ok()) return from_side.status();
  if (!to_side.ok()) return to_side.status();
  const auto timeout_ms = timeout_ms_of(args[5]);
  if (!timeout_ms.ok()) return timeout_ms.status();
  return move_or(ctx, {args[1], args[2], *from_side, *to_side}, *timeout_ms);
}

// RPOPLPUSH source destination
Outcome rpoplpush(Context& ctx, Args args) {
  return move_or(ctx, {args[1], args[2], Side::kRight, Side::kLeft}, std::nullopt);
}

// BRPOPLPUSH source destination timeout
Outcome brpoplpush(Context& ctx, Args args) {
  const auto timeout_ms = timeout_ms_of(args[3]);
  if (!timeout_ms.ok()) return timeout_ms.status();
  return move_or(ctx, {args[1], args[2], Side::kRight, Side::kLeft}, *timeout_ms);
}

// numkeys key [key ...] LEFT|RIGHT [COUNT count]  →  [key, [element ...]], or null; words from `at` on
Outcome multi_pop(Context& ctx, Args args, size_t at, std::optional<View> timeout) {
  const auto keys_count = key_count_of(args[at], args.size(), "ERR numkeys should be greater than 0");
  if (!keys_count.ok()) return keys_count.status();
  const size_t where = at + 1 + *keys_count;
  if (where >= args.size()) return kSyntaxError;
  const auto side = side_of(args[where]);
  if (!side.ok()) return side.status();
  uint64_t wanted = 1;
  if (where + 1 < args.size()) {
    if (where + 2 >= args.size() || !same_word(args[where + 1], "COUNT")) return kSyntaxError;
    const auto count = parse_integer(args[where + 2]);
    if (!count || *count <= 0) return Status::error("ERR count should be greater than 0");
    if (where + 3 != args.size()) return kSyntaxError;
    wanted = static_cast<uint64_t>(*count);
  }
  const auto timeout_ms = timeout ? timeout_ms_of(*timeout) : Result<TimeMs>(0);  // the last to be read, as in Redis
  if (!timeout_ms.ok()) return timeout_ms.status();
  const Views keys = args.slice(at + 1, where);
  for (const View key : keys) {
    const auto found = ctx.find<List>(key);
    if (!found.ok()) return found.status();
    if (*found == nullptr) continue;
    const uint64_t count = std::min(wanted, (*found)->size());
    ctx.reply.array(2);
    ctx.reply.bulk(key);
    reply_from(ctx.reply, **found, *side, count);
    ctx.emit(ListPop{.key = key, .side = *side, .count = count});
    return Replied();
  }
  if (!timeout) return ctx.reply.null_array();
  return Wait{.keys = {keys.begin(), keys.end()}, .deadline_ms = ctx.deadline_ms(*timeout_ms)};
}

// LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count]
Outcome lmpop(Context& ctx, Args args) { return multi_pop(ctx, args, 1, std::nullopt); }

// BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]
Outcome blmpop(Context& ctx, Args args) {
  return multi_pop(ctx, args, 2, args[1]);
}

// LLEN key
Outcome llen(Context& ctx, Args args) {
  const auto found = ctx.find<List>(args[1]);
  if (!found.ok()) return found.status();
  return ctx.reply.integer(static_cast<int64_t>(size_of(*found)));
}

// The position that a negative or positive index means; nullopt outside.
std::optional<uint64_t> position(int64_t index, uint64_t size) {
  const auto length = static_cast<int64_t>(size);
  if (index < 0) index = index < -length ? -1 : index + length;
  if (index < 0 || index >= length) return std::nullopt;
  return static_cast<uint64_t>(index);
}

// LINDEX key index
Outcome lindex(Context& ctx, Args args) {
  const auto found = ctx.find<List>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return ctx.reply.null();
  const auto index = integer_of(args[2]);
  if (!index.ok()) return index.status();
  const auto at = position(*index, (*found)->size());
  return at ? ctx.reply.bulk((*found)->at(*at)) : ctx.reply.null();
}

// LSET key index element
Outcome lset(Context& ctx, Args args) {
  const auto found = ctx.find<List>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return kNoSuchKey;
  const auto index = integer_of(args[2]);
  if (!index.ok()) return index.status();
  const auto at = position(*index, (*found)->size());
  if (!at) return Status::error("ERR index out of range");
  ctx.emit(ListSet{.key = args[1], .index = *at, .value = args[3]});
  return ctx.reply.ok();
}

// LINSERT key BEFORE|AFTER pivot element  →  length, 0 without the key, -1 without the pivot
Outcome linsert(Context& ctx, Args args) {
  const bool after = same_word(args[2], "AFTER");
  if (!after && !same_word(args[2], "BEFORE")) return kSyntaxError;
  const auto found = ctx.find<List>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return ctx.reply.integer(0);
  const auto length = static_cast<int64_t>((*found)->size());
  for (auto at = (*found)->cursor(0); at.valid(); at.next()) {
    if (at.value() != args[3]) continue;
    ctx.emit(ListInsert{.key = args[1], .index = at.index() + (after ? 1 : 0), .value = args[4]});
    return ctx.reply.integer(length + 1);
  }
  return ctx.reply.integer(-1);
}

// LRANGE key start stop
Outcome lrange(Context& ctx, Args args) {
  const auto start = integer_of(args[2]), stop = integer_of(args[3]);
  if (!start.ok()) return start.status();
  if (!stop.ok()) return stop.status();
  const auto found = ctx.find<List>(args[1]);
  if (!found.ok()) return found.status();
  const IndexRange range = index_range(*start, *stop, size_of(*found));
  ctx.reply.array(range.count);
  if (range.count == 0) return Replied();
  auto at = (*found)->cursor(range.first);
  for (uint64_t i = 0; i < range.count; ++i, at.next()) ctx.reply.bulk(at.value());
  return Replied();
}

// LTRIM key start stop
Outcome ltrim(Context& ctx, Args args) {
  const auto start = integer_of(args[2]), stop = integer_of(args[3]);
  if (!start.ok()) return start.status();
  if (!stop.ok()) return stop.status();
  const auto found = ctx.find<List>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return ctx.reply.ok();
  const uint64_t size = (*found)->size();
  const IndexRange kept = index_range(*start, *stop, size);
  const uint64_t right = kept.count == 0 ? 0 : size - kept.first - kept.count;
  const uint64_t left = kept.count == 0 ? size : kept.first;
  if (right > 0) ctx.emit(ListPop{.key = args[1], .side = Side::kRight, .count = right});
  if (left > 0) ctx.emit(ListPop{.key = args[1], .side = Side::kLeft, .count = left});
  return ctx.reply.ok();
}

// LREM key count element  →  how many were removed
Outcome lrem(Context& ctx, Args args) {
  const auto count = magnitude_of(args[2]);
  if (!count.ok()) return count.status();
  const auto found = ctx.find<List>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return ctx.reply.integer(0);
  const bool backwards = *count < 0;
  const uint64_t wanted = *count == 0 ? UINT64_MAX
                          : backwards ? 0 - static_cast<uint64_t>(*count)
                                      : static_cast<uint64_t>(*count);
  std::vector<uint64_t> hits;
  auto at = (*found)->cursor(backwards ? (*found)->size() - 1 : 0);
  while (at.valid() && hits.size() < wanted) {
    if (at.value() == args[3]) hits.push_back(at.index());
    if (backwards) at.previous();
    else at.next();
  }
  if (!backwards) std::reverse(hits.begin(), hits.end());
  // From the back, so that the indexes before stay true; neighbours go together.
  for (size_t i = 0; i < hits.size();) {
    size_t run = 1;
    while (i + run < hits.size() && hits[i + run] + run == hits[i]) ++run;
    ctx.emit(ListErase{.key = args[1], .index = hits[i] - (run - 1), .count = run});
    i += run;
  }
  return ctx.reply.integer(static_cast<int64_t>(hits.size()));
}

struct PositionQuery {
  int64_t rank = 1;
  std::optional<uint64_t> count;  // absent: one position, not an array
  uint64_t compare_max = 0;       // 0: all
};

Result<PositionQuery> parse_position_query(Args args) {
  PositionQuery query;
  for (size_t i = 3; i < args.size(); i += 2) {
    if (i + 1 >= args.size()) return kSyntaxError;
    if (same_word(args[i], "RANK")) {
      const auto rank = magnitude_of(args[i + 1]);
      if (!rank.ok()) return rank.status();
      if (*rank == 0) {
        return Status::error("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
                             "or use negative to start from the end of the list");
      }
      query.rank = *rank;
    } else if (same_word(args[i], "COUNT")) {
      const auto count = parse_integer(args[i + 1]);
      if (!count || *count < 0) return Status::error("ERR COUNT can't be negative");
      query.count = static_cast<uint64_t>(*count);
    } else if (same_word(args[i], "MAXLEN")) {
      const auto most = parse_integer(args[i + 1]);
      if (!most || *most < 0) return Status::error("ERR MAXLEN can't be negative");
      query.compare_max = static_cast<uint64_t>(*most);
    } else {
      return kSyntaxError;
    }
  }
  return query;
}

// LPOS key element [RANK rank] [COUNT num] [MAXLEN len]
Outcome lpos(Context& ctx, Args args) {
  const auto query = parse_position_query(args);
  if (!query.ok()) return query.status();
  const auto found = ctx.find<List>(args[1]);
  if (!found.ok()) return found.status();
  const bool backwards = query->rank < 0;
  uint64_t skip = static_cast<uint64_t>(backwards ? -query->rank : query->rank) - 1;
  const uint64_t wanted = !query->count ? 1 : *query->count == 0 ? UINT64_MAX : *query->count;
  std::vector<uint64_t> hits;
  if (*found != nullptr) {
    uint64_t compared = 0;
    auto at = (*found)->cursor(backwards ? (*found)->size() - 1 : 0);
    while (at.valid() && hits.size() < wanted && (query->compare_max == 0 || compared++ < query->compare_max)) {
      if (at.value() == args[2] && (skip == 0 || skip-- == 0)) hits.push_back(at.index());
      if (backwards) at.previous();
      else at.next();
    }
  }
  if (!query->count) return hits.empty() ? ctx.reply.null() : ctx.reply.integer(static_cast<int64_t>(hits[0]));
  ctx.reply.array(hits.size());
  for (const uint64_t hit : hits) ctx.reply.integer(static_cast<int64_t>(hit));
  return Replied();
}

constexpr CommandRow kRows[] = {
    // name       arity keys               traits                            handler
    {"BLMOVE",     6,   Keys::range(1, 2), kWrite | kDenyOom | kBlocks,      blmove},
    {"BLMPOP",     -5,  Keys::counted(2),  kWrite | kBlocks | kMovableKeys,  blmpop},
    {"BLPOP",      -3,  Keys::range(1, -2), kWrite | kBlocks,                blocking_pop<Side::kLeft>},
    {"BRPOP",      -3,  Keys::range(1, -2), kWrite | kBlocks,                blocking_pop<Side::kRight>},
    {"BRPOPLPUSH", 4,   Keys::range(1, 2), kWrite | kDenyOom | kBlocks,      brpoplpush},
    {"LINDEX",     3,   Keys::at(1),       kReadOnly,                        lindex},
    {"LINSERT",    5,   Keys::at(1),       kWrite | kDenyOom,                linsert},
    {"LLEN",       2,   Keys::at(1),       kReadOnly | kFast,                llen},
    {"LMOVE",      5,   Keys::range(1, 2), kWrite | kDenyOom,                lmove},
    {"LMPOP",      -4,  Keys::counted(1),  kWrite | kMovableKeys,            lmpop},
    {"LPOP",       -2,  Keys::at(1),       kWrite | kFast,                   pop<Side::kLeft>},
    {"LPOS",       -3,  Keys::at(1),       kReadOnly,                        lpos},
    {"LPUSH",      -3,  Keys::at(1),       kWrite | kDenyOom | kFast,        push<Side::kLeft, false>},
    {"LPUSHX",     -3,  Keys::at(1),       kWrite | kDenyOom | kFast,        push<Side::kLeft, true>},
    {"LRANGE",     4,   Keys::at(1),       kReadOnly,                        lrange},
    {"LREM",       4,   Keys::at(1),       kWrite,                           lrem},
    {"LSET",       4,   Keys::at(1),       kWrite | kDenyOom,                lset},
    {"LTRIM",      4,   Keys::at(1),       kWrite,                           ltrim},
    {"RPOP",       -2,  Keys::at(1),       kWrite | kFast,                   pop<Side::kRight>},
    {"RPOPLPUSH",  3,   Keys::range(1, 2), kWrite | kDenyOom,                rpoplpush},
    {"RPUSH",      -3,  Keys::at(1),       kWrite | kDenyOom | kFast,        push<Side::kRight, false>},
    {"RPUSHX",     -3,  Keys::at(1),       kWrite | kDenyOom | kFast,        push<Side::kRight, true>},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kListFamily{"list", kRows};

}  // namespace leat
