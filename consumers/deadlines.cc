// SPDX-License-Identifier: Apache-2.0
#include "consumers/deadlines.h"

#include <algorithm>

#include "schemas/check.h"

namespace leat::consumers {

namespace {
constexpr size_t kBlockMax = 256;
constexpr size_t kBlockFew = kBlockMax / 4;  // so short, a block looks for a neighbour to join
constexpr size_t kBlockStep = 32;            // capacity grows by this much: no doubling, memory counts
constexpr Deadline kLowest{INT64_MIN, 0};    // the first block's key
}  // namespace

Deadlines::Blocks::iterator Deadlines::block_for(const Deadline& deadline) {
  auto block = blocks_.upper_bound(deadline);
  CHECK(block != blocks_.begin());
  return --block;
}

void Deadlines::add(TimeMs at_ms, uint64_t payload) {
  const Deadline deadline{at_ms, payload};
  if (blocks_.empty()) blocks_[kLowest];
  auto found = block_for(deadline);
  if (found->second.size() >= kBlockMax) found = make_room(found, deadline);
  Block& block = found->second;
  if (block.size() == block.capacity()) block.reserve(block.size() + kBlockStep);
  block.insert(std::upper_bound(block.begin(), block.end(), deadline), deadline);
  ++size_;
}

// Splits a full block and returns the half where `deadline` belongs. Times mostly come in rising order: then the block
// is left full and the next one starts empty.
Deadlines::Blocks::iterator Deadlines::make_room(Blocks::iterator full, const Deadline& deadline) {
  Block& low = full->second;
  if (deadline > low.back()) {
    const auto next = std::next(full);
    if (next == blocks_.end()) return blocks_.emplace_hint(next, deadline, Block());
  }
  auto border = low.begin() + low.size() / 2;
  while (border != low.end() && *border == *(border - 1)) ++border;
  if (border == low.end()) return full;  // half of it is one pair: it may grow
  const auto high = blocks_.emplace_hint(std::next(full), *border, Block(border, low.end()));
  low.erase(border, low.end());
  low.shrink_to_fit();
  return deadline < high->first ? full : high;
}

bool Deadlines::remove(TimeMs at_ms, uint64_t payload) {
  if (blocks_.empty()) return false;
  const Deadline deadline{at_ms, payload};
  const auto found = block_for(deadline);
  Block& block = found->second;
  const auto at = std::lower_bound(block.begin(), block.end(), deadline);
  if (at == block.end() || *at != deadline) return false;
  block.erase(at);
  --size_;
  tidy(found);
  return true;
}

// After a removal: an empty block goes, a short one takes in the next.
void Deadlines::tidy(Blocks::iterator block) {
  Block& items = block->second;
  const auto next = std::next(block);
  if (items.size() < kBlockFew && next != blocks_.end() && items.size() + next->second.size() <= kBlockMax / 2) {
    items.insert(items.end(), next->second.begin(), next->second.end());
    blocks_.erase(next);
  }
  if (items.capacity() > 2 * items.size() + kBlockStep) items.shrink_to_fit();
  if (!items.empty()) return;
  if (block != blocks_.begin()) {
    blocks_.erase(block);
  } else if (next == blocks_.end()) {
    blocks_.clear();
  } else {  // the first block's key stays the lowest
    Block rest = std::move(next->second);
    blocks_.erase(next);
    items = std::move(rest);
  }
}

TimeMs Deadlines::earliest_ms() const { return empty() ? kNever : blocks_.begin()->second.front().at_ms; }

std::optional<Deadline> Deadlines::pop_due(TimeMs now_ms) {
  if (earliest_ms() > now_ms || empty()) return std::nullopt;
  const Deadline first = blocks_.begin()->second.front();
  remove(first.at_ms, first.payload);
  return first;
}

size_t Deadlines::memory() const {
  constexpr size_t kNodeBytes = sizeof(Blocks::value_type) + 4 * sizeof(void*);
  return blocks_.size() * kNodeBytes + size_ * sizeof(Deadline) * 9 / 8;  // capacities are a little larger: about
}

bool Deadlines::clear_some(size_t blocks) {
  for (; blocks > 0 && !blocks_.empty(); --blocks) {
    size_ -= std::prev(blocks_.end())->second.size();
    blocks_.erase(std::prev(blocks_.end()));
  }
  return blocks_.empty();
}

}  // namespace leat::consumers
