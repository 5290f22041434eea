// SPDX-License-Identifier: Apache-2.0
// key.cc: commands on keys of any type. https://redis.io/docs/latest/commands/?group=generic
#include "broker/commands/context.h"
#include "broker/commands/dump_commands.h"
#include "broker/commands/expiry.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/rest_manners.h"
#include "broker/commands/scan.h"
#include "broker/keyspace/encoding.h"

namespace leat {

namespace {

// DEL key [key ...], UNLINK key [key ...]  →  how many were there. Large values are freed in slices either way.
Outcome del(Context& ctx, Args args) {
  int64_t deleted = 0;
  for (const View key : args.from(1)) {
    if (!ctx.look(key)) continue;
    ctx.emit(KeyDelete{.key = key});
    ++deleted;
  }
  return ctx.reply.integer(deleted);
}

// EXISTS key [key ...], TOUCH key [key ...]  →  how many are there, one named twice counting twice
Outcome count_present(Context& ctx, Args args) {
  int64_t present = 0;
  for (const View key : args.from(1)) present += ctx.look(key).has_value();
  return ctx.reply.integer(present);
}

// TYPE key
Outcome type(Context& ctx, Args args) {
  const auto found = ctx.look(args[1]);
  return ctx.reply.simple(found ? name_of(found->type) : "none");
}

struct ExpireConditions {
  bool only_without = false, only_with = false, only_later = false, only_sooner = false;
};

Result<ExpireConditions> parse_conditions(Args args) {
  ExpireConditions given;
  for (const View word : args.from(3)) {
    if (same_word(word, "NX")) given.only_without = true;
    else if (same_word(word, "XX")) given.only_with = true;
    else if (same_word(word, "GT")) given.only_later = true;
    else if (same_word(word, "LT")) given.only_sooner = true;
    else return Status::error("ERR Unsupported option " + Bytes(word));
  }
  if (given.only_without && (given.only_with || given.only_later || given.only_sooner)) {
    return Status::error("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (given.only_later && given.only_sooner) {
    return Status::error("ERR GT and LT options at the same time are not compatible");
  }
  return given;
}

bool allowed(const ExpireConditions& given, TimeMs current, TimeMs at_ms) {
  const bool forever = current == kNoExpiry;
  if (given.only_without && !forever) return false;
  if (given.only_with && forever) return false;
  if (given.only_later && (forever || at_ms <= current)) return false;
  if (given.only_sooner && !forever && at_ms >= current) return false;
  return true;
}

// EXPIRE key seconds [NX | XX | GT | LT] and its three sisters  →  1, or 0 without the key or against a condition
template <TimeUnit kUnit, TimeBase kBase>
Outcome expire(Context& ctx, Args args) {
  const auto given = parse_conditions(args);
  if (!given.ok()) return given.status();
  const auto at_ms = expiry_at_ms(args[2], {kUnit, kBase}, ctx.now_ms, ctx.command, false);
  if (!at_ms.ok()) return at_ms.status();
  const auto found = ctx.look(args[1]);
  if (!found || !allowed(*given, found->expire_at_ms, *at_ms)) return ctx.reply.integer(0);
  if (*at_ms <= ctx.now_ms) ctx.emit(KeyDelete{.key = args[1]});
  else ctx.emit(KeySetExpiry{.key = args[1], .at_ms = *at_ms});
  return ctx.reply.integer(1);
}

// TTL, PTTL, EXPIRETIME, PEXPIRETIME  →  -2 without the key, -1 without an expiry
template <TimeUnit kUnit, TimeBase kBase>
Outcome expiry(Context& ctx, Args args) {
  const auto found = ctx.look(args[1]);
  if (!found) return ctx.reply.integer(-2);
  if (found->expire_at_ms == kNoExpiry) return ctx.reply.integer(-1);
  const int64_t ms = found->expire_at_ms - (kBase == TimeBase::kFromNow ? ctx.now_ms : 0);
  if (kUnit == TimeUnit::kMilliseconds) return ctx.reply.integer(ms);
  return ctx.reply.integer((ms + (kBase == TimeBase::kFromNow ? 500 : 0)) / 1000);  // TTL rounds, EXPIRETIME cuts
}

// PERSIST key
Outcome persist(Context& ctx, Args args) {
  const auto found = ctx.look(args[1]);
  if (!found || found->expire_at_ms == kNoExpiry) return ctx.reply.integer(0);
  ctx.emit(KeySetExpiry{.key = args[1], .at_ms = kNoExpiry});
  return ctx.reply.integer(1);
}

// RENAME key newkey, RENAMENX key newkey
template <bool kOnlyIfAbsent>
Outcome rename(Context& ctx, Args args) {
  if (!ctx.look(args[1])) return kNoSuchKey;
  const bool taken = ctx.look(args[2]).has_value();
  if (kOnlyIfAbsent && taken) return ctx.reply.integer(0);
  if (args[1] != args[2]) ctx.emit(KeyRename{.key = args[1], .to = args[2]});
  return kOnlyIfAbsent ? ctx.reply.integer(1) : ctx.reply.ok();
}

// MOVE key db
Outcome move(Context& ctx, Args args) {
  const auto db = database_of(args[2]);
  if (!db.ok()) return db.status();
  const DbIndex to_db = *db;
  if (to_db == ctx.db) return Status::error("ERR source and destination objects are the same");
  if (!ctx.look(args[1]) || ctx.look_in(to_db, args[1])) return ctx.reply.integer(0);
  ctx.emit(KeyMove{.key = args[1], .to_db = to_db});
  return ctx.reply.integer(1);
}

// COPY source destination [DB db] [REPLACE]
Outcome copy(Context& ctx, Args args) {
  DbIndex to_db = ctx.db;
  bool replace = false;
  for (size_t i = 3; i < args.size(); ++i) {
    if (same_word(args[i], "REPLACE")) {
      replace = true;
    } else if (same_word(args[i], "DB") && i + 1 < args.size()) {
      const auto db = database_of(args[++i]);
      if (!db.ok()) return db.status();
      to_db = *db;
    } else {
      return kSyntaxError;
    }
  }
  if (to_db == ctx.db && args[1] == args[2]) {
    if (by_rest(ctx)) return ctx.reply.integer(0);
    return Status::error("ERR source and destination objects are the same");
  }
  if (const Context::Reading reading(ctx); !ctx.look(args[1])) return ctx.reply.integer(0);
  if (ctx.look_in(to_db, args[2]) && !replace) return ctx.reply.integer(0);
  ctx.emit(KeyCopy{.key = args[1], .to_db = to_db, .to = args[2]});
  return ctx.reply.integer(1);
}

// KEYS pattern
Outcome keys(Context& ctx, Args args) {
  ctx.rest_on_everything();
  const auto mark = ctx.reply.reserve_array();
  size_t count = 0;
  ctx.database().for_each([&](View key, const Found& found) {
    if (ctx.is_due(found) || !glob_match(args[1], key)) return;
    ctx.reply.bulk(key);
    ++count;
  });
  ctx.reply.fill_array(mark, count);
  return Replied();
}

// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type] [WITHTYPE, over REST]
Outcome scan(Context& ctx, Args args) {
  const auto options = parse_scan(args, 1, by_rest(ctx) ? ScanOf::kKeysOverRest : ScanOf::kKeys);
  if (!options.ok()) return options.status();
  ctx.rest_on_everything();
  std::vector<Bytes> found_keys;
  const auto visit = [&](View key, const Found& found) {
    const bool wanted = !options->unknown_type && (!options->type || found.type == *options->type);
    if (!wanted || ctx.is_due(found) || !options->matches(key)) return;
    found_keys.emplace_back(key);
    if (options->with_type) found_keys.emplace_back(name_of(found.type));
  };
  const auto pages = options->exact ? ByteMap::Pages::kExact : ByteMap::Pages::kOfSegments;
  const uint64_t next = ctx.database().scan(options->cursor, options->count, visit, pages);
  return reply_scan(ctx.reply, next, found_keys);
}

// RANDOMKEY
Outcome randomkey(Context& ctx, Args) {
  constexpr int kTries = 100;  // when nearly all keys are due
  ctx.rest_on_everything();
  for (int i = 0; i < kTries; ++i) {
    const auto key = ctx.database().random_key(ctx.rooms.dice());
    if (!key) break;
    if (ctx.look(*key)) return ctx.reply.bulk(*key);
  }
  return ctx.reply.null();
}

Outcome object(Context& ctx, Args) { return arity_error(ctx.command); }

Encoding encoding_of(const Found& found) {
  if (found.type != Type::kString) return found.encoding();
  return found.written ? Encoding::kRaw : encoding_of_text(found.text);
}

// OBJECT ENCODING key
Outcome object_encoding(Context& ctx, Args args) {
  const auto found = ctx.look(args[2]);
  return found ? ctx.reply.bulk(name_of(encoding_of(*found))) : ctx.reply.null();
}

Status not_tracked(const char* selected, const char* what) {
  return Status::error(
      Bytes("ERR An LFU maxmemory policy is ") + selected + ", " + what +
      " not tracked. Please note that when switching between policies at runtime LRU and LFU data will "
      "take some time to adjust.");
}

// OBJECT IDLETIME key  →  seconds since somebody looked
Outcome object_idletime(Context& ctx, Args args) {
  const auto found = ctx.look(args[2]);
  if (!found) return ctx.reply.null();
  if (ctx.rooms.eviction.counts(ctx.rooms.classes.of(args[2]))) return not_tracked("selected", "idle time");
  return ctx.reply.integer(found->use == nullptr ? 0 : ctx.rooms.eviction.idle_ms(*found->use) / 1000);
}

// OBJECT REFCOUNT key: values are not shared between keys
Outcome object_refcount(Context& ctx, Args args) {
  return ctx.look(args[2]) ? ctx.reply.integer(1) : ctx.reply.null();
}

// OBJECT FREQ key  →  the logarithmic counter of uses
Outcome object_freq(Context& ctx, Args args) {
  const auto found = ctx.look(args[2]);
  if (!found) return ctx.reply.null();
  if (!ctx.rooms.eviction.counts(ctx.rooms.classes.of(args[2]))) return not_tracked("not selected", "access frequency");
  return ctx.reply.integer(ctx.rooms.eviction.frequency(found->use == nullptr ? 0 : *found->use));
}

constexpr auto kSeconds = TimeUnit::kSeconds;
constexpr auto kMillis = TimeUnit::kMilliseconds;
constexpr auto kFromNow = TimeBase::kFromNow;
constexpr auto kAbsolute = TimeBase::kAbsolute;
constexpr uint32_t kAsks = kReadOnly | kNoTouch, kAsksHow = kAsks | kNoMiss;
constexpr CommandRow kRows[] = {
    // name            arity keys                traits               handler
    {"COPY",            -3,  Keys::range(1, 2),  kWrite | kDenyOom,   copy},
    {"DEL",             -2,  Keys::range(1, -1), kWrite,              del},
    {"DUMP",            2,   Keys::at(1),        kReadOnly,           dump},
    {"EXISTS",          -2,  Keys::range(1, -1), kAsks | kFast,      count_present},
    {"EXPIRE",          -3,  Keys::at(1),        kWrite | kFast,      expire<kSeconds, kFromNow>},
    {"EXPIREAT",        -3,  Keys::at(1),        kWrite | kFast,      expire<kSeconds, kAbsolute>},
    {"EXPIRETIME",      2,   Keys::at(1),        kAsks | kFast,      expiry<kSeconds, kAbsolute>},
    {"KEYS",            2,   Keys::none(),       kReadOnly,           keys},
    {"MIGRATE",         -6,  Keys::migrated(),   kWrite | kMovableKeys, migrate},
    {"MOVE",            3,   Keys::at(1),        kWrite | kFast,      move},
    {"OBJECT",          -2,  Keys::none(),       kContainer, object},
    {"OBJECT|ENCODING", 3,   Keys::at(2),        kAsksHow,            object_encoding},
    {"OBJECT|FREQ",     3,   Keys::at(2),        kAsksHow,            object_freq},
    {"OBJECT|HELP",     2,   Keys::none(),       kLoading | kStale,   subcommand_help},
    {"OBJECT|IDLETIME", 3,   Keys::at(2),        kAsksHow,            object_idletime},
    {"OBJECT|REFCOUNT", 3,   Keys::at(2),        kAsksHow,            object_refcount},
    {"PERSIST",         2,   Keys::at(1),        kWrite | kFast,      persist},
    {"PEXPIRE",         -3,  Keys::at(1),        kWrite | kFast,      expire<kMillis, kFromNow>},
    {"PEXPIREAT",       -3,  Keys::at(1),        kWrite | kFast,      expire<kMillis, kAbsolute>},
    {"PEXPIRETIME",     2,   Keys::at(1),        kAsks | kFast,      expiry<kMillis, kAbsolute>},
    {"PTTL",            2,   Keys::at(1),        kAsks | kFast,      expiry<kMillis, kFromNow>},
    {"RANDOMKEY",       1,   Keys::none(),       kAsks,              randomkey},
    {"RENAME",          3,   Keys::range(1, 2),  kWrite,              rename<false>},
    {"RENAMENX",        3,   Keys::range(1, 2),  kWrite | kFast,      rename<true>},
    {"RESTORE",         -4,  Keys::at(1),        kWrite | kDenyOom,   restore},
    {"SCAN",            -2,  Keys::none(),       kReadOnly,           scan},
    {"TOUCH",           -2,  Keys::range(1, -1), kReadOnly | kFast,   count_present},
    {"TTL",             2,   Keys::at(1),        kAsks | kFast,      expiry<kSeconds, kFromNow>},
    {"TYPE",            2,   Keys::at(1),        kAsks | kFast,      type},
    {"UNLINK",          -2,  Keys::range(1, -1), kWrite | kFast,      del},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kKeyFamily{"keyspace", kRows};

}  // namespace leat
