// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/dump_reader.h"

#include <cmath>

#include "broker/rdb/crc64.h"
#include "broker/rdb/intset.h"
#include "broker/rdb/listpack.h"
#include "broker/rdb/ziplist.h"
#include "broker/rdb/zipmap.h"

namespace leat::rdb {

namespace {

constexpr uint64_t kLifetimeMax = uint64_t{1} << 48;  // ms since 1970; Redis keeps no later time with a field

// ---- laid out plainly: a count, and so many items

bool read_list(Input& in, Contents& to) {
  Bytes scratch;
  const uint64_t count = in.count(1);
  for (uint64_t i = 0; i < count; ++i) {
    const View value = in.string(scratch);
    if (!in.ok() || !to.element(value)) return false;
  }
  return count > 0;
}

bool read_set(Input& in, Contents& to) {
  Bytes scratch;
  const uint64_t count = in.count(1);
  for (uint64_t i = 0; i < count; ++i) {
    const View member = in.string(scratch);
    if (!in.ok() || !to.member(member)) return false;
  }
  return count > 0;
}

bool read_sorted_set(Input& in, bool scores_are_text, Contents& to) {
  Bytes scratch;
  const uint64_t count = in.count(2);
  for (uint64_t i = 0; i < count; ++i) {
    const View member = in.string(scratch);
    const double score = scores_are_text ? in.score_text() : in.fixed<double>();
    if (!in.ok() || std::isnan(score) || !to.scored(member, score)) return false;
  }
  return count > 0;
}

bool read_hash(Input& in, Contents& to) {
  Bytes name_scratch, value_scratch;
  const uint64_t count = in.count(2);
  for (uint64_t i = 0; i < count; ++i) {
    const View name = in.string(name_scratch), value = in.string(value_scratch);
    if (!in.ok() || !to.field(name, value, kNoLifetime)) return false;
  }
  return count > 0;
}

// Each field has its time before it: 0 for none, else, but for the early ones, 1 and what it is later than
// the earliest.
bool read_lifetimes(Input& in, bool early, Contents& to) {
  Bytes name_scratch, value_scratch;
  const uint64_t earliest = early ? 1 : in.fixed<uint64_t>();
  const uint64_t count = in.count(3);
  if (earliest > kLifetimeMax) return false;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t at = in.length();
    const View name = in.string(name_scratch), value = in.string(value_scratch);
    if (!in.ok() || at > kLifetimeMax) return false;
    if (at != 0) at += earliest - 1;
    if (at > kLifetimeMax || !to.field(name, value, static_cast<TimeMs>(at))) return false;
  }
  return count > 0;
}

// ---- packed: one string that has all items

template <typename Pack>
bool read_packed_list(View packed, Contents& to, uint64_t& count) {
  PackedEntry entry;
  Pack pack(packed);
  for (; pack.next(entry); ++count) {
    if (!to.element(entry.text())) return false;
  }
  return pack.ok();
}

template <typename Pack>
bool read_packed_set(View packed, Contents& to) {
  PackedEntry entry;
  Pack pack(packed);
  bool any = false;
  for (; pack.next(entry); any = true) {
    if (!to.member(entry.text())) return false;
  }
  return pack.ok() && any;
}

template <typename Pack>
bool read_packed_sorted_set(View packed, Contents& to) {
  PackedEntry member, score;
  Pack pack(packed);
  bool any = false;
  for (; pack.next(member); any = true) {
    if (!pack.next(score)) return false;
    const auto value = parse_real(score.text());
    if (!value || !to.scored(member.text(), *value)) return false;
  }
  return pack.ok() && any;
}

template <typename Pack>
bool read_packed_hash(View packed, Contents& to) {
  PackedEntry name, value;
  Pack pack(packed);
  bool any = false;
  for (; pack.next(name); any = true) {
    if (!pack.next(value) || !to.field(name.text(), value.text(), kNoLifetime)) return false;
  }
  return pack.ok() && any;
}

bool read_packed_lifetimes(Input& in, bool early, Contents& to) {
  Bytes scratch;
  if (!early && in.fixed<uint64_t>() > kLifetimeMax) return false;  // the earliest: each says its own, whole
  PackedEntry name, value, time;
  Listpack pack(in.string(scratch));
  bool any = false;
  for (; pack.next(name); any = true) {
    if (!pack.next(value) || !pack.next(time)) return false;
    const auto at = time.number();
    if (!at || *at < 0 || static_cast<uint64_t>(*at) > kLifetimeMax) return false;
    if (!to.field(name.text(), value.text(), *at)) return false;
  }
  return pack.ok() && any;
}

// Nodes, each a string: of ziplists, or of listpacks between elements that are as they are.
bool read_quicklist(Input& in, bool of_listpacks, Contents& to) {
  Bytes scratch;
  const uint64_t nodes = in.count(1);
  uint64_t count = 0;
  for (uint64_t i = 0; i < nodes; ++i) {
    const uint64_t kind = of_listpacks ? in.length() : kPackedNode;
    const View node = in.string(scratch);
    if (!in.ok()) return false;
    bool fits = false;
    if (kind == kPlainNode) fits = to.element(node), ++count;
    else if (kind == kPackedNode && of_listpacks) fits = read_packed_list<Listpack>(node, to, count);
    else if (kind == kPackedNode) fits = read_packed_list<Ziplist>(node, to, count);
    if (!fits) return false;
  }
  return count > 0;
}

bool read_by_layout(Layout layout, Input& in, Contents& to) {
  Bytes scratch;
  uint64_t count = 0;
  switch (layout) {
    case Layout::kString: {
      const View value = in.string(scratch);
      return in.ok() && to.text(value);
    }
    case Layout::kList:
      return read_list(in, to);
    case Layout::kSet:
      return read_set(in, to);
    case Layout::kSortedSet:
    case Layout::kSortedSet2:
      return read_sorted_set(in, layout == Layout::kSortedSet, to);
    case Layout::kHash:
      return read_hash(in, to);
    case Layout::kHashLifetimes:
    case Layout::kHashLifetimesEarly:
      return read_lifetimes(in, layout == Layout::kHashLifetimesEarly, to);
    case Layout::kHashZipmap:
      return read_packed_hash<Zipmap>(in.string(scratch), to);
    case Layout::kListZiplist:
      return read_packed_list<Ziplist>(in.string(scratch), to, count) && count > 0;
    case Layout::kSetIntset:
      return read_packed_set<Intset>(in.string(scratch), to);
    case Layout::kSortedSetZiplist:
      return read_packed_sorted_set<Ziplist>(in.string(scratch), to);
    case Layout::kHashZiplist:
      return read_packed_hash<Ziplist>(in.string(scratch), to);
    case Layout::kHashListpack:
      return read_packed_hash<Listpack>(in.string(scratch), to);
    case Layout::kSortedSetListpack:
      return read_packed_sorted_set<Listpack>(in.string(scratch), to);
    case Layout::kSetListpack:
      return read_packed_set<Listpack>(in.string(scratch), to);
    case Layout::kHashListpackLifetimes:
    case Layout::kHashListpackLifetimesEarly:
      return read_packed_lifetimes(in, layout == Layout::kHashListpackLifetimesEarly, to);
    case Layout::kListQuicklist:
    case Layout::kListQuicklist2:
      return read_quicklist(in, layout == Layout::kListQuicklist2, to);
    case Layout::kStream:
    case Layout::kStream2:
    case Layout::kStream3:
      return read_stream(in, layout, to);
    case Layout::kModule:
    case Layout::kModule2:
    case Layout::kNone:
      return false;
  }
  return false;
}

// Only the end of the object is asked for.
class Deaf final : public Contents {
 public:
  bool text(View) override { return true; }
  bool element(View) override { return true; }
  bool member(View) override { return true; }
  bool scored(View, double) override { return true; }
  bool field(View, View, TimeMs) override { return true; }
  bool entry(StreamId, std::span<const View>) override { return true; }
  bool stream(const StreamEnd&) override { return true; }
  bool group(const GroupHead&) override { return true; }
  bool consumer(const ConsumerHead&) override { return true; }
  bool pending(const PendingOne&) override { return true; }
};

}  // namespace

