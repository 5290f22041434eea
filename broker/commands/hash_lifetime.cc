// SPDX-License-Identifier: Apache-2.0
// hash_lifetime.cc: fields of hashes that end: HEXPIRE and its kin of Redis 7.4; HGETEX, HSETEX and HGETDEL of Redis 8.
// https://redis.io/docs/latest/commands/hexpire/ … /hgetex/ /hsetex/ /hgetdel/
//
// Always:  - a name that a request says twice meets what its first mention has made of the field;
//          - a time that has come already deletes instead (HashDelete): nothing is stored that is due.
#include <algorithm>
#include <unordered_set>

#include "broker/commands/context.h"
#include "broker/commands/expiry.h"
#include "broker/commands/families.h"
#include "broker/keyspace/hash_sight.h"

namespace leat {

namespace {

constexpr TimeMs kFieldTimeMax = (TimeMs{1} << 46) - 1;  // Redis' bound: the year 4199
constexpr int64_t kNoField = -2, kNoLifetime = -1, kNotMet = 0, kDone = 1, kDeleted = 2;

const Status kFieldsMissing = Status::error("ERR Mandatory argument FIELDS is missing or not at the right position");
const Status kCountMismatch = Status::error("ERR The `numfields` parameter must match the number of arguments");
const Status kNotSoMany = Status::error("ERR Number of fields must be a positive integer");
const Status kNotSoManySet = Status::error("ERR Parameter `numFields` should be greater than 0");

Status bad_time(const Command& command) {
  return Status::error("ERR invalid expire time in '" + lower(command.row.name) + "' command");
}

// The absolute time in ms, which may have come already.
Result<TimeMs> field_time_of(const Context& ctx, View text, ExpiryForm form) {
  const auto value = integer_of(text);
  if (!value.ok()) return value.status();
  if (*value < 0) return Status::error("ERR invalid expire time, must be >= 0");
  const int64_t unit_ms = form.unit == TimeUnit::kSeconds ? 1000 : 1;
  const TimeMs from_ms = form.base == TimeBase::kFromNow ? ctx.now_ms : 0;
  if (*value > kFieldTimeMax / unit_ms || *value * unit_ms > kFieldTimeMax - from_ms) return bad_time(ctx.command);
  return *value * unit_ms + from_ms;
}

// FIELDS numfields field [field ...], from the word `at` to the last.
Result<Views> fields_of(const Context& ctx, Args args, size_t at, const Status& bad_count) {
  if (at >= args.size() || !same_word(args[at], "FIELDS")) return kFieldsMissing;
  if (at + 1 >= args.size()) return arity_error(ctx.command);
  const auto count = integer_of(args[at + 1], bad_count);
  if (!count.ok() || *count < 1) return bad_count;
  const Views names = args.from(at + 2);
  if (static_cast<uint64_t>(*count) != names.size()) return kCountMismatch;
  return names;
}

// The names that a request has dealt with. Few names: looking back is cheaper than a set.
class Dealt {
 public:
  void add(View name) {
    names_.push_back(name);
    if (names_.size() == kFew) seen_.insert(names_.begin(), names_.end());
    if (names_.size() > kFew) seen_.insert(name);
  }
  bool has(View name) const {
    if (names_.size() >= kFew) return seen_.contains(name);
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }
  bool any() const { return !names_.empty(); }
  Views names() const { return names_; }

