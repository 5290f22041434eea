// SPDX-License-Identifier: Apache-2.0
// hash.cc: the hash family; hash_lifetime.cc has what is about fields' lifetimes.
// https://redis.io/docs/latest/commands/?group=hash
#include "broker/keyspace/hash_sight.h"

#include <cmath>
#include <unordered_set>

#include "broker/commands/context.h"
#include "broker/commands/families.h"
#include "broker/commands/scan.h"

namespace leat {

namespace {

uint64_t size_of(const HashSight& hash) { return hash == nullptr ? 0 : hash.size(); }

// How many different names of a request the hash lacks, or has. Few names: looking back is cheaper than a set.
template <typename Counts>
int64_t count_different(Views words, size_t step, Counts counts) {
  constexpr size_t kFew = 16;
  int64_t count = 0;
  std::unordered_set<View> seen;
  for (size_t i = 0; i < words.size(); i += step) {
    if (!counts(words[i])) continue;
    bool repeated = false;
    if (words.size() / step <= kFew) {
      for (size_t j = 0; j < i && !repeated; j += step) repeated = words[j] == words[i];
    } else {
      repeated = !seen.insert(words[i]).second;
    }
    count += !repeated;
  }
  return count;
}

// HSET key field value [field value ...]  →  how many fields are new; HMSET answers OK
template <bool kOldForm>
Outcome hset(Context& ctx, Args args) {
  if (args.size() % 2 != 0) return arity_error(ctx.command);
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  const Views pairs = args.from(2);
  int64_t added = 0;
  if (!kOldForm) {
    added = count_different(pairs, 2, [&](View field) { return *found == nullptr || !(*found)->contains(field); });
  }
  ctx.emit(HashSet{.key = args[1], .pairs = pairs});
  return kOldForm ? ctx.reply.ok() : ctx.reply.integer(added);
}

// HSETNX key field value
Outcome hsetnx(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  if (*found != nullptr && (*found)->contains(args[2])) return ctx.reply.integer(0);
  ctx.emit(HashSet{.key = args[1], .pairs = args.from(2)});
  return ctx.reply.integer(1);
}

Replied reply_field(ReplySink& reply, const HashSight& hash, View field) {
  const auto value = hash == nullptr ? std::nullopt : hash->get(field);
  return value ? reply.bulk(*value) : reply.null();
}

// HGET key field
Outcome hget(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  return reply_field(ctx.reply, *found, args[2]);
}

// HMGET key field [field ...]
Outcome hmget(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  ctx.reply.array(args.size() - 2);
  for (const View field : args.from(2)) reply_field(ctx.reply, *found, field);
  return Replied();
}

// HDEL key field [field ...]  →  how many were there
Outcome hdel(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return ctx.reply.integer(0);
  const int64_t removed = count_different(args.from(2), 1, [&](View field) { return (*found)->contains(field); });
  if (removed > 0) ctx.emit(HashDelete{.key = args[1], .names = args.from(2)});
  return ctx.reply.integer(removed);
}

// HLEN key
Outcome hlen(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  return ctx.reply.integer(static_cast<int64_t>(size_of(*found)));
}

// HEXISTS key field
Outcome hexists(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  return ctx.reply.integer(*found != nullptr && (*found)->contains(args[2]));
}

// HSTRLEN key field
Outcome hstrlen(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  const auto value = *found == nullptr ? std::nullopt : (*found)->get(args[2]);
  return ctx.reply.integer(value ? static_cast<int64_t>(value->size()) : 0);
}

// HGETALL key
Outcome hgetall(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  ctx.reply.map(size_of(*found));
  if (*found == nullptr) return Replied();
  (*found)->for_each([&](View field, View value) {
    ctx.reply.bulk(field);
    ctx.reply.bulk(value);
  });
  return Replied();
}

// HKEYS key, HVALS key
template <bool kFields>
Outcome list_half(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  ctx.reply.array(size_of(*found));
  if (*found == nullptr) return Replied();
  (*found)->for_each([&](View field, View value) { ctx.reply.bulk(kFields ? field : value); });
  return Replied();
}

// A number keeps its field's lifetime.
void set_counted(Context& ctx, View key, const HashSight& hash, Views pair) {
  if (hash == nullptr || hash.lifetime(pair[0]) == 0) ctx.emit(HashSet{.key = key, .pairs = pair});
  else ctx.emit(HashRevise{.key = key, .pairs = pair});
}

// HINCRBY key field increment
Outcome hincrby(Context& ctx, Args args) {
  const auto delta = integer_of(args[3]);
  if (!delta.ok()) return delta.status();
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  int64_t value = 0;
  if (const auto text = *found == nullptr ? std::nullopt : (*found)->get(args[2])) {
    const auto parsed = integer_of(*text, Status::error("ERR hash value is not an integer"));
    if (!parsed.ok()) return parsed.status();
    value = *parsed;
  }
  if (__builtin_add_overflow(value, *delta, &value)) return Status::error("ERR increment or decrement would overflow");
  char text[kIntegerTextMax];
  const View pairs[] = {args[2], View(text, write_integer(text, value))};
  set_counted(ctx, args[1], *found, pairs);
  return ctx.reply.integer(value);
}

// HINCRBYFLOAT key field increment
Outcome hincrbyfloat(Context& ctx, Args args) {
  const auto delta = parse_long_real(args[3]);
  if (!delta) return kNotAFloat;
  if (std::isinf(*delta)) return Status::error("ERR value is NaN or Infinity");
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  long double value = 0;
  if (const auto text = *found == nullptr ? std::nullopt : (*found)->get(args[2])) {
    const auto parsed = parse_long_real(*text);
    if (!parsed) return Status::error("ERR hash value is not a float");
    value = *parsed;
  }
  value += *delta;
  if (std::isnan(value) || std::isinf(value)) return Status::error("ERR increment would produce NaN or Infinity");
  const Bytes text = long_real_text(value);
  const View pairs[] = {args[2], text};
  set_counted(ctx, args[1], *found, pairs);
  return ctx.reply.bulk(text);
}

void reply_picked(ReplySink& reply, View field, View value, bool with_values) {
  if (with_values && reply.resp3()) reply.array(2);
  reply.bulk(field);
  if (with_values) reply.bulk(value);
}

// HRANDFIELD key [count [WITHVALUES]]: a negative count may repeat
Outcome hrandfield(Context& ctx, Args args) {
  if (args.size() == 2) {
    const auto found = ctx.find<Hash>(args[1]);
    if (!found.ok()) return found.status();
    if (*found == nullptr) return ctx.reply.null();
    return ctx.reply.bulk((*found)->random(ctx.rooms.dice()).key);
  }
  const auto count = magnitude_of(args[2]);
  if (!count.ok()) return count.status();
  const bool with_values = args.size() == 4 && same_word(args[3], "WITHVALUES");
  if (args.size() > 4 || (args.size() == 4 && !with_values)) return kSyntaxError;
  if (with_values && (*count < -(INT64_MAX / 2) || *count > INT64_MAX / 2)) return kOutOfRange;
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr || *count == 0) return ctx.reply.array(0);
  const size_t per_item = with_values && !ctx.reply.resp3() ? 2 : 1;
  if (*count > 0) {
    const size_t picked = std::min<uint64_t>(static_cast<uint64_t>(*count), (*found)->size());
    ctx.reply.array(picked * per_item);
    (*found)->sample(picked, ctx.rooms.dice(), [&](View field, View value) {
      reply_picked(ctx.reply, field, value, with_values);
    });
    return Replied();
  }
  const auto repeats = static_cast<uint64_t>(-*count);
  if (repeats > kRandomRepeatsMax) return kOutOfRange;  // each is an item of the reply: memory
  ctx.reply.array(repeats * per_item);
  for (uint64_t i = 0; i < repeats; ++i) {
    const Hash::Field picked = (*found)->random(ctx.rooms.dice());
    reply_picked(ctx.reply, picked.key, picked.value, with_values);
  }
  return Replied();
}

// HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]
Outcome hscan(Context& ctx, Args args) {
  using Items = std::vector<Bytes>;
  return scan_value<Hash>(ctx, args, ScanOf::kHash,
                          [](const HashSight& hash, const ScanOptions& options, Items& items) {
    const auto visit = [&](View field, View value) {
      if (!options.matches(field)) return;
      items.emplace_back(field);
      if (!options.no_values) items.emplace_back(value);
    };
    if (hash.encoding() == Encoding::kHashtable) return hash.scan(options.cursor, options.count, visit);
    hash.for_each(visit);  // a small one comes whole
    return uint64_t{0};
  });
}

constexpr CommandRow kRows[] = {
    // name          arity keys         traits                      handler
    {"HDEL",         -3,   Keys::at(1), kWrite | kFast,             hdel},
    {"HEXISTS",      3,    Keys::at(1), kReadOnly | kFast,          hexists},
    {"HGET",         3,    Keys::at(1), kReadOnly | kFast,          hget},
    {"HGETALL",      2,    Keys::at(1), kReadOnly,                  hgetall},
    {"HINCRBY",      4,    Keys::at(1), kWrite | kDenyOom | kFast,  hincrby},
    {"HINCRBYFLOAT", 4,    Keys::at(1), kWrite | kDenyOom | kFast,  hincrbyfloat},
    {"HKEYS",        2,    Keys::at(1), kReadOnly,                  list_half<true>},
    {"HLEN",         2,    Keys::at(1), kReadOnly | kFast,          hlen},
    {"HMGET",        -3,   Keys::at(1), kReadOnly | kFast,          hmget},
    {"HMSET",        -4,   Keys::at(1), kWrite | kDenyOom | kFast,  hset<true>},
    {"HRANDFIELD",   -2,   Keys::at(1), kReadOnly,                  hrandfield},
    {"HSCAN",        -3,   Keys::at(1), kReadOnly,                  hscan},
    {"HSET",         -4,   Keys::at(1), kWrite | kDenyOom | kFast,  hset<false>},
    {"HSETNX",       4,    Keys::at(1), kWrite | kDenyOom | kFast,  hsetnx},
    {"HSTRLEN",      3,    Keys::at(1), kReadOnly | kFast,          hstrlen},
    {"HVALS",        2,    Keys::at(1), kReadOnly,                  list_half<false>},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kHashFamily{"hash", kRows};

}  // namespace leat
