// SPDX-License-Identifier: Apache-2.0
// stream_reader.cc: the streams' part of the dump's reader.
//
// Bytes: stream := nodes: length, (first id: string of 16, listpack: string)*, entries, last id,
//                  [since 7.0: first id, greatest deleted id, entries ever added,] groups: length, group*
//        group := name: string, last delivered id, [since 7.0: entries read,] pending: length, (id: 16 bytes,
//        at_ms: i64,
//                 deliveries: length)*, consumers: length, consumer*
//        consumer := name: string, seen_ms: i64, [since 7.2: active_ms: i64,] pending: length, (id: 16 bytes)*
//        node's listpack := live entries, deleted ones, names: n, n names, 0, entry*
//        entry := flags, ms and seq counted from the node's first id, [values of the node's names |
//                 pairs: n, name, value …], how many places that were
#include <algorithm>
#include <set>

#include "broker/rdb/dump_reader.h"
#include "broker/rdb/listpack.h"

namespace leat::rdb {

namespace {

constexpr size_t kIdBytes = 16;
constexpr int64_t kPartsMax = 1 << 20;    // names and values of an entry: clients can send no more with XADD to Redis
constexpr uint64_t kConsumersMax = 1 << 24;  // of a group; its snapshot would not be believed with more (group.cc)

StreamId length_id(Input& in) {
  const uint64_t ms = in.length();
  return {ms, in.length()};
}

// ---- entries

class NodeReader {
 public:
  NodeReader(StreamId first, View listpack, StreamId& last, Contents& to)
      : first_(first), pack_(listpack), last_(last), to_(to) {}

  // How many live entries it has; nullopt when something is wrong.
  std::optional<uint64_t> read() {
    int64_t live, deleted, names, zero;
    if (!number(live) || !number(deleted) || !number(names) || live < 0 || deleted < 0) return std::nullopt;
    if (!take(names_, names) || !number(zero) || zero != 0) return std::nullopt;
    for (PackedEntry flags; pack_.next(flags);) {
      const auto bits = flags.number();
      if (!bits || *bits < 0 || *bits > (kEntryDeleted | kEntrySameNames) || !read_entry(*bits)) return std::nullopt;
    }
    const bool counts_fit = live_ == static_cast<uint64_t>(live) && deleted_ == static_cast<uint64_t>(deleted);
    if (!pack_.ok() || !counts_fit) return std::nullopt;
    return live_;
  }

 private:
  bool number(int64_t& value) {
    PackedEntry entry;
    if (!pack_.next(entry)) return false;
    const auto parsed = entry.number();
    value = parsed.value_or(0);
    return parsed.has_value();
  }
  bool take(std::vector<PackedEntry>& parts, int64_t count) {
    if (count < 0 || count > kPartsMax) return false;
    parts.clear();
    PackedEntry part;
    while (static_cast<int64_t>(parts.size()) < count) {
      if (!pack_.next(part)) return false;
      parts.push_back(part);
    }
    return true;
  }
  bool read_entry(int64_t flags) {
    int64_t ms, seq, pairs = static_cast<int64_t>(names_.size()), places;
    if (!number(ms) || !number(seq)) return false;
    const bool same_names = (flags & kEntrySameNames) != 0;
    if (!same_names && (!number(pairs) || pairs < 0 || pairs > kPartsMax / 2)) return false;
    if (!take(parts_, same_names ? pairs : pairs * 2)) return false;
    if (!number(places) || places != (same_names ? pairs + 3 : pairs * 2 + 4)) return false;
    const StreamId id{first_.ms + static_cast<uint64_t>(ms), first_.seq + static_cast<uint64_t>(seq)};
    if (id <= last_) return false;
    last_ = id;
    if ((flags & kEntryDeleted) != 0) return ++deleted_, true;
    ++live_;
    views_.clear();
    for (int64_t i = 0; i < pairs; ++i) {
      views_.push_back(same_names ? names_[i].text() : parts_[2 * i].text());
      views_.push_back(same_names ? parts_[i].text() : parts_[2 * i + 1].text());
    }
    return pairs > 0 && to_.entry(id, views_);
  }

