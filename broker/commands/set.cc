// SPDX-License-Identifier: Apache-2.0
// set.cc: the set family. https://redis.io/docs/latest/commands/?group=set
#include "broker/keyspace/set.h"

#include <algorithm>
#include <unordered_set>

#include "broker/commands/context.h"
#include "broker/commands/families.h"
#include "broker/commands/scan.h"

namespace leat {

namespace {

uint64_t size_of(const Set* set) { return set == nullptr ? 0 : set->size(); }

// The different members among `words` for which `wanted` holds, in their order.
template <typename Wanted>
std::vector<View> different(Views words, Wanted wanted) {
  std::vector<View> chosen;
  std::unordered_set<View> seen;
  for (const View word : words) {
    if (!wanted(word)) continue;
    if (words.size() > 1 && !seen.insert(word).second) continue;
    chosen.push_back(word);
  }
  return chosen;
}

// SADD key member [member ...]  →  how many are new
Outcome sadd(Context& ctx, Args args) {
  const auto found = ctx.find<Set>(args[1]);
  if (!found.ok()) return found.status();
  const auto added =
      different(args.from(2), [&](View member) { return *found == nullptr || !(*found)->contains(member); });
  if (!added.empty()) ctx.emit(SetAdd{.key = args[1], .members = added});
  return ctx.reply.integer(static_cast<int64_t>(added.size()));
}

// SREM key member [member ...]  →  how many were there
Outcome srem(Context& ctx, Args args) {
  const auto found = ctx.find<Set>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return ctx.reply.integer(0);
  const auto removed = different(args.from(2), [&](View member) { return (*found)->contains(member); });
  if (!removed.empty()) ctx.emit(SetRemove{.key = args[1], .members = removed});
  return ctx.reply.integer(static_cast<int64_t>(removed.size()));
}

// SMOVE source destination member
Outcome smove(Context& ctx, Args args) {
  const auto source = ctx.find<Set>(args[1]);
  if (!source.ok()) return source.status();
  if (*source == nullptr) return ctx.reply.integer(0);
  const auto target = ctx.find<Set>(args[2]);
  if (!target.ok()) return target.status();
  if (!(*source)->contains(args[3])) return ctx.reply.integer(0);
  if (args[1] == args[2]) return ctx.reply.integer(1);
  const View members[] = {args[3]};
  const bool there = *target != nullptr && (*target)->contains(args[3]);
  ctx.emit(SetRemove{.key = args[1], .members = members});
  if (!there) ctx.emit(SetAdd{.key = args[2], .members = members});
  return ctx.reply.integer(1);
}

// SCARD key
Outcome scard(Context& ctx, Args args) {
  const auto found = ctx.find<Set>(args[1]);
  if (!found.ok()) return found.status();
  return ctx.reply.integer(static_cast<int64_t>(size_of(*found)));
}

// SISMEMBER key member
Outcome sismember(Context& ctx, Args args) {
  const auto found = ctx.find<Set>(args[1]);
  if (!found.ok()) return found.status();
  return ctx.reply.integer(*found != nullptr && (*found)->contains(args[2]));
}

// SMISMEMBER key member [member ...]
Outcome smismember(Context& ctx, Args args) {
  const auto found = ctx.find<Set>(args[1]);
  if (!found.ok()) return found.status();
  ctx.reply.array(args.size() - 2);
  for (const View member : args.from(2)) ctx.reply.integer(*found != nullptr && (*found)->contains(member));
  return Replied();
}

// SMEMBERS key
Outcome smembers(Context& ctx, Args args) {
  const auto found = ctx.find<Set>(args[1]);
  if (!found.ok()) return found.status();
  ctx.reply.set(size_of(*found));
  if (*found != nullptr) (*found)->for_each([&](View member) { ctx.reply.bulk(member); });
  return Replied();
}

// SPOP key [count]
Outcome spop(Context& ctx, Args args) {
  if (args.size() > 3) return kSyntaxError;
  uint64_t wanted = 1;
  if (args.size() == 3) {
    const auto count = count_of(args[2]);
    if (!count.ok()) return count.status();
    wanted = *count;
  }
  const auto found = ctx.find<Set>(args[1]);
  if (!found.ok()) return found.status();
  if (args.size() == 2 && *found == nullptr) return ctx.reply.null();
  const uint64_t count = std::min<uint64_t>(wanted, size_of(*found));
  std::vector<Bytes> owned;
  if (count > 0) (*found)->sample(count, ctx.rooms.dice(), [&](View member) { owned.emplace_back(member); });
  const std::vector<View> popped(owned.begin(), owned.end());
  if (args.size() == 2) ctx.reply.bulk(popped[0]);
  else ctx.reply.set(popped.size());
  if (args.size() == 3) {
    for (const View member : popped) ctx.reply.bulk(member);
  }
  if (count > 0) ctx.emit(SetRemove{.key = args[1], .members = popped});
  return Replied();
}

// SRANDMEMBER key [count]: a negative count may repeat
Outcome srandmember(Context& ctx, Args args) {
  if (args.size() > 3) return kSyntaxError;
  int64_t count = 1;
  if (args.size() == 3) {
    const auto given = magnitude_of(args[2]);
    if (!given.ok()) return given.status();
    count = *given;
  }
  const auto found = ctx.find<Set>(args[1]);
  if (!found.ok()) return found.status();
  if (args.size() == 2)
    return *found == nullptr ? ctx.reply.null() : ctx.reply.bulk((*found)->random(ctx.rooms.dice()));
  if (*found == nullptr || count == 0) return ctx.reply.array(0);
  if (count > 0) {
    const uint64_t picked = std::min<uint64_t>(static_cast<uint64_t>(count), (*found)->size());
    ctx.reply.array(picked);
    (*found)->sample(picked, ctx.rooms.dice(), [&](View member) { ctx.reply.bulk(member); });
    return Replied();
  }
  const auto repeats = static_cast<uint64_t>(-count);
  if (repeats > kRandomRepeatsMax) return kOutOfRange;  // each is an item of the reply: memory
  ctx.reply.array(repeats);
  for (uint64_t i = 0; i < repeats; ++i) ctx.reply.bulk((*found)->random(ctx.rooms.dice()));
  return Replied();
}

// SSCAN key cursor [MATCH pattern] [COUNT count]
Outcome sscan(Context& ctx, Args args) {
  return scan_value<Set>(ctx, args, ScanOf::kOther,
                         [](const Set& set, const ScanOptions& options, std::vector<Bytes>& items) {
    const auto visit = [&](View member) {
      if (options.matches(member)) items.emplace_back(member);
    };
    if (set.encoding == Encoding::kHashtable) return set.scan(options.cursor, options.count, visit);
    set.for_each(visit);  // a small one comes whole
    return uint64_t{0};
  });
}

// The algebra: what each command makes of its sources, as owned members, each once.
using Sources = std::vector<Sight<Set>>;  // "null" where a key is absent

Result<Sources> find_all(Context& ctx, Views keys) {
  const Context::Reading reading(ctx);
  Sources sources;
  for (const View key : keys) {
    const auto found = ctx.find<Set>(key);
    if (!found.ok()) return found.status();
    sources.push_back(*found);
  }
  return sources;
}

template <typename Visit>  // false ends the walk
void intersect(Sources sources, Visit visit) {
  if (std::find(sources.begin(), sources.end(), nullptr) != sources.end()) return;
  std::sort(sources.begin(), sources.end(), [](const Set* a, const Set* b) { return a->size() < b->size(); });
  bool more = true;
  sources[0]->for_each([&](View member) {
    const auto has = [&](const Set* other) { return other->contains(member); };
    if (more && std::all_of(sources.begin() + 1, sources.end(), has)) more = visit(member);
  });
}

enum class Algebra : uint8_t { kIntersect, kUnion, kSubtract };

std::vector<Bytes> combine(Algebra algebra, const Sources& sources) {
  std::vector<Bytes> members;
  if (algebra == Algebra::kIntersect) {
    intersect(sources, [&](View member) { return members.emplace_back(member), true; });
    return members;
  }
  if (algebra == Algebra::kSubtract) {
    if (sources[0] == nullptr) return members;
    sources[0]->for_each([&](View member) {
      const auto has = [&](const Set* other) { return other != nullptr && other->contains(member); };
      if (std::none_of(sources.begin() + 1, sources.end(), has)) members.emplace_back(member);
    });
    return members;
  }
  std::unordered_set<View> seen;  // views into the sources, which stand still
  for (const Set* source : sources) {
    if (source == nullptr) continue;
    source->for_each([&](View member) {
      if (seen.insert(member).second) members.emplace_back(member);
    });
  }
  return members;
}

// SINTER key [key ...], SUNION, SDIFF
template <Algebra kAlgebra>
Outcome algebra(Context& ctx, Args args) {
  const auto sources = find_all(ctx, args.from(1));
  if (!sources.ok()) return sources.status();
  const std::vector<Bytes> members = combine(kAlgebra, *sources);
  ctx.reply.set(members.size());
  for (const Bytes& member : members) ctx.reply.bulk(member);
  return Replied();
}

// SINTERSTORE destination key [key ...], SUNIONSTORE, SDIFFSTORE  →  how many members the destination has now
template <Algebra kAlgebra>
Outcome algebra_store(Context& ctx, Args args) {
  const auto sources = find_all(ctx, args.from(2));
  if (!sources.ok()) return sources.status();
  const std::vector<Bytes> owned = combine(kAlgebra, *sources);
  const std::vector<View> members(owned.begin(), owned.end());
  if (ctx.look(args[1])) ctx.emit(KeyDelete{.key = args[1]});
  if (!members.empty()) ctx.emit(SetAdd{.key = args[1], .members = members});
  return ctx.reply.integer(static_cast<int64_t>(members.size()));
}

// SINTERCARD numkeys key [key ...] [LIMIT limit]
Outcome sintercard(Context& ctx, Args args) {
  const auto count = parse_integer(args[1]);
  if (!count || *count <= 0) return Status::error("ERR numkeys should be greater than 0");
  if (static_cast<uint64_t>(*count) > args.size() - 2) {
    return Status::error("ERR Number of keys can't be greater than number of args");
  }
  const size_t after = 2 + static_cast<size_t>(*count);
  uint64_t limit = 0;
  for (size_t i = after; i < args.size(); i += 2) {
    if (!same_word(args[i], "LIMIT") || i + 1 >= args.size()) return kSyntaxError;
    const auto given = parse_integer(args[i + 1]);
    if (!given || *given < 0) return Status::error("ERR LIMIT can't be negative");
    limit = static_cast<uint64_t>(*given);
  }
  const auto sources = find_all(ctx, args.slice(2, after));
  if (!sources.ok()) return sources.status();
  int64_t common = 0;
  intersect(*sources, [&](View) { return static_cast<uint64_t>(++common) != limit; });
  return ctx.reply.integer(common);
}

constexpr CommandRow kRows[] = {
    // name         arity keys                traits                      handler
    {"SADD",        -3,   Keys::at(1),        kWrite | kDenyOom | kFast,  sadd},
    {"SCARD",       2,    Keys::at(1),        kReadOnly | kFast,          scard},
    {"SDIFF",       -2,   Keys::range(1, -1), kReadOnly,                  algebra<Algebra::kSubtract>},
    {"SDIFFSTORE",  -3,   Keys::range(1, -1), kWrite | kDenyOom,          algebra_store<Algebra::kSubtract>},
    {"SINTER",      -2,   Keys::range(1, -1), kReadOnly,                  algebra<Algebra::kIntersect>},
    {"SINTERCARD",  -3,   Keys::counted(1),   kReadOnly | kMovableKeys,   sintercard},
    {"SINTERSTORE", -3,   Keys::range(1, -1), kWrite | kDenyOom,          algebra_store<Algebra::kIntersect>},
    {"SISMEMBER",   3,    Keys::at(1),        kReadOnly | kFast,          sismember},
    {"SMEMBERS",    2,    Keys::at(1),        kReadOnly,                  smembers},
    {"SMISMEMBER",  -3,   Keys::at(1),        kReadOnly | kFast,          smismember},
    {"SMOVE",       4,    Keys::range(1, 2),  kWrite | kFast,             smove},
    {"SPOP",        -2,   Keys::at(1),        kWrite | kFast,             spop},
    {"SRANDMEMBER", -2,   Keys::at(1),        kReadOnly,                  srandmember},
    {"SREM",        -3,   Keys::at(1),        kWrite | kFast,             srem},
    {"SSCAN",       -3,   Keys::at(1),        kReadOnly,                  sscan},
    {"SUNION",      -2,   Keys::range(1, -1), kReadOnly,                  algebra<Algebra::kUnion>},
    {"SUNIONSTORE", -3,   Keys::range(1, -1), kWrite | kDenyOom,          algebra_store<Algebra::kUnion>},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kSetFamily{"set", kRows};

}  // namespace leat
