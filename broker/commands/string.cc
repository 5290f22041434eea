// SPDX-License-Identifier: Apache-2.0
// string.cc: the string family; single bits are bitmap.cc. https://redis.io/docs/latest/commands/?group=string
#include <algorithm>
#include <cmath>

#include "broker/commands/admission.h"
#include "broker/commands/context.h"
#include "broker/commands/expiry.h"
#include "broker/commands/families.h"

namespace leat {

namespace {

// What key holds as a reply: the string, or null.
Replied reply_text(ReplySink& reply, const std::optional<View>& text) {
  return text ? reply.bulk(*text) : reply.null();
}

// GET key
Outcome get(Context& ctx, Args args) {
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  return reply_text(ctx.reply, *found);
}

struct SetOptions {
  bool only_if_absent = false, only_if_present = false, get = false, keep_expiry = false, persist = false;
  std::optional<ExpiryForm> form;
  View time;

  // The absolute time; kNoExpiry when none was asked for.
  Result<TimeMs> expire_at_ms(const Context& ctx) const {
    if (!form) return TimeMs{kNoExpiry};
    return expiry_at_ms(time, *form, ctx.now_ms, ctx.command, true);
  }
};

// Of SET (from word 3) and GETEX (from word 2): what each knows is told by `is_set`.
Result<SetOptions> parse_options(Args args, size_t first, bool is_set) {
  SetOptions options;
  auto& form = options.form;
  for (size_t i = first; i < args.size(); ++i) {
    const View word = args[i];
    const bool has_time = form || options.keep_expiry || options.persist;
    if (is_set && same_word(word, "NX") && !options.only_if_present) options.only_if_absent = true;
    else if (is_set && same_word(word, "XX") && !options.only_if_absent) options.only_if_present = true;
    else if (is_set && same_word(word, "GET")) options.get = true;
    else if (is_set && same_word(word, "KEEPTTL") && !form && !options.persist) options.keep_expiry = true;
    else if (!is_set && same_word(word, "PERSIST") && !form && !options.keep_expiry) options.persist = true;
    else if (expiry_form(word) && !has_time && i + 1 < args.size()) form = expiry_form(word), options.time = args[++i];
    else return kSyntaxError;
  }
  return options;
}

// SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
Outcome set(Context& ctx, Args args) {
  const auto options = parse_options(args, 3, true);
  if (!options.ok()) return options.status();
  const auto at_ms = options->expire_at_ms(ctx);
  if (!at_ms.ok()) return at_ms.status();
  const View key = args[1];
  bool exists;
  if (options->get) {
    const Context::Reading reading(ctx);
    const auto found = ctx.find_text(key);
    if (!found.ok()) return found.status();
    exists = found->has_value();
    reply_text(ctx.reply, *found);
  } else {
    exists = ctx.look(key).has_value();
  }
  const bool refused = (options->only_if_absent && exists) || (options->only_if_present && !exists);
  if (!refused) {
    ctx.emit(StringSet{.key = key, .value = args[2], .expire_at_ms = options->keep_expiry ? kKeepExpiry : *at_ms});
  }
  if (options->get) return Replied();
  return refused ? ctx.reply.null() : ctx.reply.ok();
}

// SETNX key value  →  1 or 0
Outcome setnx(Context& ctx, Args args) {
  if (ctx.look(args[1])) return ctx.reply.integer(0);
  ctx.emit(StringSet{.key = args[1], .value = args[2]});
  return ctx.reply.integer(1);
}

// SETEX key seconds value, PSETEX key milliseconds value
template <TimeUnit kUnit>
Outcome setex(Context& ctx, Args args) {
  const auto at_ms = expiry_at_ms(args[2], {kUnit, TimeBase::kFromNow}, ctx.now_ms, ctx.command, true);
  if (!at_ms.ok()) return at_ms.status();
  ctx.look(args[1]);
  ctx.emit(StringSet{.key = args[1], .value = args[3], .expire_at_ms = *at_ms});
  return ctx.reply.ok();
}

// GETSET key value
Outcome getset(Context& ctx, Args args) {
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  reply_text(ctx.reply, *found);
  ctx.emit(StringSet{.key = args[1], .value = args[2]});
  return Replied();
}

// GETDEL key
Outcome getdel(Context& ctx, Args args) {
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  reply_text(ctx.reply, *found);
  if (*found) ctx.emit(KeyDelete{.key = args[1]});
  return Replied();
}

// GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]
Outcome getex(Context& ctx, Args args) {
  const auto options = parse_options(args, 2, false);
  if (!options.ok()) return options.status();
  const View key = args[1];
  const auto found = ctx.look(key);
  if (!found) return ctx.reply.null();
  if (found->type != Type::kString) return kWrongType;
  const auto at_ms = options->expire_at_ms(ctx);
  if (!at_ms.ok()) return at_ms.status();
  ctx.reply.bulk(found->text);
  const bool had_expiry = found->expire_at_ms != kNoExpiry;
  if (options->form && *at_ms <= ctx.now_ms) ctx.emit(KeyDelete{.key = key});
  else if (options->form) ctx.emit(KeySetExpiry{.key = key, .at_ms = *at_ms});
  else if (options->persist && had_expiry) ctx.emit(KeySetExpiry{.key = key, .at_ms = kNoExpiry});
  return Replied();
}

// MGET key [key ...]
Outcome mget(Context& ctx, Args args) {
  ctx.reply.array(args.size() - 1);
  for (const View key : args.from(1)) {
    const auto found = ctx.find_text(key);
    if (found.ok()) reply_text(ctx.reply, *found);
    else ctx.reply.null();
  }
  return Replied();
}

// MSET key value [key value ...]
Outcome mset(Context& ctx, Args args) {
  if (args.size() % 2 == 0) return arity_error(ctx.command);
  for (size_t i = 1; i < args.size(); i += 2) {
    ctx.look(args[i]);
    ctx.emit(StringSet{.key = args[i], .value = args[i + 1]});
  }
  return ctx.reply.ok();
}

// MSETNX key value [key value ...]  →  1, or 0 if any key exists
Outcome msetnx(Context& ctx, Args args) {
  if (args.size() % 2 == 0) return arity_error(ctx.command);
  for (size_t i = 1; i < args.size(); i += 2) {
    if (ctx.look(args[i])) return ctx.reply.integer(0);
  }
  for (size_t i = 1; i < args.size(); i += 2) ctx.emit(StringSet{.key = args[i], .value = args[i + 1]});
  return ctx.reply.integer(1);
}

// STRLEN key
Outcome strlen(Context& ctx, Args args) {
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  return ctx.reply.integer(static_cast<int64_t>(found->value_or(View()).size()));
}

bool too_long(const Context& ctx, View key, uint64_t size, uint64_t more) {
  uint64_t total;
  return __builtin_add_overflow(size, more, &total) || total > string_bytes_max(ctx, key);
}

// APPEND key value  →  length
Outcome append(Context& ctx, Args args) {
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  const size_t size = found->value_or(View()).size();
  if (too_long(ctx, args[1], size, args[2].size())) return string_too_long(ctx, args[1]);
  if (!*found) ctx.emit(StringSet{.key = args[1], .value = args[2]});
  else if (!args[2].empty()) ctx.emit(StringWrite{.key = args[1], .offset = size, .bytes = args[2]});
  return ctx.reply.integer(static_cast<int64_t>(size + args[2].size()));
}

// SETRANGE key offset value  →  length
Outcome setrange(Context& ctx, Args args) {
  const auto offset = integer_of(args[2]);
  if (!offset.ok()) return offset.status();
  if (*offset < 0) return Status::error("ERR offset is out of range");
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  const size_t size = found->value_or(View()).size();
  const View bytes = args[3];
  if (bytes.empty()) return ctx.reply.integer(static_cast<int64_t>(size));
  if (too_long(ctx, args[1], static_cast<uint64_t>(*offset), bytes.size())) return string_too_long(ctx, args[1]);
  ctx.emit(StringWrite{.key = args[1], .offset = static_cast<uint64_t>(*offset), .bytes = bytes});
  return ctx.reply.integer(static_cast<int64_t>(std::max(size, static_cast<size_t>(*offset) + bytes.size())));
}

// GETRANGE key start end; SUBSTR is its old name
Outcome getrange(Context& ctx, Args args) {
  const auto start = integer_of(args[2]), end = integer_of(args[3]);
  if (!start.ok()) return start.status();
  if (!end.ok()) return end.status();
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  const View text = found->value_or(View());
  if (*start < 0 && *end < 0 && *start > *end) return ctx.reply.bulk("");
  // Unlike a list's, an end before the first byte means the first byte.
  const auto size = static_cast<int64_t>(text.size());
  const int64_t last = *end < 0 ? std::max<int64_t>(*end + size, 0) : *end;
  const IndexRange range = index_range(*start, last, text.size());
  return ctx.reply.bulk(text.substr(range.count == 0 ? 0 : range.first, range.count));
}

Outcome add_integer(Context& ctx, View key, int64_t delta) {
  const auto found = ctx.find_text(key);
  if (!found.ok()) return found.status();
  int64_t value = 0;
  if (*found) {
    const auto parsed = integer_of(**found);
    if (!parsed.ok()) return parsed.status();
    value = *parsed;
  }
  if (__builtin_add_overflow(value, delta, &value)) return Status::error("ERR increment or decrement would overflow");
  char text[kIntegerTextMax];
  ctx.emit(StringSet{.key = key, .value = View(text, write_integer(text, value)), .expire_at_ms = kKeepExpiry});
  return ctx.reply.integer(value);
}

Outcome incr(Context& ctx, Args args) { return add_integer(ctx, args[1], 1); }
Outcome decr(Context& ctx, Args args) { return add_integer(ctx, args[1], -1); }

// INCRBY key increment
Outcome incrby(Context& ctx, Args args) {
  const auto delta = integer_of(args[2]);
  if (!delta.ok()) return delta.status();
  return add_integer(ctx, args[1], *delta);
}

// DECRBY key decrement
Outcome decrby(Context& ctx, Args args) {
  const auto delta = integer_of(args[2]);
  if (!delta.ok()) return delta.status();
  if (*delta == INT64_MIN) return Status::error("ERR decrement would overflow");
  return add_integer(ctx, args[1], -*delta);
}

// INCRBYFLOAT key increment  →  the new value, as text
Outcome incrbyfloat(Context& ctx, Args args) {
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  const auto value = parse_long_real(found->value_or("0"));
  const auto delta = parse_long_real(args[2]);
  if (!value || !delta) return kNotAFloat;
  const long double sum = *value + *delta;
  if (std::isnan(sum) || std::isinf(sum)) return Status::error("ERR increment would produce NaN or Infinity");
  const Bytes text = long_real_text(sum);
  ctx.emit(StringSet{.key = args[1], .value = text, .expire_at_ms = kKeepExpiry});
  return ctx.reply.bulk(text);
}

// LCS: the longest common subsequence, by the textbook's table of lengths. Of it only two rows are kept, and of each
// cell one bit: which neighbour the way back takes where the two bytes differ. So the table takes a 32nd of its
// cells' lengths.
struct LcsMatch {
  size_t a_first, a_last, b_first, b_last;
};

class LcsTable {
 public:
  LcsTable(View a, View b) : a(a), b(b), up_((a.size() * b.size() + 63) / 64, 0) {
    std::vector<uint32_t> above(b.size() + 1, 0), row(b.size() + 1, 0);
    for (size_t i = 0; i < a.size(); ++i, std::swap(above, row)) {
      for (size_t j = 0; j < b.size(); ++j) {
        row[j + 1] = a[i] == b[j] ? above[j] + 1 : std::max(above[j + 1], row[j]);
        if (above[j + 1] > row[j]) up_[cell(i, j) / 64] |= uint64_t{1} << cell(i, j) % 64;
      }
    }
  }
  // Whether the longest without a[i] is longer than the longest without b[j].
  bool goes_up(size_t i, size_t j) const { return (up_[cell(i, j) / 64] >> cell(i, j) % 64 & 1) != 0; }
  const View a, b;

