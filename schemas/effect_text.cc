// SPDX-License-Identifier: Apache-2.0
// effect_text.cc: effects as `leat dump` prints them, one a line.
#include <array>

#include "schemas/effect_codec.h"

namespace leat {

namespace {

// Names of the fields, in the order of Effect's alternatives and of each one's fields().
struct Shape {
  View name;
  std::array<View, 7> fields;
};
constexpr Shape kShapes[] = {
    {"StringSet", {"key", "value", "expire_at_ms"}},
    {"StringWrite", {"key", "offset", "bytes"}},
    {"ListPush", {"key", "side", "values"}},
    {"ListPop", {"key", "side", "count"}},
    {"ListSet", {"key", "index", "value"}},
    {"ListInsert", {"key", "index", "value"}},
    {"ListErase", {"key", "index", "count"}},
    {"HashSet", {"key", "pairs"}},
    {"HashDelete", {"key", "names"}},
    {"SetAdd", {"key", "members"}},
    {"SetRemove", {"key", "members"}},
    {"SortedSetAdd", {"key", "entries"}},
    {"SortedSetRemove", {"key", "members"}},
    {"SortedSetErase", {"key", "rank", "count"}},
    {"StreamCreate", {"key"}},
    {"StreamAdd", {"key", "id", "pairs"}},
    {"StreamDelete", {"key", "ids"}},
    {"StreamTrim", {"key", "count"}},
    {"StreamSetId", {"key", "last_id", "entries_added", "max_deleted_id"}},
    {"GroupCreate", {"key", "group", "last_delivered", "entries_read"}},
    {"GroupDestroy", {"key", "group"}},
    {"GroupSetId", {"key", "group", "last_delivered", "entries_read"}},
    {"ConsumerCreate", {"key", "group", "consumer", "at_ms"}},
    {"ConsumerDelete", {"key", "group", "consumer"}},
    {"GroupDeliver", {"key", "group", "consumer", "ids", "at_ms", "last_delivered", "entries_read"}},
    {"PendingAck", {"key", "group", "ids"}},
    {"PendingClaim", {"key", "group", "consumer", "id", "delivered_at_ms", "deliveries"}},
    {"KeyDelete", {"key"}},
    {"KeyExpire", {"key"}},
    {"KeySetExpiry", {"key", "at_ms"}},
    {"KeyRename", {"key", "to"}},
    {"KeyCopy", {"key", "to_db", "to"}},
    {"KeyMove", {"key", "to_db"}},
    {"DatabaseFlush", {}},
    {"DatabaseSwap", {"other"}},
    {"KeyDigest", {"key", "digest"}},
    {"KeyEvict", {"key"}},
    {"HashRevise", {"key", "pairs"}},
    {"HashSetExpiry", {"key", "at_ms", "names"}},
    {"HashExpire", {"key", "names"}},
    {"StreamConfigure", {"key", "duration_ms", "ids_max"}},
    {"StreamRemember", {"key", "id", "at_ms", "producer", "print_high", "print_low"}},
    {"LibrarySet", {"library", "code"}},
    {"LibraryDelete", {"library"}},
    {"LibrariesFlush", {}},
    {"UserSet", {"user", "rules"}},
    {"UserDelete", {"user"}},
};
static_assert(std::size(kShapes) == std::variant_size_v<Effect>);

void write(Bytes& out, View text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}
void write(Bytes& out, double value) { out += std::to_string(value); }
void write(Bytes& out, StreamId id) { out += std::to_string(id.ms) + "-" + std::to_string(id.seq); }
void write(Bytes& out, Side side) { out += side == Side::kLeft ? "left" : "right"; }
void write(Bytes& out, const ScoredMember& one) {
  write(out, one.score);
  out += ' ';
  write(out, one.member);
}
template <typename Int>
std::enable_if_t<std::is_integral_v<Int>> write(Bytes& out, Int value) {
  out += std::to_string(value);
}
template <typename Item>
void write(Bytes& out, std::span<const Item> items) {
  out += '[';
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ' ';
    write(out, items[i]);
  }
  out += ']';
}

}  // namespace

Bytes quoted(View text) {
  Bytes out;
  write(out, text);
  return out;
}

View name_of(const Effect& effect) { return kShapes[effect.index()].name; }

Bytes effect_text(DbIndex db, const Effect& effect) {
  const Shape& shape = kShapes[effect.index()];
  Bytes out = "db=" + std::to_string(db) + " " + Bytes(shape.name);
  size_t at = 0;
  const auto one_field = [&](const auto& field) {
    out += ' ';
    out += shape.fields[at++];
    out += '=';
    write(out, field);
  };
  std::visit([&](const auto& one) { std::apply([&](const auto&... field) { (one_field(field), ...); }, one.fields()); },
             effect);
  return out;
}

}  // namespace leat
