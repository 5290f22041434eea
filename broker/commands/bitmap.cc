// SPDX-License-Identifier: Apache-2.0
// bitmap.cc: single bits and runs of them in strings, and strings combined bit by bit; the rows of all the family's
// files. https://redis.io/docs/latest/commands/?group=bitmap
#include <algorithm>

#include "broker/commands/admission.h"
#include "broker/commands/bitmap_commands.h"
#include "broker/commands/families.h"
#include "broker/commands/parse.h"
#include "broker/commands/raw_string.h"
#include "broker/keyspace/bits.h"

namespace leat {

namespace {

const Status kBadOffset = Status::error("ERR bit offset is not an integer or out of range");
const Status kBadBit = Status::error("ERR bit is not an integer or out of range");

Result<uint64_t> bounded_offset(const Context& ctx, View text, int64_t times) {
  const auto value = parse_integer(text);
  int64_t offset;
  if (!value || __builtin_mul_overflow(*value, times, &offset)) return kBadOffset;
  if (offset < 0 || offset / 8 >= ctx.rooms.config.bulk_bytes_max) return kBadOffset;
  return static_cast<uint64_t>(offset);
}

}  // namespace

Result<uint64_t> bit_offset_of(const Context& ctx, View text) { return bounded_offset(ctx, text, 1); }

Result<uint64_t> field_offset_of(const Context& ctx, View text, unsigned width) {
  const bool counts_fields = !text.empty() && text[0] == '#';
  return bounded_offset(ctx, counts_fields ? text.substr(1) : text, counts_fields ? static_cast<int64_t>(width) : 1);
}

namespace {

// SETBIT key offset value  →  the bit that was there
Outcome setbit(Context& ctx, Args args) {
  const View key = args[1];
  const auto offset = bit_offset_of(ctx, args[2]);
  if (!offset.ok()) return offset.status();
  const auto given = integer_of(args[3], kBadBit);
  if (!given.ok()) return given.status();
  if (*given != 0 && *given != 1) return kBadBit;
  const auto found = ctx.find_text(key);
  if (!found.ok()) return found.status();
  const View text = found->value_or(View());
  const bool was = bit_at(text, *offset);
  const uint64_t at = *offset / 8;
  if (at >= text.size() && at >= string_bytes_max(ctx, key)) return string_too_long(ctx, key);
  if (at >= text.size() || was != (*given == 1)) {
    ctx.emit(
        StringWrite{.key = key, .offset = at, .bytes = with_field(text, *offset, 1, static_cast<uint64_t>(*given))});
  }
  return ctx.reply.integer(was);
}

// GETBIT key offset  →  the bit
Outcome getbit(Context& ctx, Args args) {
  const auto offset = bit_offset_of(ctx, args[2]);
  if (!offset.ok()) return offset.status();
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  return ctx.reply.integer(bit_at(found->value_or(View()), *offset));
}

enum class Unit : uint8_t { kByte, kBit };

Result<Unit> unit_of(View word) {
  if (same_word(word, "BIT")) return Unit::kBit;
  if (same_word(word, "BYTE")) return Unit::kByte;
  return kSyntaxError;
}

// start and end of BITCOUNT and BITPOS: both may count from the end, and are cut to what is there.
struct Span {
  int64_t start = 0, end = -1;
  Unit unit = Unit::kByte;