  const StreamId first_;
  Listpack pack_;
  StreamId& last_;  // of the stream so far
  Contents& to_;
  std::vector<PackedEntry> names_, parts_;
  std::vector<View> views_;
  uint64_t live_ = 0, deleted_ = 0;
};

bool read_entries(Input& in, Contents& to, uint64_t& live, StreamId& last) {
  Bytes id_scratch, scratch;
  const uint64_t nodes = in.count(kIdBytes + 2);
  for (uint64_t i = 0; i < nodes; ++i) {
    const View key = in.string(id_scratch);
    const View listpack = in.string(scratch);
    if (!in.ok() || key.size() != kIdBytes) return false;
    const auto count = NodeReader(Input(key, {}).id(), listpack, last, to).read();
    if (!count) return false;
    live += *count;
  }
  return in.ok();
}

// ---- groups

// What the group says is pending; its consumers then say for whom.
struct Delivered {
  StreamId id;
  TimeMs at_ms;
  uint64_t deliveries;
  bool taken;
};

bool read_delivered(Input& in, std::vector<Delivered>& all) {
  const uint64_t count = in.count(kIdBytes + sizeof(TimeMs) + 1);
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    const StreamId id = in.id();
    const TimeMs at_ms = in.time();
    all.push_back({id, at_ms, in.length(), false});
  }
  const auto before = [](const Delivered& a, const Delivered& b) { return a.id < b.id; };
  std::sort(all.begin(), all.end(), before);
  const auto same = [](const Delivered& a, const Delivered& b) { return a.id == b.id; };
  return in.ok() && std::adjacent_find(all.begin(), all.end(), same) == all.end();
}

bool read_consumer(Input& in, Layout layout, View group, std::vector<Delivered>& all, std::set<Bytes>& names,
                   Contents& to) {
  Bytes scratch;
  const Bytes name(in.string(scratch));
  ConsumerHead head{.group = group, .name = name, .seen_ms = in.time(), .active_ms = -1};
  head.active_ms = layout == Layout::kStream3 ? in.fixed<TimeMs>() : head.seen_ms;  // as Redis takes it
  const uint64_t count = in.count(kIdBytes);
  if (!in.ok() || head.active_ms < -1 || !names.insert(name).second || !to.consumer(head)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    const StreamId id = in.id();
    const auto found =
        std::lower_bound(all.begin(), all.end(), id, [](const Delivered& a, StreamId b) { return a.id < b; });
    if (!in.ok() || found == all.end() || found->id != id || found->taken) return false;
    found->taken = true;
    if (!to.pending({group, name, id, found->at_ms, found->deliveries})) return false;
  }
  return true;
}

bool read_group(Input& in, Layout layout, std::set<Bytes>& groups, Contents& to) {
  Bytes scratch;
  const Bytes name(in.string(scratch));
  GroupHead head{
      .name = name, .last_delivered = length_id(in), .entries_read = -1, .counted = layout != Layout::kStream};
  if (head.counted) head.entries_read = static_cast<int64_t>(in.length());
  std::vector<Delivered> delivered;
  if (!read_delivered(in, delivered) || head.entries_read < -1) return false;
  if (!groups.insert(name).second || !to.group(head)) return false;
  const uint64_t consumers = in.count(1 + sizeof(TimeMs) + 1);
  if (consumers >= kConsumersMax) return false;
  std::set<Bytes> names;
  for (uint64_t i = 0; i < consumers; ++i) {
    if (!read_consumer(in, layout, name, delivered, names, to)) return false;
  }
  return in.ok() && std::all_of(delivered.begin(), delivered.end(), [](const Delivered& one) { return one.taken; });
}

}  // namespace

bool read_stream(Input& in, Layout layout, Contents& to) {
  uint64_t live = 0;
  StreamId last;
  if (!read_entries(in, to, live, last)) return false;
  const uint64_t length = in.length();
  StreamEnd end{.last_id = length_id(in), .max_deleted_id = {}, .entries_added = length};
  if (layout != Layout::kStream) {
    static_cast<void>(length_id(in));  // the first entry's, which was met
    end.max_deleted_id = length_id(in);
    end.entries_added = in.length();
  }
  const uint64_t groups = in.count(1 + 2 + 1 + 1);
  const bool counts_fit = length == live && end.entries_added >= length && end.entries_added <= INT64_MAX;
  if (!in.ok() || !counts_fit || end.last_id < last || end.last_id < end.max_deleted_id || !to.stream(end))
    return false;
  std::set<Bytes> names;
  for (uint64_t i = 0; i < groups; ++i) {
    if (!read_group(in, layout, names, to)) return false;
  }
  return in.ok();
}

}  // namespace leat::rdb