 private:
  static constexpr size_t kFew = 16;
  std::vector<View> names_;
  std::unordered_set<View> seen_;
};

enum class Condition : uint8_t { kAlways, kNone, kSome, kGreater, kLess };

Condition condition_of(View word) {
  if (same_word(word, "NX")) return Condition::kNone;
  if (same_word(word, "XX")) return Condition::kSome;
  if (same_word(word, "GT")) return Condition::kGreater;
  if (same_word(word, "LT")) return Condition::kLess;
  return Condition::kAlways;
}

// A field without a lifetime lives for ever: no time is greater, every one is less.
bool is_met(Condition condition, TimeMs has_ms, TimeMs at_ms) {
  switch (condition) {
    case Condition::kAlways:
      return true;
    case Condition::kNone:
      return has_ms == 0;
    case Condition::kSome:
      return has_ms != 0;
    case Condition::kGreater:
      return has_ms != 0 && at_ms > has_ms;
    case Condition::kLess:
      return has_ms == 0 || at_ms < has_ms;
  }
  return false;
}

// Gives fields, each of which is there, one time, or none; one that has come deletes them.
void emit_time(Context& ctx, View key, Views names, std::optional<TimeMs> at_ms) {
  if (names.empty()) return;
  if (at_ms && *at_ms <= ctx.now_ms) ctx.emit(HashDelete{.key = key, .names = names});
  else ctx.emit(HashSetExpiry{.key = key, .at_ms = at_ms.value_or(kNoExpiry), .names = names});
}

// H[P]EXPIRE[AT] key time [NX | XX | GT | LT] FIELDS numfields field [field ...]
//   →  for each field: -2 there is none, 0 the condition is not met, 1 done, 2 deleted, since its time has come
template <TimeUnit kUnit, TimeBase kBase>
Outcome hexpire(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  const auto at_ms = field_time_of(ctx, args[2], {kUnit, kBase});
  if (!at_ms.ok()) return at_ms.status();
  const Condition condition = condition_of(args[3]);
  const auto names = fields_of(ctx, args, condition == Condition::kAlways ? 3 : 4, kNotSoManySet);
  if (!names.ok()) return names.status();

  const HashSight& hash = *found;
  const bool deletes = *at_ms <= ctx.now_ms;
  Dealt chosen;
  ctx.reply.array(names->size());
  for (const View name : *names) {
    const bool again = chosen.has(name);
    const bool there = hash != nullptr && (again ? !deletes : hash.contains(name));
    const bool met = there && is_met(condition, again ? *at_ms : hash.lifetime(name), *at_ms);
    ctx.reply.integer(!there ? kNoField : !met ? kNotMet : deletes ? kDeleted : kDone);
    if (met && !again) chosen.add(name);
  }
  emit_time(ctx, args[1], chosen.names(), *at_ms);
  return Replied();
}

// H[P]TTL key FIELDS numfields field [field ...], H[P]EXPIRETIME: seconds are rounded up
template <TimeUnit kUnit, TimeBase kBase>
Outcome httl(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  const auto names = fields_of(ctx, args, 2, kNotSoMany);
  if (!names.ok()) return names.status();
  const HashSight& hash = *found;
  ctx.reply.array(names->size());
  for (const View name : *names) {
    const TimeMs at_ms = hash == nullptr ? 0 : hash.lifetime(name);
    const TimeMs told_ms = at_ms - (kBase == TimeBase::kFromNow ? ctx.now_ms : 0);
    if (at_ms == 0) ctx.reply.integer(hash != nullptr && hash.contains(name) ? kNoLifetime : kNoField);
    else ctx.reply.integer(kUnit == TimeUnit::kSeconds ? (told_ms + 999) / 1000 : told_ms);
  }
  return Replied();
}

// HPERSIST key FIELDS numfields field [field ...]  →  for each: -2 there is none, -1 it has no lifetime, 1 done
Outcome hpersist(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  const auto names = fields_of(ctx, args, 2, kNotSoMany);
  if (!names.ok()) return names.status();
  const HashSight& hash = *found;
  Dealt chosen;
  ctx.reply.array(names->size());
  for (const View name : *names) {
    const bool has = hash != nullptr && hash.lifetime(name) != 0 && !chosen.has(name);
    if (has) chosen.add(name);
    ctx.reply.integer(has ? kDone : hash != nullptr && hash.contains(name) ? kNoLifetime : kNoField);
  }
  emit_time(ctx, args[1], chosen.names(), std::nullopt);
  return Replied();
}

// HGETDEL key FIELDS numfields field [field ...]
Outcome hgetdel(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  const auto names = fields_of(ctx, args, 2, kNotSoMany);
  if (!names.ok()) return names.status();
  Dealt gone;
  ctx.reply.array(names->size());
  for (const View name : *names) {
    const auto value = *found == nullptr || gone.has(name) ? std::nullopt : (*found)->get(name);
    if (!value) {
      ctx.reply.null();
      continue;
    }
    ctx.reply.bulk(*value);
    gone.add(name);
  }
  if (gone.any()) ctx.emit(HashDelete{.key = args[1], .names = gone.names()});
  return Replied();
}

// What HGETEX and HSETEX say of the time: at most one of these.
struct TimeOption {
  std::optional<TimeMs> at_ms;
  bool other = false;  // PERSIST, KEEPTTL
  bool said() const { return at_ms || other; }
};

// Reads the option at `at`, which moves to its last word; false: the word is none.
Result<bool> read_time_option(const Context& ctx, Args args, size_t& at, View other, TimeOption& option) {
  const auto form = expiry_form(args[at]);
  const bool is_other = same_word(args[at], other);
  if (!form && !is_other) return false;
  if (option.said()) {
    return Status::error("ERR Only one of EX, PX, EXAT, PXAT or " + Bytes(other) + " arguments can be specified");
  }
  option.other = is_other;
  if (is_other) return true;
  if (at + 1 >= args.size()) return Status::error("ERR missing expire time");
  const auto at_ms = field_time_of(ctx, args[++at], *form);
  if (!at_ms.ok()) return at_ms.status();
  option.at_ms = *at_ms;
  return true;
}

// HGETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] FIELDS numfields field [field ...]
Outcome hgetex(Context& ctx, Args args) {
  const auto found = ctx.find<Hash>(args[1]);
  if (!found.ok()) return found.status();
  TimeOption option;
  size_t at = 2;
  for (; at < args.size() && !same_word(args[at], "FIELDS"); ++at) {
    if (option.said()) return kFieldsMissing;
    const auto read = read_time_option(ctx, args, at, "PERSIST", option);
    if (!read.ok()) return read.status();
    if (!*read) return kFieldsMissing;
  }
  const auto names = fields_of(ctx, args, at, kNotSoMany);
  if (!names.ok()) return names.status();

  const HashSight& hash = *found;
  const bool deletes = option.at_ms && *option.at_ms <= ctx.now_ms;
  Dealt chosen;
  ctx.reply.array(names->size());
  for (const View name : *names) {
    const bool again = chosen.has(name);
    const auto value = hash == nullptr || (again && deletes) ? std::nullopt : hash.get(name);
    if (value) ctx.reply.bulk(*value);
    else ctx.reply.null();
    const bool changes = option.at_ms || (option.other && value && hash.lifetime(name) != 0);
    if (value && changes && !again) chosen.add(name);
  }
  emit_time(ctx, args[1], chosen.names(), option.at_ms);
  return Replied();
}

struct HsetexOptions {
  TimeOption time;
  bool only_if_all = false, only_if_none = false;
  Views pairs;
};

Result<HsetexOptions> parse_hsetex(const Context& ctx, Args args) {
  HsetexOptions options;
  for (size_t at = 2; at < args.size(); ++at) {
    const View word = args[at];
    if (same_word(word, "FIELDS")) {
      if (at + 1 >= args.size()) return arity_error(ctx.command);
      const auto count = parse_integer(args[at + 1]);
      if (!count || *count < 1 || *count > INT32_MAX) return Status::error("ERR invalid number of fields");
      options.pairs = args.from(at + 2);
      if (options.pairs.size() != 2 * static_cast<uint64_t>(*count)) return arity_error(ctx.command);
      return options;
    }
    if (same_word(word, "FNX") || same_word(word, "FXX")) {
      if (options.only_if_all || options.only_if_none) {
        return Status::error("ERR Only one of FXX or FNX arguments can be specified");
      }
      (same_word(word, "FXX") ? options.only_if_all : options.only_if_none) = true;
      continue;
    }
    const auto read = read_time_option(ctx, args, at, "KEEPTTL", options.time);
    if (!read.ok()) return read.status();
    if (!*read) return Status::error("ERR unknown argument: " + Bytes(word));
  }
  return Status::error("ERR missing FIELDS argument");
}

bool may_set(const HsetexOptions& options, const HashSight& hash, const std::vector<View>& names) {
  const auto there = [&](View name) { return hash != nullptr && hash.contains(name); };
  if (options.only_if_all) return std::all_of(names.begin(), names.end(), there);
  return !options.only_if_none || std::none_of(names.begin(), names.end(), there);
}

// KEEPTTL. A lifetime that is over is none that could be kept: such fields go before.
void emit_revision(Context& ctx, View key, const HashSight& hash, Views pairs, const std::vector<View>& names) {
  const auto lives = [&](View name) { return hash != nullptr && hash.lifetime(name) != 0; };
  if (std::none_of(names.begin(), names.end(), lives)) return ctx.emit(HashSet{.key = key, .pairs = pairs});
  std::vector<View> over;
  std::copy_if(names.begin(), names.end(), std::back_inserter(over), [&](View name) { return hash.hides(name); });
  ctx.rooms.stats.expired_fields += over.size();
  if (!over.empty()) ctx.emit(HashExpire{.key = key, .names = over});
  ctx.emit(HashRevise{.key = key, .pairs = pairs});
}

// HSETEX key [FNX | FXX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] FIELDS numfields field value [field value ...]
//   →  1, or 0 when FNX or FXX did not allow it
Outcome hsetex(Context& ctx, Args args) {
  const auto options = parse_hsetex(ctx, args);
  if (!options.ok()) return options.status();
  const View key = args[1];
  const auto found = ctx.find<Hash>(key);
  if (!found.ok()) return found.status();
  std::vector<View> names;
  for (size_t i = 0; i < options->pairs.size(); i += 2) names.push_back(options->pairs[i]);
  if (!may_set(*options, *found, names)) return ctx.reply.integer(0);
  if (options->time.other) {
    emit_revision(ctx, key, *found, options->pairs, names);
  } else {
    ctx.emit(HashSet{.key = key, .pairs = options->pairs});
    if (options->time.at_ms) emit_time(ctx, key, names, *options->time.at_ms);
  }
  return ctx.reply.integer(1);
}

constexpr auto kSeconds = TimeUnit::kSeconds, kMilliseconds = TimeUnit::kMilliseconds;
constexpr auto kFromNow = TimeBase::kFromNow, kAbsolute = TimeBase::kAbsolute;
constexpr uint32_t kSets = kWrite | kDenyOom | kFast;

constexpr CommandRow kRows[] = {
    // name          arity keys         traits             handler
    {"HEXPIRE",      -6,   Keys::at(1), kSets,             hexpire<kSeconds, kFromNow>},
    {"HEXPIREAT",    -6,   Keys::at(1), kSets,             hexpire<kSeconds, kAbsolute>},
    {"HEXPIRETIME",  -5,   Keys::at(1), kReadOnly | kFast, httl<kSeconds, kAbsolute>},
    {"HGETDEL",      -5,   Keys::at(1), kWrite | kFast,    hgetdel},
    {"HGETEX",       -5,   Keys::at(1), kWrite | kFast,    hgetex},
    {"HPERSIST",     -5,   Keys::at(1), kWrite | kFast,    hpersist},
    {"HPEXPIRE",     -6,   Keys::at(1), kSets,             hexpire<kMilliseconds, kFromNow>},
    {"HPEXPIREAT",   -6,   Keys::at(1), kSets,             hexpire<kMilliseconds, kAbsolute>},
    {"HPEXPIRETIME", -5,   Keys::at(1), kReadOnly | kFast, httl<kMilliseconds, kAbsolute>},
    {"HPTTL",        -5,   Keys::at(1), kReadOnly | kFast, httl<kMilliseconds, kFromNow>},
    {"HSETEX",       -6,   Keys::at(1), kSets,             hsetex},
    {"HTTL",         -5,   Keys::at(1), kReadOnly | kFast, httl<kSeconds, kFromNow>},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kHashLifetimeFamily{"hash", kRows};

}  // namespace leat
