// SPDX-License-Identifier: Apache-2.0
// stream_writer.cc: the streams' part of the dump's writer. stream_reader.cc draws the bytes.
#include "broker/rdb/dump_writer.h"
#include "broker/rdb/format.h"
#include "broker/rdb/listpack.h"

namespace leat::rdb {

namespace {

constexpr size_t kNodeBytes = 4096;  // as Redis fills its own, by default
constexpr uint64_t kNodeEntries = 100;

// The entries of a node: those from `at` on that fit. It walks over them once to count, and once to write: the count
// stands before them.
class Node {
 public:
  explicit Node(Stream::Cursor at) : first_(at), past_(at) {
    first_.fields(names_);
    uint64_t bytes = 0;
    for (; past_.valid() && count_ < kNodeEntries && (count_ == 0 || bytes < kNodeBytes); past_.next(), ++count_) {
      past_.fields(pairs_);
      for (const View part : pairs_) bytes += part.size() + 2;
    }
  }
  Stream::Cursor past() const { return past_; }

  void write(Bytes& listpack) {
    ListpackBuilder to(listpack);
    to.add(static_cast<int64_t>(count_));
    to.add(int64_t{0});
    to.add(static_cast<int64_t>(names_.size() / 2));
    for (size_t i = 0; i < names_.size(); i += 2) to.add(names_[i]);
    to.add(int64_t{0});
    Stream::Cursor at = first_;
    for (uint64_t i = 0; i < count_; ++i, at.next()) {
      at.fields(pairs_);
      write_entry(to, at.id());
    }
    to.finish();
  }

 private:
  bool same_names() const {
    if (pairs_.size() != names_.size()) return false;
    for (size_t i = 0; i < pairs_.size(); i += 2) {
      if (pairs_[i] != names_[i]) return false;
    }
    return true;
  }
  void write_entry(ListpackBuilder& to, StreamId id) const {
    const bool same = same_names();
    const auto pairs = static_cast<int64_t>(pairs_.size() / 2);
    to.add(same ? kEntrySameNames : int64_t{0});
    to.add(static_cast<int64_t>(id.ms - first_.id().ms));
    to.add(static_cast<int64_t>(id.seq - first_.id().seq));
    if (!same) to.add(pairs);
    for (size_t i = same ? 1 : 0; i < pairs_.size(); i += same ? 2 : 1) to.add(pairs_[i]);
    to.add(same ? pairs + 3 : pairs * 2 + 4);
  }

  Stream::Cursor first_, past_;
  uint64_t count_ = 0;
  std::vector<View> names_, pairs_;  // of the first entry; of the one at hand
};

void write_entries(Output& to, const Stream& stream) {
  uint64_t nodes = 0;  // which stands before them
  for (auto at = stream.cursor({}); at.valid(); at = Node(at).past()) ++nodes;
  to.length(nodes);
  Bytes key, listpack;
  for (auto at = stream.cursor({}); at.valid();) {
    Node node(at);
    key.clear();
    Output(key).id(at.id());
    node.write(listpack);
    to.string(key);
    to.string(listpack);
    at = node.past();
  }
}

void write_consumer(Output& to, const consumers::Consumer& consumer) {
  to.string(consumer.name());
  to.fixed(consumer.seen_time_ms);
  to.length(consumer.pending_count());
  for (auto at = consumer.pending_ids().begin(); at.valid(); at.next()) to.id(*at);
}

void write_group(Output& to, const consumers::Group& group, bool counted) {
  to.string(group.name());
  to.length_id(group.last_delivered());
  if (counted) to.length(static_cast<uint64_t>(group.entries_read()));
  to.length(group.pending().size());
  for (auto at = group.pending().begin(); at.valid(); at.next()) {
    to.id(at->id);
    to.fixed(at->delivered_at_ms);
    to.length(at->delivery_count);
  }
  to.length(group.consumers().size());
  for (const auto& [name, consumer] : group.consumers()) write_consumer(to, *consumer);
}

}  // namespace

// Redis 5 and 6 say nothing of what was ever added and read: who reads that takes all that is there for all there ever
// was, and a group for one that has read everything up to its cursor, if that can be told.
bool needs_counts(const Stream& stream) {
  if (stream.entries_added() != stream.size() || !stream.max_deleted_id().is_zero()) return true;
  for (const auto& [name, group] : stream.groups()) {
    const StreamId last = group->last_delivered();
    const bool nothing = last < stream.first_id() && group->entries_read() == 0;
    const bool all = last == stream.last_id() && group->entries_read() == static_cast<int64_t>(stream.entries_added());
    if (!nothing && !all) return true;
  }
  return false;
}

void write_stream(Output& to, const Stream& stream, bool counted) {
  write_entries(to, stream);
  to.length(stream.size());
  to.length_id(stream.last_id());
  if (counted) {
    to.length_id(stream.first_id());
    to.length_id(stream.max_deleted_id());
    to.length(stream.entries_added());
  }
  to.length(stream.groups().size());
  for (const auto& [name, group] : stream.groups()) write_group(to, *group, counted);
}

}  // namespace leat::rdb
