// SPDX-License-Identifier: Apache-2.0
// group.h: a consumer group: how far it has read, who its members are, and what each of them holds.
//
// Used by: a stream, which owns its groups; apply changes them, handlers look. README.md draws a message's life.
// Always:  - an id is pending for exactly one consumer, or not at all;
//          - each consumer's ids and the group's pending entries say the same;
//          - seen and active times are no content: not logged, in no digest, and a handler may set them.
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
  const Bytes& name() const { return name_; }
  uint64_t pending_count() const { return ids_.size(); }
  const PendingIds& pending_ids() const { return ids_; }  // in order

  mutable TimeMs seen_time_ms = 0;     // last asked for anything (XREADGROUP, XCLAIM, XAUTOCLAIM)
  mutable TimeMs active_time_ms = -1;  // last got anything; -1: never

 private:
  friend class Group;
  Consumer(Bytes name, uint32_t slot) : name_(std::move(name)), slot_(slot) {}
  const Bytes name_;
  const uint32_t slot_;
  PendingIds ids_;
};

constexpr int64_t kEntriesReadUnknown = -1;

class Group {
 public:
  using Consumers = std::map<Bytes, std::unique_ptr<Consumer>, std::less<>>;

  Group(Bytes name, StreamId last_delivered, int64_t entries_read);

  const Bytes& name() const { return name_; }
  StreamId last_delivered() const { return last_delivered_; }
  int64_t entries_read() const { return entries_read_; }  // kEntriesReadUnknown, or how many before last_delivered
  void set_last(StreamId last_delivered, int64_t entries_read);

  const Pending& pending() const { return pending_; }
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

  std::unique_ptr<Group> clone() const;
  uint64_t digest() const;
  size_t memory() const;
  bool free_some(size_t arrays);  // true when nothing is left

 private:
  Consumer& open(View name, TimeMs now_ms);
  void assign(const PendingEntry& entry);

  const Bytes name_;
  StreamId last_delivered_;
  int64_t entries_read_;
  Pending pending_;
  Consumers consumers_;
  std::vector<Consumer*> slots_;  // a pending entry says its consumer in four bytes
  std::vector<uint32_t> free_slots_;
};

}  // namespace leat::consumers
