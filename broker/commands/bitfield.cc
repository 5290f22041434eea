// SPDX-License-Identifier: Apache-2.0
// bitfield.cc: BITFIELD: integers of any width within a string. https://redis.io/docs/latest/commands/bitfield/
// A run of operations, each of which sees what those before it did. The rows stand in bitmap.cc.
#include <algorithm>

#include "broker/commands/admission.h"
#include "broker/commands/bitmap_commands.h"
#include "broker/commands/parse.h"
#include "broker/keyspace/bits.h"

namespace leat {

namespace {

using Wide = __int128;  // holds every sum of two fields

enum class Overflow : uint8_t { kWrap, kSaturate, kFail };

// "u8", "i64": at most 63 bits without a sign, as every reply is a signed integer.
struct FieldType {
  bool is_signed = false;
  unsigned width = 0;

  Wide least() const { return is_signed ? -(Wide{1} << (width - 1)) : 0; }
  Wide most() const { return (Wide{1} << (is_signed ? width - 1 : width)) - 1; }
  // The value that these bits stand for.
  int64_t value_of(uint64_t bits) const {
    const unsigned unused = kFieldBitsMax - width;
    return is_signed ? static_cast<int64_t>(bits << unused) >> unused : static_cast<int64_t>(bits);
  }
};

struct Operation {
  enum class Kind : uint8_t { kGet, kSet, kIncrement } kind;
  FieldType type;
  uint64_t offset;
  int64_t operand;
  Overflow overflow;

