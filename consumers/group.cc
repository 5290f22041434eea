// SPDX-License-Identifier: Apache-2.0
#include "consumers/group.h"

#include <xxhash.h>

namespace leat::consumers {

Group::Group(Bytes name, StreamId last_delivered, int64_t entries_read)
    : name_(std::move(name)), last_delivered_(last_delivered), entries_read_(entries_read) {}

void Group::set_last(StreamId last_delivered, int64_t entries_read) {
  last_delivered_ = last_delivered;
  entries_read_ = entries_read;
}

const Consumer* Group::find_consumer(View name) const {
  const auto found = consumers_.find(name);
  return found == consumers_.end() ? nullptr : found->second.get();
}

const Consumer& Group::create_consumer(View name, TimeMs now_ms) { return open(name, now_ms); }

Consumer& Group::open(View name, TimeMs now_ms) {
  const auto found = consumers_.find(name);
  if (found != consumers_.end()) return *found->second;
  uint32_t slot = slots_.size();
  if (free_slots_.empty()) {
    slots_.push_back(nullptr);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  std::unique_ptr<Consumer> consumer(new Consumer(Bytes(name), slot));
  consumer->seen_time_ms = now_ms;
  slots_[slot] = consumer.get();
  return *consumers_.emplace(Bytes(name), std::move(consumer)).first->second;
}

uint64_t Group::remove_consumer(View name) {
  const auto found = consumers_.find(name);
  if (found == consumers_.end()) return 0;
  const Consumer& consumer = *found->second;
  const uint64_t dropped = consumer.pending_count();
  for (auto at = consumer.ids_.begin(); at.valid(); at.next()) pending_.erase(*at);
  slots_[consumer.slot_] = nullptr;
  free_slots_.push_back(consumer.slot_);
  consumers_.erase(found);
  return dropped;
}

void Group::deliver(std::span<const StreamId> ids, View consumer, TimeMs at_ms) {
  Consumer& to = open(consumer, at_ms);
  for (const StreamId& id : ids)
    assign({.id = id, .delivered_at_ms = at_ms, .consumer = to.slot_, .delivery_count = 1});
  if (!ids.empty()) to.active_time_ms = std::max(to.active_time_ms, at_ms);
}

void Group::claim(StreamId id, View consumer, TimeMs delivered_at_ms, uint64_t delivery_count) {
  const Consumer& to = open(consumer, delivered_at_ms);
  assign({.id = id,
          .delivered_at_ms = delivered_at_ms,
          .consumer = to.slot_,
          .delivery_count = static_cast<uint32_t>(std::min<uint64_t>(delivery_count, UINT32_MAX))});
}

void Group::assign(const PendingEntry& entry) {
  if (!pending_.insert(entry)) {
    PendingEntry& held = *pending_.find(entry.id);
    const uint32_t holder = held.consumer;
    held = entry;
    if (holder == entry.consumer) return;
    slots_[holder]->ids_.erase(entry.id);
  }
  slots_[entry.consumer]->ids_.insert(entry.id);
}

bool Group::ack(StreamId id) {
  const PendingEntry* held = pending_.find(id);
  if (held == nullptr) return false;
  slots_[held->consumer]->ids_.erase(id);
  pending_.erase(id);
  return true;
}

std::unique_ptr<Group> Group::clone() const {
  auto copied = std::make_unique<Group>(name_, last_delivered_, entries_read_);
  copied->pending_ = pending_;
  copied->slots_.resize(slots_.size());  // the same numbers, so that the entries need no change
  copied->free_slots_ = free_slots_;
  for (const auto& [name, consumer] : consumers_) {
    std::unique_ptr<Consumer> twin(new Consumer(name, consumer->slot_));
    twin->seen_time_ms = consumer->seen_time_ms;
    twin->active_time_ms = consumer->active_time_ms;
    twin->ids_ = consumer->ids_;
    copied->slots_[twin->slot_] = twin.get();
    copied->consumers_.emplace(name, std::move(twin));
  }
  return copied;
}

uint64_t Group::digest() const {
  uint64_t digest = XXH3_64bits(name_.data(), name_.size());
  const auto add = [&digest](const void* bytes, size_t size) { digest = XXH3_64bits_withSeed(bytes, size, digest); };
  const uint64_t cursor[] = {last_delivered_.ms, last_delivered_.seq, static_cast<uint64_t>(entries_read_)};
  add(cursor, sizeof cursor);
  std::vector<uint64_t> names(slots_.size());  // by slot: the name's digest, since slots are no content
  for (const auto& [name, consumer] : consumers_) {
    names[consumer->slot_] = XXH3_64bits(name.data(), name.size());
    add(name.data(), name.size());
  }
  for (auto at = pending_.begin(); at.valid(); at.next()) {
    const uint64_t held[] = {at->id.ms, at->id.seq, static_cast<uint64_t>(at->delivered_at_ms), names[at->consumer],
                             at->delivery_count};
    add(held, sizeof held);
  }
  return digest;
}

size_t Group::memory() const {
  size_t bytes = sizeof *this + name_.size() + pending_.memory() + slots_.capacity() * sizeof(Consumer*);
  for (const auto& [name, consumer] : consumers_) {
    bytes += sizeof(Consumer) + 2 * name.size() + sizeof(Bytes) + 48 + consumer->ids_.memory();  // 48: the map's node
  }
  return bytes;
}

bool Group::free_some(size_t arrays) {
  if (!pending_.free_some(arrays)) return false;
  for (auto first = consumers_.begin(); first != consumers_.end(); first = consumers_.begin()) {
    if (!first->second->ids_.free_some(arrays)) return false;
    consumers_.erase(first);
  }
  return true;
}

}  // namespace leat::consumers