 private:
  size_t cell(size_t i, size_t j) const { return i * b.size() + j; }
  std::vector<uint64_t> up_;
};

// Walks back from the table's end: the subsequence, and its runs (last first, as Redis lists them).
Bytes walk_back(const LcsTable& table, std::vector<LcsMatch>& runs) {
  Bytes common;
  size_t i = table.a.size(), j = table.b.size();
  while (i > 0 && j > 0) {
    if (table.a[i - 1] == table.b[j - 1]) {
      --i, --j;
      common += table.a[i];
      if (!runs.empty() && runs.back().a_first == i + 1 && runs.back().b_first == j + 1)
        --runs.back().a_first, --runs.back().b_first;
      else runs.push_back({i, i, j, j});
    } else if (table.goes_up(i - 1, j - 1)) {
      --i;
    } else {
      --j;
    }
  }
  std::reverse(common.begin(), common.end());
  return common;
}

void reply_runs(ReplySink& reply, const std::vector<LcsMatch>& runs, size_t total, int64_t shortest, bool with_length) {
  const auto counts = [&](const LcsMatch& run) {
    return static_cast<int64_t>(run.a_last - run.a_first + 1) >= shortest;
  };
  reply.map(2);
  reply.bulk("matches");
  reply.array(static_cast<size_t>(std::count_if(runs.begin(), runs.end(), counts)));
  for (const LcsMatch& run : runs) {
    if (!counts(run)) continue;
    reply.array(with_length ? 3 : 2);
    reply.array(2);
    reply.integer(static_cast<int64_t>(run.a_first));
    reply.integer(static_cast<int64_t>(run.a_last));
    reply.array(2);
    reply.integer(static_cast<int64_t>(run.b_first));
    reply.integer(static_cast<int64_t>(run.b_last));
    if (with_length) reply.integer(static_cast<int64_t>(run.a_last - run.a_first + 1));
  }
  reply.bulk("len");
  reply.integer(static_cast<int64_t>(total));
}

// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min] [WITHMATCHLEN]
Outcome lcs(Context& ctx, Args args) {
  // Redis' bound at its defaults: half a second of work, 16 MiB of table.
  constexpr uint64_t kCellsMax = uint64_t{1} << 27;
  const auto a = ctx.find_text(args[1]);
  if (!a.ok()) return Status::error("ERR The specified keys must contain string values");
  const auto b = ctx.find_text(args[2]);
  if (!b.ok()) return Status::error("ERR The specified keys must contain string values");
  bool length_only = false, indexes = false, with_length = false;
  int64_t shortest = 0;
  for (size_t i = 3; i < args.size(); ++i) {
    if (same_word(args[i], "LEN")) length_only = true;
    else if (same_word(args[i], "IDX")) indexes = true;
    else if (same_word(args[i], "WITHMATCHLEN")) with_length = true;
    else if (same_word(args[i], "MINMATCHLEN") && i + 1 < args.size()) {
      const auto value = integer_of(args[++i]);
      if (!value.ok()) return value.status();
      shortest = std::max<int64_t>(*value, 0);
    } else {
      return kSyntaxError;
    }
  }
  if (length_only && indexes) {
    return Status::error("ERR If you want both the length and indexes, please just use IDX.");
  }
  const View text_a = a->value_or(View()), text_b = b->value_or(View());
  const auto cells_max = std::min(kCellsMax, static_cast<uint64_t>(ctx.rooms.config.bulk_bytes_max) / sizeof(uint32_t));
  if ((text_a.size() + 1) > cells_max / (text_b.size() + 1)) {
    return Status::error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  const LcsTable table(text_a, text_b);
  std::vector<LcsMatch> runs;
  const Bytes common = walk_back(table, runs);
  if (indexes) return reply_runs(ctx.reply, runs, common.size(), shortest, with_length), Replied();
  return length_only ? ctx.reply.integer(static_cast<int64_t>(common.size())) : ctx.reply.bulk(common);
}

constexpr uint32_t kGetSets = kWrite | kLooks | kDenyOom | kFast;
constexpr CommandRow kRows[] = {
    // name         arity keys                   traits                       handler
    {"APPEND",      3,    Keys::at(1),           kWrite | kDenyOom | kFast,   append},
    {"DECR",        2,    Keys::at(1),           kWrite | kDenyOom | kFast,   decr},
    {"DECRBY",      3,    Keys::at(1),           kWrite | kDenyOom | kFast,   decrby},
    {"GET",         2,    Keys::at(1),           kReadOnly | kFast,           get},
    {"GETDEL",      2,    Keys::at(1),           kWrite | kLooks | kFast,     getdel},
    {"GETEX",       -2,   Keys::at(1),           kWrite | kLooks | kFast,     getex},
    {"GETRANGE",    4,    Keys::at(1),           kReadOnly,                   getrange},
    {"GETSET",      3,    Keys::at(1),           kGetSets,                    getset},
    {"INCR",        2,    Keys::at(1),           kWrite | kDenyOom | kFast,   incr},
    {"INCRBY",      3,    Keys::at(1),           kWrite | kDenyOom | kFast,   incrby},
    {"INCRBYFLOAT", 3,    Keys::at(1),           kWrite | kDenyOom | kFast,   incrbyfloat},
    {"LCS",         -3,   Keys::range(1, 2),     kReadOnly,                   lcs},
    {"MGET",        -2,   Keys::range(1, -1),    kReadOnly | kFast,           mget},
    {"MSET",        -3,   Keys::range(1, -1, 2), kWrite | kDenyOom,           mset},
    {"MSETNX",      -3,   Keys::range(1, -1, 2), kWrite | kDenyOom,           msetnx},
    {"PSETEX",      4,    Keys::at(1),           kWrite | kDenyOom,           setex<TimeUnit::kMilliseconds>},
    {"SET",         -3,   Keys::at(1),           kWrite | kDenyOom,           set},
    {"SETEX",       4,    Keys::at(1),           kWrite | kDenyOom,           setex<TimeUnit::kSeconds>},
    {"SETNX",       3,    Keys::at(1),           kWrite | kDenyOom | kFast,   setnx},
    {"SETRANGE",    4,    Keys::at(1),           kWrite | kDenyOom,           setrange},
    {"STRLEN",      2,    Keys::at(1),           kReadOnly | kFast,           strlen},
    {"SUBSTR",      4,    Keys::at(1),           kReadOnly,                   getrange},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kStringFamily{"string", kRows};

}  // namespace leat