  // Empty when nothing lies between them.
  BitRange in(View text) const {
    const auto size = static_cast<int64_t>(unit == Unit::kBit ? text.size() * 8 : text.size());
    const int64_t from = std::max<int64_t>(start < 0 ? start + size : start, 0);
    const int64_t to = std::min(std::max<int64_t>(end < 0 ? end + size : end, 0), size - 1);
    if (from > to) return {1, 0};
    if (unit == Unit::kBit) return {static_cast<uint64_t>(from), static_cast<uint64_t>(to)};
    return {static_cast<uint64_t>(from) * 8, static_cast<uint64_t>(to) * 8 + 7};
  }
};

// BITCOUNT key [start end [BYTE | BIT]]  →  how many bits are set
Outcome bitcount(Context& ctx, Args args) {
  if (args.size() == 3 || args.size() > 5) return kSyntaxError;
  Span span;
  if (args.size() > 3) {
    const auto start = integer_of(args[2]), end = integer_of(args[3]);
    if (!start.ok()) return start.status();
    if (!end.ok()) return end.status();
    const auto unit = args.size() == 5 ? unit_of(args[4]) : Unit::kByte;
    if (!unit.ok()) return unit.status();
    span = {*start, *end, *unit};
  }
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  const View text = found->value_or(View());
  if (span.start < 0 && span.end < 0 && span.start > span.end) return ctx.reply.integer(0);
  return ctx.reply.integer(static_cast<int64_t>(count_bits(text, span.in(text))));
}

// BITPOS key bit [start [end [BYTE | BIT]]]  →  where the first such bit is, or -1. Where no end is given, zeros
// without end follow the string.
Outcome bitpos(Context& ctx, Args args) {
  const auto bit = integer_of(args[2]);
  if (!bit.ok()) return bit.status();
  if (*bit != 0 && *bit != 1) return Status::error("ERR The bit argument must be 1 or 0.");
  if (args.size() > 6) return kSyntaxError;
  Span span;
  const bool has_end = args.size() > 4;
  if (args.size() > 3) {
    const auto start = integer_of(args[3]);
    if (!start.ok()) return start.status();
    const auto unit = args.size() == 6 ? unit_of(args[5]) : Unit::kByte;
    if (!unit.ok()) return unit.status();
    const auto end = has_end ? integer_of(args[4]) : int64_t{-1};
    if (!end.ok()) return end.status();
    span = {*start, *end, *unit};
  }
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  if (!*found) return ctx.reply.integer(*bit == 1 ? -1 : 0);
  const BitRange range = span.in(**found);
  const auto at = find_bit(**found, *bit == 1, range);
  if (at) return ctx.reply.integer(static_cast<int64_t>(*at));
  const bool goes_on = *bit == 0 && !has_end && !range.empty();
  return ctx.reply.integer(goes_on ? static_cast<int64_t>(range.last + 1) : -1);
}

enum class Operation : uint8_t { kAnd, kOr, kXor, kNot, kDiff, kDiff1, kAndOr, kOne };

std::optional<Operation> operation_of(View word) {
  constexpr std::pair<View, Operation> kWords[] = {
      {"AND", Operation::kAnd},   {"OR", Operation::kOr},       {"XOR", Operation::kXor},     {"NOT", Operation::kNot},
      {"DIFF", Operation::kDiff}, {"DIFF1", Operation::kDiff1}, {"ANDOR", Operation::kAndOr}, {"ONE", Operation::kOne}};
  for (const auto& [name, operation] : kWords) {
    if (same_word(word, name)) return operation;
  }
  return std::nullopt;
}

// to[i] = combine(to[i], from[i]) for all of `to`; behind its end `from` is zeros.
template <typename Combine>
void combine_into(Bytes& to, View from, Combine combine) {
  constexpr size_t kWord = sizeof(uint64_t);
  size_t at = 0;
  for (; at + kWord <= std::min(to.size(), from.size()); at += kWord) {
    set_fixed(to.data() + at, combine(get_fixed<uint64_t>(to.data() + at), get_fixed<uint64_t>(from.data() + at)));
  }
  for (; at < to.size(); ++at) {
    const auto other = at < from.size() ? static_cast<uint8_t>(from[at]) : uint8_t{0};
    to[at] = static_cast<char>(combine(uint64_t{static_cast<uint8_t>(to[at])}, uint64_t{other}));
  }
}

constexpr auto kAndBits = [](uint64_t a, uint64_t b) { return a & b; };
constexpr auto kOrBits = [](uint64_t a, uint64_t b) { return a | b; };
constexpr auto kXorBits = [](uint64_t a, uint64_t b) { return a ^ b; };
constexpr auto kWithoutBits = [](uint64_t a, uint64_t b) { return a & ~b; };

// The bits that exactly one of the sources has: `more` are those that another had before.
Bytes exactly_one(const std::vector<View>& sources, size_t size) {
  Bytes one(size, 0), more(size, 0), both;
  for (const View source : sources) {
    both = one;
    combine_into(both, source, kAndBits);
    combine_into(more, both, kOrBits);
    combine_into(one, source, kOrBits);
  }
  combine_into(one, more, kWithoutBits);
  return one;
}

// The bits that any of the sources behind the first has.
Bytes any_of_others(const std::vector<View>& sources, size_t size) {
  Bytes any(size, 0);
  for (size_t i = 1; i < sources.size(); ++i) combine_into(any, sources[i], kOrBits);
  return any;
}

template <typename Combine>
Bytes fold(const std::vector<View>& sources, size_t size, Combine combine) {
  Bytes out(sources[0]);
  out.resize(size, 0);
  for (size_t i = 1; i < sources.size(); ++i) combine_into(out, sources[i], combine);
  return out;
}

Bytes combine_all(Operation operation, const std::vector<View>& sources, size_t size) {
  Bytes out;
  switch (operation) {
    case Operation::kAnd:
      return fold(sources, size, kAndBits);
    case Operation::kOr:
      return fold(sources, size, kOrBits);
    case Operation::kXor:
      return fold(sources, size, kXorBits);
    case Operation::kDiff:
      return fold(sources, size, kWithoutBits);
    case Operation::kNot:
      out.resize(size);
      combine_into(out, sources[0], [](uint64_t, uint64_t b) { return ~b; });
      return out;
    case Operation::kDiff1:
      out = any_of_others(sources, size);
      combine_into(out, sources[0], kWithoutBits);
      return out;
    case Operation::kAndOr:
      out = any_of_others(sources, size);
      combine_into(out, sources[0], kAndBits);
      return out;
    case Operation::kOne:
      return exactly_one(sources, size);
  }
  return out;
}

Status check_sources(Operation operation, View word, size_t count) {
  if (operation == Operation::kNot && count != 1) {
    return Status::error("ERR BITOP NOT must be called with a single source key.");
  }
  const bool compares =
      operation == Operation::kDiff || operation == Operation::kDiff1 || operation == Operation::kAndOr;
  if (compares && count < 2) {
    return Status::error("ERR BITOP " + upper(word) + " must be called with at least two source keys.");
  }
  return Status::fine();
}

// BITOP AND|OR|XOR|NOT|DIFF|DIFF1|ANDOR|ONE destination key [key ...]  →  the length of what was stored; nothing is
// when all sources are empty
Outcome bitop(Context& ctx, Args args) {
  const auto operation = operation_of(args[1]);
  if (!operation) return kSyntaxError;
  if (Status wrong = check_sources(*operation, args[1], args.size() - 3); !wrong.ok()) return wrong;
  std::vector<View> sources;
  size_t size = 0;
  for (const View key : args.from(3)) {
    const Context::Reading reading(ctx);
    const auto found = ctx.find_text(key);
    if (!found.ok()) return found.status();
    size = std::max(size, sources.emplace_back(found->value_or(View())).size());
  }
  const View to = args[2];
  if (size > string_bytes_max(ctx, to)) return string_too_long(ctx, to);
  const bool replaces = ctx.look(to).has_value();
  if (size > 0) emit_raw_string(ctx, to, combine_all(*operation, sources, size), kNoExpiry);
  else if (replaces) ctx.emit(KeyDelete{.key = to});
  return ctx.reply.integer(static_cast<int64_t>(size));
}

constexpr CommandRow kRows[] = {
    // name         arity keys                 traits                 handler
    {"BITCOUNT",    -2,   Keys::at(1),         kReadOnly,             bitcount},
    {"BITFIELD",    -2,   Keys::at(1),         kWrite | kDenyOom,     bitfield},
    {"BITFIELD_RO", -2,   Keys::at(1),         kReadOnly | kFast,     bitfield_ro},
    {"BITOP",       -4,   Keys::range(2, -1),  kWrite | kDenyOom,     bitop},
    {"BITPOS",      -3,   Keys::at(1),         kReadOnly,             bitpos},
    {"GETBIT",      3,    Keys::at(1),         kReadOnly | kFast,     getbit},
    {"SETBIT",      4,    Keys::at(1),         kWrite | kDenyOom,     setbit},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kBitmapFamily{"bitmap", kRows};

}  // namespace leat
