// SPDX-License-Identifier: Apache-2.0
// sorted_set.cc: the sorted-set family. https://redis.io/docs/latest/commands/?group=sorted-set
// Adding, removing and looking at members; the rows of all the family's files.
#include "broker/keyspace/sorted_set.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "broker/commands/families.h"
#include "broker/commands/parse.h"
#include "broker/commands/scan.h"
#include "broker/commands/sorted_set_commands.h"

namespace leat {

namespace {
// -0 becomes 0, as in Redis' small sets (its large ones keep the sign; the order knows no difference).
double stored_score(double score) { return score + 0.0; }
}  // namespace

void begin_entries(ReplySink& reply, uint64_t count, Scores scores) {
  reply.array(scores == Scores::kWith && !reply.resp3() ? count * 2 : count);
}

void write_entry(ReplySink& reply, View member, double score, Scores scores) {
  if (scores == Scores::kWith && reply.resp3()) reply.array(2);
  reply.bulk(member);
  if (scores == Scores::kWith) reply.real(score);
}

Outcome store_entries(Context& ctx, View to, ScoredMembers entries) {
  const bool replaces = ctx.look(to).has_value();
  std::vector<Bytes> members;  // what they are borrowed from is about to go
  std::vector<ScoredMember> stored;
  if (replaces) members.reserve(entries.size());  // once: the views below point into it
  for (const ScoredMember& entry : entries) {
    stored.push_back({stored_score(entry.score), replaces ? View(members.emplace_back(entry.member)) : entry.member});
  }
  if (replaces) ctx.emit(KeyDelete{.key = to});
  if (!stored.empty()) ctx.emit(SortedSetAdd{.key = to, .entries = stored});
  return ctx.reply.integer(static_cast<int64_t>(stored.size()));
}

namespace {

// The words from 2 on as far as they are options; `at` becomes the first that is none.
AddOptions parse_add_options(Args args, size_t& at, bool increment) {
  AddOptions options;
  options.increment = increment;
  for (at = 2; at < args.size(); ++at) {
    if (same_word(args[at], "NX")) options.only_new = true;
    else if (same_word(args[at], "XX")) options.only_existing = true;
    else if (same_word(args[at], "GT")) options.only_greater = true;
    else if (same_word(args[at], "LT")) options.only_less = true;
    else if (same_word(args[at], "CH")) options.count_changed = true;
    else if (same_word(args[at], "INCR")) options.increment = true;
    else break;
  }
  return options;
}

Status check_add(const AddOptions& options, size_t words) {
  if (words == 0 || words % 2 != 0) return kSyntaxError;
  if (options.only_new && options.only_existing) {
    return Status::error("ERR XX and NX options at the same time are not compatible");
  }
  if ((options.only_new && (options.only_greater || options.only_less)) ||
      (options.only_greater && options.only_less)) {
    return Status::error("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (options.increment && words > 2) return Status::error("ERR INCR option supports a single increment-element pair");
  return Status::fine();
}

// What becomes of a member's score; nullopt: the options leave it alone. May be NaN.
std::optional<double> score_after(const AddOptions& options, std::optional<double> current, double given) {
  if (!current) return options.only_existing ? std::nullopt : std::optional(given);
  if (options.only_new) return std::nullopt;
  const double score = options.increment ? *current + given : given;
  if (options.only_less && score >= *current) return std::nullopt;
  if (options.only_greater && score <= *current) return std::nullopt;
  return score;
}

// What ZADD decided, one pair after the other: a pair sees what those before it did.
struct Additions {
  std::vector<ScoredMember> changes;
  int64_t added = 0, updated = 0;
  std::optional<double> last;  // the last pair's score, unless the options left it alone
};

Additions decide(const AddOptions& options, const SortedSet* set, ScoredMembers entries, const ChunkStore& chunks) {
  Additions out;
  std::unordered_map<View, double, MemberHash> decided(0, MemberHash{chunks});
  const bool several = entries.size() > 1;
  for (const auto& [given, member] : entries) {
    const auto before = several ? decided.find(member) : decided.end();
    std::optional<double> current;
    if (before != decided.end()) current = before->second;
    else if (set != nullptr) current = set->score(member);
    out.last = score_after(options, current, given);
    if (!out.last || (current && *current == *out.last)) continue;
    ++(current ? out.updated : out.added);
    out.changes.push_back({stored_score(*out.last), member});
    if (several) decided[member] = *out.last;
  }
  return out;
}

Outcome add(Context& ctx, Args args, bool increment) {
  size_t at;
  const AddOptions options = parse_add_options(args, at, increment);
  if (Status wrong = check_add(options, args.size() - at); !wrong.ok()) return wrong;
  std::vector<ScoredMember> entries;
  for (size_t i = at; i < args.size(); i += 2) {
    const auto score = parse_real(args[i]);
    if (!score) return kNotAFloat;
    entries.push_back({*score, args[i + 1]});
  }
  return add_entries(ctx, args[1], options, entries);
}

}  // namespace

Outcome add_entries(Context& ctx, View key, const AddOptions& options, ScoredMembers entries) {
  const auto found = ctx.find<SortedSet>(key);
  if (!found.ok()) return found.status();
  const Additions made = decide(options, *found, entries, ctx.rooms.keyspace.chunks());
  if (made.last && std::isnan(*made.last)) return Status::error("ERR resulting score is not a number (NaN)");
  if (options.increment) ctx.rooms.notifications.call_it("zincr");
  if (!made.changes.empty()) ctx.emit(SortedSetAdd{.key = key, .entries = made.changes});
  if (options.increment) return made.last ? ctx.reply.real(*made.last) : ctx.reply.null();
  return ctx.reply.integer(options.count_changed ? made.added + made.updated : made.added);
}

namespace {

// ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]  →  how many are new; with INCR the score,
// or null
Outcome zadd(Context& ctx, Args args) { return add(ctx, args, false); }

// ZINCRBY key increment member  →  the score
Outcome zincrby(Context& ctx, Args args) { return add(ctx, args, true); }

// ZREM key member [member ...]  →  how many were removed
Outcome zrem(Context& ctx, Args args) {
  const auto found = ctx.find<SortedSet>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return ctx.reply.integer(0);
  std::unordered_set<View, MemberHash> unique(0, MemberHash{ctx.rooms.keyspace.chunks()});
  std::vector<View> members;
  for (const View member : args.from(2)) {
    if ((*found)->score(member) && unique.insert(member).second) members.push_back(member);
  }
  if (!members.empty()) ctx.emit(SortedSetRemove{.key = args[1], .members = members});
  return ctx.reply.integer(static_cast<int64_t>(members.size()));
}

// ZCARD key
Outcome zcard(Context& ctx, Args args) {
  const auto found = ctx.find<SortedSet>(args[1]);
  if (!found.ok()) return found.status();
  return ctx.reply.integer(*found == nullptr ? 0 : static_cast<int64_t>((*found)->size()));
}

Replied reply_score(ReplySink& reply, const SortedSet* set, View member) {
  const auto score = set == nullptr ? std::nullopt : set->score(member);
  return score ? reply.real(*score) : reply.null();
}

// ZSCORE key member  →  its score, or null
Outcome zscore(Context& ctx, Args args) {
  const auto found = ctx.find<SortedSet>(args[1]);
  if (!found.ok()) return found.status();
  return reply_score(ctx.reply, *found, args[2]);
}

// ZMSCORE key member [member ...]
Outcome zmscore(Context& ctx, Args args) {
  const auto found = ctx.find<SortedSet>(args[1]);
  if (!found.ok()) return found.status();
  const Views members = args.from(2);
  ctx.reply.array(members.size());
  for (const View member : members) reply_score(ctx.reply, *found, member);
  return Replied();
}

enum class Order : uint8_t { kAscending, kDescending };

// ZRANK key member [WITHSCORE]  →  the rank, or [rank, score]; null when it is no member
template <Order kOrder>
Outcome rank(Context& ctx, Args args) {
  if (args.size() > 4) return arity_error(ctx.command);
  const bool with_score = args.size() == 4;
  if (with_score && !same_word(args[3], "WITHSCORE")) return kSyntaxError;
  const auto found = ctx.find<SortedSet>(args[1]);
  if (!found.ok()) return found.status();
  const auto place = *found == nullptr ? std::nullopt : (*found)->rank_and_score(args[2]);
  if (!place) return with_score ? ctx.reply.null_array() : ctx.reply.null();
  const uint64_t rank = kOrder == Order::kAscending ? place->first : (*found)->size() - 1 - place->first;
  if (with_score) ctx.reply.array(2);
  ctx.reply.integer(static_cast<int64_t>(rank));
  if (with_score) ctx.reply.real(place->second);
  return Replied();
}

uint64_t throw_rank(Context& ctx, uint64_t size) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(ctx.rooms.dice()) * size >> 64);
}

void write_at(Context& ctx, const SortedSet::Cursor& at, Scores scores) {
  write_entry(ctx.reply, at.member(), at.score(), scores);
}

// `count` different members, fewer than there are: few by throwing dice, many by walking over all.
void write_sample(Context& ctx, const SortedSet& set, uint64_t count, Scores scores) {
  if (count < set.size() / 8) {
    std::unordered_set<uint64_t> taken;
    while (taken.size() < count) {
      const uint64_t rank = throw_rank(ctx, set.size());
      if (taken.insert(rank).second) write_at(ctx, set.cursor(rank), scores);
    }
    return;
  }
  for (auto at = set.front(); count > 0; at.next()) {  // each with the chance that leaves exactly `count`
    if (throw_rank(ctx, set.size() - at.rank()) >= count) continue;
    write_at(ctx, at, scores);
    --count;
  }
}

Outcome random_members(Context& ctx, View key, int64_t count, Scores scores) {
  const auto found = ctx.find<SortedSet>(key);
  if (!found.ok()) return found.status();
  if (*found == nullptr || count == 0) return ctx.reply.array(0);
  const SortedSet& set = **found;
  if (count < 0) {  // each is thrown anew
    const auto repeats = static_cast<uint64_t>(-count);
    if (repeats > kRandomRepeatsMax) return kOutOfRange;  // each is an item of the reply: memory
    begin_entries(ctx.reply, repeats, scores);
    for (uint64_t i = 0; i < repeats; ++i) write_at(ctx, set.cursor(throw_rank(ctx, set.size())), scores);
    return Replied();
  }
  const uint64_t wanted = std::min(static_cast<uint64_t>(count), uint64_t{set.size()});
  begin_entries(ctx.reply, wanted, scores);
  if (wanted < set.size()) {
    write_sample(ctx, set, wanted, scores);
  } else {
    for (auto at = set.back(); at.valid(); at.previous()) write_at(ctx, at, scores);  // as Redis: from the last
  }
  return Replied();
}

// ZRANDMEMBER key [count [WITHSCORES]]  →  a member or null; an array with a count, with repeats if it is negative
Outcome zrandmember(Context& ctx, Args args) {
  if (args.size() == 2) {
    const auto found = ctx.find<SortedSet>(args[1]);
    if (!found.ok()) return found.status();
    if (*found == nullptr) return ctx.reply.null();
    return ctx.reply.bulk((*found)->cursor(throw_rank(ctx, (*found)->size())).member());
  }
  const auto count = integer_of(args[2]);
  if (!count.ok()) return count.status();
  if (*count == INT64_MIN) {
    return Status::error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
  }
  if (args.size() == 3) return random_members(ctx, args[1], *count, Scores::kWithout);
  if (args.size() > 4 || !same_word(args[3], "WITHSCORES")) return kSyntaxError;
  if (*count < -INT64_MAX / 2 || *count > INT64_MAX / 2) return kOutOfRange;
  return random_members(ctx, args[1], *count, Scores::kWith);
}

// ZSCAN key cursor [MATCH pattern] [COUNT count]  →  [cursor, [member, score ...]]
Outcome zscan(Context& ctx, Args args) {
  return scan_value<SortedSet>(ctx, args, ScanOf::kOther,
                               [](const SortedSet& set, const ScanOptions& options, std::vector<Bytes>& items) {
    const auto visit = [&](View member, double score) {
      if (!options.matches(member)) return;
      items.emplace_back(member);
      items.push_back(real_text(score));
    };
    if (set.encoding == Encoding::kListpack) {  // a small one comes whole, in its order
      for (auto at = set.front(); at.valid(); at.next()) visit(at.member(), at.score());
      return uint64_t{0};
    }
    const SortedSet::Page page = set.scan(options.cursor, options.count);
    for (const ScoredMember& entry : page.entries) visit(entry.member, entry.score);
    return page.next;
  });
}

constexpr CommandRow kRows[] = {
    // name             arity keys                  traits                            handler
    {"BZMPOP",           -5,  Keys::counted(2),     kWrite | kBlocks | kMovableKeys,  bzmpop},
    {"BZPOPMAX",         -3,  Keys::range(1, -2),   kWrite | kBlocks | kFast, bzpopmax},
    {"BZPOPMIN",         -3,  Keys::range(1, -2),   kWrite | kBlocks | kFast, bzpopmin},
    {"ZADD",             -4,  Keys::at(1),          kWrite | kDenyOom | kFast,        zadd},
    {"ZCARD",            2,   Keys::at(1),          kReadOnly | kFast,                zcard},
    {"ZCOUNT",           4,   Keys::at(1),          kReadOnly | kFast,                zcount},
    {"ZDIFF",            -3,  Keys::counted(1),     kReadOnly | kMovableKeys,         zdiff},
    {"ZDIFFSTORE",       -4,  Keys::counted(2, 1),  kWrite | kDenyOom | kMovableKeys, zdiffstore},
    {"ZINCRBY",          4,   Keys::at(1),          kWrite | kDenyOom | kFast,        zincrby},
    {"ZINTER",           -3,  Keys::counted(1),     kReadOnly | kMovableKeys,         zinter},
    {"ZINTERCARD",       -3,  Keys::counted(1),     kReadOnly | kMovableKeys,         zintercard},
    {"ZINTERSTORE",      -4,  Keys::counted(2, 1),  kWrite | kDenyOom | kMovableKeys, zinterstore},
    {"ZLEXCOUNT",        4,   Keys::at(1),          kReadOnly | kFast,                zlexcount},
    {"ZMPOP",            -4,  Keys::counted(1),     kWrite | kMovableKeys,            zmpop},
    {"ZMSCORE",          -3,  Keys::at(1),          kReadOnly | kFast,                zmscore},
    {"ZPOPMAX",          -2,  Keys::at(1),          kWrite | kFast,                   zpopmax},
    {"ZPOPMIN",          -2,  Keys::at(1),          kWrite | kFast,                   zpopmin},
    {"ZRANDMEMBER",      -2,  Keys::at(1),          kReadOnly,                        zrandmember},
    {"ZRANGE",           -4,  Keys::at(1),          kReadOnly,                        zrange},
    {"ZRANGEBYLEX",      -4,  Keys::at(1),          kReadOnly,                        zrangebylex},
    {"ZRANGEBYSCORE",    -4,  Keys::at(1),          kReadOnly,                        zrangebyscore},
    {"ZRANGESTORE",      -5,  Keys::range(1, 2),    kWrite | kDenyOom,                zrangestore},
    {"ZRANK",            -3,  Keys::at(1),          kReadOnly | kFast,                rank<Order::kAscending>},
    {"ZREM",             -3,  Keys::at(1),          kWrite | kFast,                   zrem},
    {"ZREMRANGEBYLEX",   4,   Keys::at(1),          kWrite,                           zremrangebylex},
    {"ZREMRANGEBYRANK",  4,   Keys::at(1),          kWrite,                           zremrangebyrank},
    {"ZREMRANGEBYSCORE", 4,   Keys::at(1),          kWrite,                           zremrangebyscore},
    {"ZREVRANGE",        -4,  Keys::at(1),          kReadOnly,                        zrevrange},
    {"ZREVRANGEBYLEX",   -4,  Keys::at(1),          kReadOnly,                        zrevrangebylex},
    {"ZREVRANGEBYSCORE", -4,  Keys::at(1),          kReadOnly,                        zrevrangebyscore},
    {"ZREVRANK",         -3,  Keys::at(1),          kReadOnly | kFast,                rank<Order::kDescending>},
    {"ZSCAN",            -3,  Keys::at(1),          kReadOnly,                        zscan},
    {"ZSCORE",           3,   Keys::at(1),          kReadOnly | kFast,                zscore},
    {"ZUNION",           -3,  Keys::counted(1),     kReadOnly | kMovableKeys,         zunion},
    {"ZUNIONSTORE",      -4,  Keys::counted(2, 1),  kWrite | kDenyOom | kMovableKeys, zunionstore},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kSortedSetFamily{"sortedset", kRows};

}  // namespace leat
