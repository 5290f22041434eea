// SPDX-License-Identifier: Apache-2.0
#include "consumers/group.h"

#include <xxhash.h>

#include <algorithm>

namespace leat::consumers {

namespace {
constexpr size_t kStreamAt = 0, kLastAt = 8, kReadAt = 24, kGroupHead = 32;  // offsets in a group's chunk
constexpr size_t kSlotAt = 0, kSeenAt = 4, kActiveAt = 12, kConsumerHead = 20;
constexpr uint32_t kSlotsMax = 1 << 24;  // no group has more consumers; a snapshot that says so is damaged
}  // namespace

void Consumer::write() {
  ChunkEdit edit = chunks_.mutate(*chunk_);
  set_fixed(edit.data() + kSeenAt, seen_time_ms);
  set_fixed(edit.data() + kActiveAt, active_time_ms);
}

Group::Group(ChunkStore& chunks, ValueId id, ValueId stream, Bytes name)
    : chunks_(chunks),
      id_(id),
      stream_(stream),
      name_(std::move(name)),
      pending_(Pending::Home{&chunks, id, ChunkKind::kPending}) {}

Group::Group(ChunkStore& chunks, ValueId stream, Bytes name, StreamId last_delivered, int64_t entries_read)
    : Group(chunks, chunks.next_value_id(), stream, std::move(name)) {
  head_ = chunks_.create(id_, ChunkKind::kGroup);
  ChunkEdit edit = chunks_.mutate(*head_);
  edit.open(0, kGroupHead);
  edit.append(name_);
  set_fixed(edit.data() + kStreamAt, uint64_t{stream});
  set_last(last_delivered, entries_read);
}

Group::~Group() { chunks_.retire(std::move(head_)); }

void Group::set_last(StreamId last_delivered, int64_t entries_read) {
  last_delivered_ = last_delivered;
  entries_read_ = entries_read;
  ChunkEdit edit = chunks_.mutate(*head_);
  set_fixed(edit.data() + kLastAt, last_delivered.ms);
  set_fixed(edit.data() + kLastAt + sizeof(uint64_t), last_delivered.seq);
  set_fixed(edit.data() + kReadAt, entries_read);
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
  auto chunk = chunks_.create(id_, ChunkKind::kConsumer);
  ChunkEdit edit = chunks_.mutate(*chunk);
  set_fixed(edit.open(0, kConsumerHead) + kSlotAt, slot);
  edit.append(name);
  Consumer& made = add_consumer(name, slot, std::move(chunk));
  made.seen_time_ms = now_ms;
  made.write();
  return made;
}

Consumer& Group::add_consumer(View name, uint32_t slot, std::unique_ptr<Chunk> chunk) {
  std::unique_ptr<Consumer> consumer(new Consumer(chunks_, Bytes(name), slot));
  consumer->chunk_ = std::move(chunk);
  slots_[slot] = consumer.get();
  return *consumers_.emplace(Bytes(name), std::move(consumer)).first->second;
}

uint64_t Group::remove_consumer(View name) {
  const auto found = consumers_.find(name);
  if (found == consumers_.end()) return 0;
  const Consumer& consumer = *found->second;
  const uint64_t dropped = consumer.pending_count();
  for (auto at = consumer.ids_.begin(); at.valid(); at.next()) {
    if (times_ != nullptr) times_->erase({pending_.find(*at)->delivered_at_ms, *at});
    pending_.erase(*at);
  }
  slots_[consumer.slot_] = nullptr;
  free_slots_.push_back(consumer.slot_);
  consumers_.erase(found);
  return dropped;
}

void Group::deliver(std::span<const StreamId> ids, View consumer, TimeMs at_ms) {
  Consumer& to = open(consumer, at_ms);
  for (const StreamId& id : ids)
    assign({.id = id, .delivered_at_ms = at_ms, .consumer = to.slot_, .delivery_count = 1});
  if (ids.empty()) return;
  to.active_time_ms = std::max(to.active_time_ms, at_ms);
  to.write();
}

void Group::claim(StreamId id, View consumer, TimeMs delivered_at_ms, uint64_t delivery_count) {
  const Consumer& to = open(consumer, delivered_at_ms);
  assign({.id = id,
          .delivered_at_ms = delivered_at_ms,
          .consumer = to.slot_,
          .delivery_count = static_cast<uint32_t>(std::min<uint64_t>(delivery_count, UINT32_MAX))});
}

const PendingTimes& Group::pending_times() const {
  if (times_ != nullptr) return *times_;
  times_ = std::make_unique<PendingTimes>();
  std::vector<PendingTime> sorted;
  sorted.reserve(pending_.size());
  for (auto at = pending_.begin(); at.valid(); at.next()) sorted.push_back({at->delivered_at_ms, at->id});
  std::sort(sorted.begin(), sorted.end());
  for (const PendingTime& time : sorted) times_->insert(time);
  return *times_;
}

void Group::assign(const PendingEntry& entry) {
  const bool is_new = pending_.insert(entry);
  if (times_ != nullptr) {
    if (!is_new) times_->erase({pending_.find(entry.id)->delivered_at_ms, entry.id});
    times_->insert({entry.delivered_at_ms, entry.id});
  }
  if (!is_new) {
    const uint32_t holder = pending_.find(entry.id)->consumer;
    pending_.replace(entry);
    if (holder == entry.consumer) return;
    slots_[holder]->ids_.erase(entry.id);
  }
  slots_[entry.consumer]->ids_.insert(entry.id);
}

bool Group::ack(StreamId id) {
  const PendingEntry* held = pending_.find(id);
  if (held == nullptr) return false;
  slots_[held->consumer]->ids_.erase(id);
  if (times_ != nullptr) times_->erase({held->delivered_at_ms, id});
  pending_.erase(id);
  return true;
}

std::unique_ptr<Group> Group::clone(ValueId stream) const {
  auto copied = std::make_unique<Group>(chunks_, stream, name_, last_delivered_, entries_read_);
  copied->pending_.copy(pending_);
  copied->slots_.resize(slots_.size());  // the same numbers, so that the entries need no change
  copied->free_slots_ = free_slots_;
  for (const auto& [name, consumer] : consumers_) {
    auto chunk = chunks_.create(copied->id_, ChunkKind::kConsumer);
    chunks_.mutate(*chunk).append(consumer->chunk_->bytes());
    Consumer& twin = copied->add_consumer(name, consumer->slot_, std::move(chunk));
    twin.seen_time_ms = consumer->seen_time_ms;
    twin.active_time_ms = consumer->active_time_ms;
    twin.ids_.copy(consumer->ids_);
    twin.write();
  }
  return copied;
}

// ---- out of a snapshot

std::unique_ptr<Group> Group::load(ChunkStore& chunks, std::vector<std::unique_ptr<Chunk>> rows, Pause& pause) {
  std::vector<std::unique_ptr<Chunk>> heads, consumers, pending;
  for (auto& row : rows) {
    auto& pile = row->kind() == ChunkKind::kGroup ? heads : row->kind() == ChunkKind::kConsumer ? consumers : pending;
    pile.push_back(std::move(row));
  }
  if (heads.size() != 1 || heads[0]->size() < kGroupHead) return nullptr;
  const char* const head = heads[0]->data();
  std::unique_ptr<Group> group(new Group(chunks, heads[0]->owner(), get_fixed<uint64_t>(head + kStreamAt),
                                         Bytes(heads[0]->bytes().substr(kGroupHead))));
  group->last_delivered_ = {get_fixed<uint64_t>(head + kLastAt),
                            get_fixed<uint64_t>(head + kLastAt + sizeof(uint64_t))};
  group->entries_read_ = get_fixed<int64_t>(head + kReadAt);
  group->head_ = std::move(heads[0]);
  for (auto& consumer : consumers) {
    if (!group->load_consumer(std::move(consumer))) return nullptr;
  }
  for (uint32_t slot = 0; slot < group->slots_.size(); ++slot) {
    if (group->slots_[slot] == nullptr) group->free_slots_.push_back(slot);
  }
  if (!group->pending_.load(std::move(pending), pause)) return nullptr;
  for (auto at = group->pending_.begin(); at.valid(); at.next()) {
    if (at->consumer >= group->slots_.size() || group->slots_[at->consumer] == nullptr) return nullptr;
    group->slots_[at->consumer]->ids_.insert(at->id);
    pause.after(sizeof(PendingEntry));
  }
  return group;
}

bool Group::load_consumer(std::unique_ptr<Chunk> row) {
  if (row->size() < kConsumerHead) return false;
  const auto slot = get_fixed<uint32_t>(row->data() + kSlotAt);
  const Bytes name(row->bytes().substr(kConsumerHead));
  if (slot >= kSlotsMax || consumers_.contains(name)) return false;
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  if (slots_[slot] != nullptr) return false;
  const auto seen_ms = get_fixed<TimeMs>(row->data() + kSeenAt), active_ms = get_fixed<TimeMs>(row->data() + kActiveAt);
  Consumer& loaded = add_consumer(name, slot, std::move(row));
  loaded.seen_time_ms = seen_ms;
  loaded.active_time_ms = active_ms;
  return true;
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
  if (times_ != nullptr) bytes += times_->memory();
  for (const auto& [name, consumer] : consumers_) {
    bytes += sizeof(Consumer) + 2 * name.size() + sizeof(Bytes) + 48 + consumer->ids_.memory();  // 48: the map's node
  }
  return bytes;
}

size_t Group::weight() const {
  // In two orders; its chunk, its names, the map's node.
  constexpr size_t kEntry = 50, kConsumer = sizeof(Consumer) + 120;
  return sizeof *this + name_.size() + pending_.size() * kEntry + consumers_.size() * kConsumer;
}

bool Group::free_some(size_t arrays) {
  if (times_ != nullptr && !times_->free_some(arrays)) return false;
  if (!pending_.free_some(arrays)) return false;
  for (auto first = consumers_.begin(); first != consumers_.end(); first = consumers_.begin()) {
    if (!first->second->ids_.free_some(arrays)) return false;
    consumers_.erase(first);
  }
  return true;
}

}  // namespace leat::consumers