  uint64_t last_byte() const { return (offset + type.width - 1) / 8; }
};

Result<FieldType> type_of(View text) {
  const Status bad = Status::error(
      "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
  if (text.empty() || (text[0] != 'i' && text[0] != 'u')) return bad;
  const bool is_signed = text[0] == 'i';
  const auto width = parse_integer(text.substr(1));
  if (!width || *width < 1 || *width > (is_signed ? 64 : 63)) return bad;
  return FieldType{is_signed, static_cast<unsigned>(*width)};
}

Result<Overflow> overflow_of(View word) {
  if (same_word(word, "WRAP")) return Overflow::kWrap;
  if (same_word(word, "SAT")) return Overflow::kSaturate;
  if (same_word(word, "FAIL")) return Overflow::kFail;
  return Status::error("ERR Invalid OVERFLOW type specified");
}

std::optional<Operation::Kind> kind_of(View word, size_t words_behind) {
  if (same_word(word, "GET") && words_behind >= 2) return Operation::Kind::kGet;
  if (same_word(word, "SET") && words_behind >= 3) return Operation::Kind::kSet;
  if (same_word(word, "INCRBY") && words_behind >= 3) return Operation::Kind::kIncrement;
  return std::nullopt;
}

Result<std::vector<Operation>> parse_operations(const Context& ctx, Args args) {
  std::vector<Operation> operations;
  Overflow overflow = Overflow::kWrap;
  for (size_t at = 2; at < args.size();) {
    const size_t behind = args.size() - at - 1;
    if (same_word(args[at], "OVERFLOW") && behind >= 1) {
      const auto given = overflow_of(args[at + 1]);
      if (!given.ok()) return given.status();
      overflow = *given;
      at += 2;
      continue;
    }
    const auto kind = kind_of(args[at], behind);
    if (!kind) return kSyntaxError;
    const auto type = type_of(args[at + 1]);
    if (!type.ok()) return type.status();
    const auto offset = field_offset_of(ctx, args[at + 2], type->width);
    if (!offset.ok()) return offset.status();
    const bool reads = *kind == Operation::Kind::kGet;
    const auto operand = reads ? Result<int64_t>(0) : integer_of(args[at + 3]);
    if (!operand.ok()) return operand.status();
    operations.push_back({*kind, *type, *offset, *operand, overflow});
    at += reads ? 3 : 4;
  }
  return operations;
}

// What a field becomes; nullopt: it would not fit, and must not change.
std::optional<int64_t> value_after(const Operation& operation, int64_t before) {
  const FieldType& type = operation.type;
  const bool sets = operation.kind == Operation::Kind::kSet;
  // A negative number for a field without a sign is a huge one.
  const Wide given = sets && !type.is_signed ? Wide{static_cast<uint64_t>(operation.operand)} : Wide{operation.operand};
  const Wide exact = sets ? given : Wide{before} + given;
  if (exact >= type.least() && exact <= type.most()) return static_cast<int64_t>(exact);
  if (operation.overflow == Overflow::kFail) return std::nullopt;
  if (operation.overflow == Overflow::kSaturate) {
    return static_cast<int64_t>(exact < type.least() ? type.least() : type.most());
  }
  const uint64_t kept = ~uint64_t{0} >> (kFieldBitsMax - type.width);
  return type.value_of(static_cast<uint64_t>(exact) & kept);
}

void carry_out(Context& ctx, View key, const Operation& operation) {
  const std::optional<Found> found = ctx.database().find(key);  // the last operation's effect moved it; it is not due
  const View text = found ? found->text : View();
  const FieldType& type = operation.type;
  const int64_t before = type.value_of(field_at(text, operation.offset, type.width));
  const auto after = value_after(operation, before);
  if (!after) {
    ctx.reply.null();
    return;
  }
  ctx.reply.integer(operation.kind == Operation::Kind::kSet ? before : *after);
  if (*after == before) return;
  const Bytes bytes = with_field(text, operation.offset, type.width, static_cast<uint64_t>(*after));
  ctx.emit(StringWrite{.key = key, .offset = operation.offset / 8, .bytes = bytes});
}

void write_field(ReplySink& reply, View text, const Operation& get) {
  reply.integer(get.type.value_of(field_at(text, get.offset, get.type.width)));
}

}  // namespace

// BITFIELD_RO key [GET type offset [GET type offset ...]]  →  the values
Outcome bitfield_ro(Context& ctx, Args args) {
  const auto operations = parse_operations(ctx, args);
  if (!operations.ok()) return operations.status();
  for (const Operation& one : *operations) {
    if (one.kind != Operation::Kind::kGet) return Status::error("ERR BITFIELD_RO only supports the GET subcommand");
  }
  const auto found = ctx.find_text(args[1]);
  if (!found.ok()) return found.status();
  ctx.reply.array(operations->size());
  for (const Operation& one : *operations) write_field(ctx.reply, found->value_or(View()), one);
  return Replied();
}

// BITFIELD key [GET type offset | [OVERFLOW WRAP|SAT|FAIL] SET type offset value | INCRBY type offset increment ...]  →
// of each GET the value, of SET the one before, of INCRBY the one after; null where FAIL left it alone
Outcome bitfield(Context& ctx, Args args) {
  const View key = args[1];
  const auto operations = parse_operations(ctx, args);
  if (!operations.ok()) return operations.status();
  std::optional<Context::Reading> reading;
  const auto is_get = [](const Operation& one) { return one.kind == Operation::Kind::kGet; };
  if (std::all_of(operations->begin(), operations->end(), is_get)) reading.emplace(ctx);
  const auto found = ctx.find_text(key);
  reading.reset();
  if (!found.ok()) return found.status();
  uint64_t needed = 0;  // bytes, for all that is written: the string grows first, also when nothing changes then
  for (const Operation& one : *operations) {
    if (one.kind != Operation::Kind::kGet) needed = std::max(needed, one.last_byte() + 1);
  }
  if (needed > found->value_or(View()).size()) {
    if (needed > string_bytes_max(ctx, key)) return string_too_long(ctx, key);
    ctx.emit(StringWrite{.key = key, .offset = needed - 1, .bytes = View("\0", 1)});
  }
  ctx.reply.array(operations->size());
  for (const Operation& one : *operations) {
    if (needed == 0) write_field(ctx.reply, found->value_or(View()), one);
    else carry_out(ctx, key, one);
  }
  return Replied();
}

}  // namespace leat
