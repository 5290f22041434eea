// SPDX-License-Identifier: Apache-2.0
// group.h: a consumer group: how far it has read, who its members are, and what each of them holds.
//
// Used by: a stream, which owns its groups; apply changes them, handlers look. README.md draws a message's life.
// Always:  - an id is pending for exactly one consumer, or not at all;
//          - each consumer's ids and the group's pending entries say the same;
//          - seen and active times are no content: not logged, in no digest, and a handler may set them; a snapshot has
//            them as of the consumer's last change;
//          - all content is in chunks that the group's id owns; what else is here is derived from them.
// Bytes:   kGroup chunk    := stream's value id: u64, last delivered: ms u64, seq u64, entries read: i64, name
//          kConsumer chunk := slot: u32, seen: i64, active: i64 (ms), name;  kPending chunks: pending.h
#pragma once

#include <map>
#include <memory>
#include <span>

#include "consumers/pending.h"
#include "schemas/bytes.h"
#include "schemas/check.h"

namespace leat::consumers {

class Consumer {
 public:
  ~Consumer() { chunks_.retire(std::move(chunk_)); }

  const Bytes& name() const { return name_; }
  uint64_t pending_count() const { return ids_.size(); }
  const PendingIds& pending_ids() const { return ids_; }  // in order

  // No content: in no log, and no change of the group. Who may only look notes them.
  mutable TimeMs seen_time_ms = 0;     // last asked for anything (XREADGROUP, XCLAIM, XAUTOCLAIM)
  mutable TimeMs active_time_ms = -1;  // last got anything; -1: never

 private:
  friend class Group;
  Consumer(ChunkStore& chunks, Bytes name, uint32_t slot) : chunks_(chunks), name_(std::move(name)), slot_(slot) {}
  void write();  // into the chunk

  ChunkStore& chunks_;
  std::unique_ptr<Chunk> chunk_;
  const Bytes name_;
  const uint32_t slot_;
  PendingIds ids_;
};

constexpr int64_t kEntriesReadUnknown = -1;

class Group {
 public:
  using Consumers = std::map<Bytes, std::unique_ptr<Consumer>, std::less<>>;

  // `chunks` must outlive this; `stream` is the value that the group belongs to.
  Group(ChunkStore& chunks, ValueId stream, Bytes name, StreamId last_delivered, int64_t entries_read);
  ~Group();

  const Bytes& name() const { return name_; }
  StreamId last_delivered() const { return last_delivered_; }
  int64_t entries_read() const { return entries_read_; }  // kEntriesReadUnknown, or how many before last_delivered
  void set_last(StreamId last_delivered, int64_t entries_read);

  const Pending& pending() const { return pending_; }
  // The same in the order of delivery. Made of all there is when it is first asked for (XREADGROUP … CLAIM), and kept
  // from then on, 24 bytes an entry: groups that nobody asks pay nothing.
  const PendingTimes& pending_times() const;
  const Consumers& consumers() const { return consumers_; }
  const Consumer* find_consumer(View name) const;
  const Consumer& consumer_of(const PendingEntry& entry) const { return *slots_[entry.consumer]; }

  const Consumer& create_consumer(View name, TimeMs now_ms);  // the one of that name if there is one
  uint64_t remove_consumer(View name);                        // with what it had pending: the count of that

  // Pending for this consumer (which is created if need be) from now on, whosever they were; delivered for the first
  // time, as XREADGROUP > has it also for an id that was pending before. `claim` says time and count.
  void deliver(std::span<const StreamId> ids, View consumer, TimeMs at_ms);
  void claim(StreamId id, View consumer, TimeMs delivered_at_ms, uint64_t delivery_count);
  bool ack(StreamId id);  // was it pending?

  std::unique_ptr<Group> clone(ValueId stream) const;
  uint64_t digest() const;
  size_t memory() const;
  size_t weight() const;  // the same in constant time, more roughly
  bool free_some(size_t arrays);  // true when nothing is left

  // Out of a snapshot: all chunks of one group, in any order. Null when they do not fit together.
  static std::unique_ptr<Group> load(ChunkStore& chunks, std::vector<std::unique_ptr<Chunk>> rows, Pause& pause);
  ValueId stream() const { return stream_; }

 private:
  Group(ChunkStore& chunks, ValueId id, ValueId stream, Bytes name);
  bool load_consumer(std::unique_ptr<Chunk> row);
  Consumer& add_consumer(View name, uint32_t slot, std::unique_ptr<Chunk> chunk);
  Consumer& open(View name, TimeMs now_ms);
  void assign(const PendingEntry& entry);

  ChunkStore& chunks_;
  const ValueId id_;
  const ValueId stream_;
  const Bytes name_;
  std::unique_ptr<Chunk> head_;
  StreamId last_delivered_;
  int64_t entries_read_ = kEntriesReadUnknown;
  Pending pending_;
  mutable std::unique_ptr<PendingTimes> times_;
  Consumers consumers_;
  std::vector<Consumer*> slots_;  // a pending entry says its consumer in four bytes
  std::vector<uint32_t> free_slots_;
};

}  // namespace leat::consumers