Object object_of(View bytes) {
  if (bytes.empty()) return {};
  return {.layout = static_cast<Layout>(bytes[0]), .body = bytes.substr(1)};
}

std::optional<Object> open_dump(View dump) {
  if (dump.size() < kFooterBytes) return std::nullopt;
  const size_t size = dump.size() - kFooterBytes;
  const auto version = get_fixed<uint16_t>(dump.data() + size);
  const auto check = get_fixed<uint64_t>(dump.data() + size + 2);
  if (version > kVersionMax || check != crc64(dump.substr(0, size + 2))) return std::nullopt;
  return object_of(dump.substr(0, size));
}

std::optional<Type> type_of(Layout layout) {
  switch (layout) {
    case Layout::kString:
      return Type::kString;
    case Layout::kList:
    case Layout::kListZiplist:
    case Layout::kListQuicklist:
    case Layout::kListQuicklist2:
      return Type::kList;
    case Layout::kSet:
    case Layout::kSetIntset:
    case Layout::kSetListpack:
      return Type::kSet;
    case Layout::kSortedSet:
    case Layout::kSortedSet2:
    case Layout::kSortedSetZiplist:
    case Layout::kSortedSetListpack:
      return Type::kSortedSet;
    case Layout::kHash:
    case Layout::kHashZipmap:
    case Layout::kHashZiplist:
    case Layout::kHashListpack:
    case Layout::kHashLifetimes:
    case Layout::kHashLifetimesEarly:
    case Layout::kHashListpackLifetimes:
    case Layout::kHashListpackLifetimesEarly:
      return Type::kHash;
    case Layout::kStream:
    case Layout::kStream2:
    case Layout::kStream3:
      return Type::kStream;
    case Layout::kModule:
    case Layout::kModule2:
    case Layout::kNone:
      return std::nullopt;
  }
  return std::nullopt;
}

bool is_of_module(Layout layout) { return layout == Layout::kModule || layout == Layout::kModule2; }

bool read_object(const Object& object, const Input::Limits& limits, Contents& to) {
  Input in(object.body, limits);
  return read_by_layout(object.layout, in, to) && in.done();
}

bool skip_object(Input& in, Layout layout) {
  if (layout == Layout::kModule2) return in.length(), skip_module(in);
  Deaf deaf;
  return read_by_layout(layout, in, deaf);
}

bool skip_module(Input& in) {
  Bytes scratch;
  while (in.ok()) {
    const uint64_t kind = in.length();
    if (kind == kModuleEnd) return in.ok();
    if (kind == kModuleSigned || kind == kModuleUnsigned) in.length();
    else if (kind == kModuleFloat) in.raw(sizeof(float));
    else if (kind == kModuleDouble) in.raw(sizeof(double));
    else if (kind == kModuleText) in.string(scratch);
    else in.fail();
  }
  return false;
}

}  // namespace leat::rdb
