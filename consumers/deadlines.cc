// SPDX-License-Identifier: Apache-2.0
#include "consumers/deadlines.h"

#include <algorithm>
#include <iterator>

#include "chunks/chunk.h"
#include "schemas/check.h"

namespace leat::consumers {

namespace {
constexpr size_t kBlockMax = 256;
constexpr size_t kBlockFew = kBlockMax / 4;  // so short, a block looks for a neighbour to join
constexpr size_t kBlockStep = 8;             // capacity grows by this much, by less while there are few
constexpr Deadline kLowest{INT64_MIN, 0};  // the first block's key
}  // namespace

// By a little, to a size that the allocator has: no doubling, memory counts.
template <typename Payload>
void Deadlines<Payload>::Block::grow() {
  if (items.size() < items.capacity()) return;
  reserve(items.size() + std::clamp<size_t>(items.size(), 1, kBlockStep));
}

template <typename Payload>
void Deadlines<Payload>::Block::reserve(size_t wanted) {
  items.reserve(Chunk::allocated_for(wanted * sizeof(Item)) / sizeof(Item));
}

template <typename Payload>
auto Deadlines<Payload>::block_for(const Deadline& deadline) -> typename Blocks::iterator {
  auto block = blocks_.upper_bound(deadline);
  CHECK(block != blocks_.begin());
  return --block;
}

template <typename Payload>
void Deadlines<Payload>::add(TimeMs at_ms, Payload payload) {
  const Deadline deadline{at_ms, payload};
  if (blocks_.empty()) blocks_[kLowest].base_ms = at_ms;
  auto found = block_for(deadline);
  if (found->second.items.size() >= kBlockMax) found = make_room(found, deadline);
  if (!found->second.covers(at_ms)) found = cover(found, deadline);
  Block& block = found->second;
  block.grow();
  const Item item = block.item(at_ms, payload);
  block.items.insert(std::upper_bound(block.items.begin(), block.items.end(), item), item);
  ++size_;
  sum_ms_ += at_ms;
}

// Makes room in a full block, or beside it, and returns the block where `deadline` belongs. Times mostly come in rising
// order: then the block is left full and the next one starts empty. Within one millisecond payloads come in no order:
// then the block before, which nothing will fill any more, takes in what it can before one is split in halves.
template <typename Payload>
auto Deadlines<Payload>::make_room(typename Blocks::iterator full, const Deadline& deadline) ->
    typename Blocks::iterator {
  if (deadline > full->second.back()) {
    const auto next = std::next(full);
    if (next == blocks_.end()) return blocks_.emplace_hint(next, deadline, Block{deadline.at_ms, {}});
  }
  const size_t half = whole_pairs(full->second, full->second.items.size() / 2);
  if (half == full->second.items.size()) return full;  // half of it is one pair: it may grow
  if (const auto found = relieve(full, deadline); found != blocks_.end()) return found;
  auto& low = full->second.items;
  const auto border = low.begin() + half;
  const Deadline first = full->second.deadline(*border);
  const auto high = blocks_.emplace_hint(std::next(full), first, Block{full->second.base_ms, {border, low.end()}});
  low.erase(border, low.end());
  low.shrink_to_fit();
  return deadline < high->first ? full : high;
}

// The block before takes in what it has room for, half of the full one at most; none when that is too little to
// be worth it.
template <typename Payload>
auto Deadlines<Payload>::relieve(typename Blocks::iterator full, const Deadline& deadline) ->
    typename Blocks::iterator {
  if (full == blocks_.begin()) return blocks_.end();
  const auto before = std::prev(full);
  Block& into = before->second;
  if (into.items.size() + kBlockFew > kBlockMax) return blocks_.end();
  auto& items = full->second.items;
  const size_t count = whole_pairs(full->second, std::min(kBlockMax - 1 - into.items.size(), items.size() / 2));
  const auto border = items.begin() + count;
  if (count == items.size() || !into.covers(full->second.deadline(*(border - 1)).at_ms)) return blocks_.end();
  into.reserve(into.items.size() + count);
  for (auto item = items.begin(); item != border; ++item) {
    const Deadline moved = full->second.deadline(*item);
    into.items.push_back(into.item(moved.at_ms, static_cast<Payload>(moved.payload)));
  }
  items.erase(items.begin(), border);
  auto node = blocks_.extract(full);  // its key rises: it must not be above what it holds, nor below what it gave away
  node.key() = node.mapped().front();
  const auto rest = blocks_.insert(std::next(before), std::move(node));
  return deadline < rest->first ? before : rest;
}

// So many of a block's items, or a few more: equal pairs stay together.
template <typename Payload>
size_t Deadlines<Payload>::whole_pairs(const Block& block, size_t count) {
  while (count < block.items.size() && block.items[count] == block.items[count - 1]) ++count;
  return count;
}

// A block for a time that is too early or too late for the one where it belongs. Too early it can be for the
// first only.
template <typename Payload>
auto Deadlines<Payload>::cover(typename Blocks::iterator block, const Deadline& deadline) -> typename Blocks::iterator {
  Block& found = block->second;
  if (found.items.empty()) {
    found.base_ms = deadline.at_ms;
    return block;
  }
  if (deadline.at_ms > found.base_ms) {  // later than all that the block can hold
    return blocks_.emplace_hint(std::next(block), deadline, Block{deadline.at_ms, {}});
  }
  const uint64_t earlier = static_cast<uint64_t>(found.base_ms) - static_cast<uint64_t>(deadline.at_ms);
  if (earlier <= UINT32_MAX - found.items.back().after_ms) {
    for (Item& item : found.items) item.after_ms += static_cast<uint32_t>(earlier);
    found.base_ms = deadline.at_ms;
    return block;
  }
  CHECK(block == blocks_.begin());
  Block later = std::move(found);
  found = Block{deadline.at_ms, {}};
  const Deadline first = later.front();
  blocks_.emplace_hint(std::next(block), first, std::move(later));
  return block;
}

template <typename Payload>
bool Deadlines<Payload>::remove(TimeMs at_ms, Payload payload) {
  if (blocks_.empty()) return false;
  const auto found = block_for({at_ms, payload});
  Block& block = found->second;
  if (!block.covers(at_ms)) return false;
  const Item item = block.item(at_ms, payload);
  const auto at = std::lower_bound(block.items.begin(), block.items.end(), item);
  if (at == block.items.end() || *at != item) return false;
  block.items.erase(at);
  --size_;
  sum_ms_ -= at_ms;
  tidy(found);
  return true;
}

// After a removal: an empty block goes, a short one takes in the next.
template <typename Payload>
void Deadlines<Payload>::tidy(typename Blocks::iterator block) {
  auto& items = block->second.items;
  const auto next = std::next(block);
  if (items.size() < kBlockFew && next != blocks_.end() && items.size() + next->second.items.size() <= kBlockMax / 2 &&
      block->second.covers(next->second.back().at_ms)) {
    for (const Item& item : next->second.items) {
      const Deadline deadline = next->second.deadline(item);
      items.push_back(block->second.item(deadline.at_ms, item.payload));
    }
    blocks_.erase(next);
  }
  if (items.capacity() > 2 * items.size() + 4 * kBlockStep) items.shrink_to_fit();
  if (!items.empty()) return;
  if (block != blocks_.begin()) {
    blocks_.erase(block);
  } else if (next == blocks_.end()) {
    blocks_.clear();
  } else {  // the first block's key stays the lowest
    Block rest = std::move(next->second);
    blocks_.erase(next);
    block->second = std::move(rest);
  }
}

template <typename Payload>
size_t Deadlines<Payload>::count_due(TimeMs now_ms) const {
  size_t count = 0;
  for (const auto& each : blocks_) {
    const Block& block = each.second;
    const auto is_due = [&](const Item& item) { return block.deadline(item).at_ms <= now_ms; };
    if (!is_due(block.items.back())) {
      return count + (std::partition_point(block.items.begin(), block.items.end(), is_due) - block.items.begin());
    }
    count += block.items.size();
  }
  return count;
}

template <typename Payload>
std::optional<Deadline> Deadlines<Payload>::pop_due(TimeMs now_ms) {
  if (earliest_ms() > now_ms || empty()) return std::nullopt;
  const Deadline first = blocks_.begin()->second.front();
  remove(first.at_ms, static_cast<Payload>(first.payload));
  return first;
}

template <typename Payload>
size_t Deadlines<Payload>::memory() const {
  constexpr size_t kNodeBytes = sizeof(typename Blocks::value_type) + 4 * sizeof(void*);
  return blocks_.size() * kNodeBytes + size_ * sizeof(Item) * 17 / 16;  // capacities are a little larger: about
}

template <typename Payload>
bool Deadlines<Payload>::clear_some(size_t blocks) {
  for (; blocks > 0 && !blocks_.empty(); --blocks) {
    const Block& last = std::prev(blocks_.end())->second;
    for (const Item& item : last.items) sum_ms_ -= last.deadline(item).at_ms;
    size_ -= last.items.size();
    blocks_.erase(std::prev(blocks_.end()));
  }
  return blocks_.empty();
}

template class Deadlines<uint32_t>;
template class Deadlines<uint64_t>;

}  // namespace leat::consumers
