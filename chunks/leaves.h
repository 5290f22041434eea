// SPDX-License-Identifier: Apache-2.0
// leaves.h: an ordered sequence of leaves (packed runs of items) that knows how many items lie before each of them.
//
// Used by: lists, sorted sets, streams (a leaf is a chunk) and pending entries (a leaf is a sorted array).
// Always:  - blocks of at most kBlockLeaves leaves, no empty block; a block knows the items of its leaves;
//          - a Place dies with the next insert or erase of a leaf, not with a change inside one.
// Cost:    finding is a binary search over blocks, then over leaves. A rank adds up the blocks on the nearer side, then
//          the leaves of one block: with leaves of 100 items that is 60 + 60 additions for a million items and 600 + 60
//          for ten million. A tree of fixed fan-out would add fewer from a hundred million on, and is slower below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "schemas/check.h"

namespace leat {

constexpr size_t kBlockLeaves = 128;

struct LeafPlace {
  uint32_t block = 0;
  uint32_t slot = 0;
  friend bool operator==(const LeafPlace&, const LeafPlace&) = default;
};

// Leaf has a public `uint32_t count`, the items in it, which only adjust() changes once the leaf is in here.
template <typename Leaf>
class Leaves {
 public:
  using Place = LeafPlace;

  bool empty() const { return blocks_.empty(); }
  uint64_t items() const { return items_; }
  size_t size() const { return leaves_; }

  Leaf& at(Place place) { return blocks_[place.block].leaves[place.slot]; }
  const Leaf& at(Place place) const { return blocks_[place.block].leaves[place.slot]; }

  Place first() const { return {}; }
  Place end() const { return {static_cast<uint32_t>(blocks_.size()), 0}; }
  bool valid(Place place) const { return place.block < blocks_.size(); }
  Place last() const { return empty() ? end() : last_of(blocks_.size() - 1); }
  Place next(Place place) const {
    if (++place.slot == blocks_[place.block].leaves.size()) place = {place.block + 1, 0};
    return place;
  }
  // Before the first comes end().
  Place previous(Place place) const {
    if (place.slot > 0) return {place.block, place.slot - 1};
    return place.block > 0 ? last_of(place.block - 1) : end();
  }

  // The leaf that holds item number `rank`, which becomes the item's number within it. rank < items().
  Place seek(uint64_t& rank) const;
  // Items before this leaf; end() has all of them before it.
  uint64_t rank(Place place) const;
  // The last leaf for which `before` holds, or the first leaf; `before` holds for a run of leaves from the first on.
  template <typename Before>
  Place last_where(Before before) const;

  Place insert(Place before, Leaf leaf);  // returns its place; end() appends
  Leaf take(Place place);                 // out of the sequence
  void adjust(Place place, int64_t items);

  // The sum of `bytes_of` over all leaves: exact for few, from an even sample for many.
  template <typename BytesOf>
  size_t estimate(BytesOf bytes_of) const;

 private:
  struct Block {
    std::vector<Leaf> leaves;
    uint64_t items = 0;
  };

  Place last_of(size_t block) const {
    return {static_cast<uint32_t>(block), static_cast<uint32_t>(blocks_[block].leaves.size() - 1)};
  }
  void split(uint32_t block);

  std::vector<Block> blocks_;
  uint64_t items_ = 0;
  size_t leaves_ = 0;
};

template <typename Leaf>
LeafPlace Leaves<Leaf>::seek(uint64_t& rank) const {
  CHECK(rank < items_);
  uint32_t block = 0;
  if (rank < items_ / 2) {
    while (rank >= blocks_[block].items) rank -= blocks_[block++].items;
  } else {
    uint64_t behind = items_ - rank;  // this item and those after it
    block = blocks_.size() - 1;
    while (behind > blocks_[block].items) behind -= blocks_[block--].items;
    rank = blocks_[block].items - behind;
  }
  const auto& leaves = blocks_[block].leaves;
  uint32_t slot = 0;
  if (rank < blocks_[block].items / 2) {
    while (rank >= leaves[slot].count) rank -= leaves[slot++].count;
  } else {
    uint64_t behind = blocks_[block].items - rank;
    slot = leaves.size() - 1;
    while (behind > leaves[slot].count) behind -= leaves[slot--].count;
    rank = leaves[slot].count - behind;
  }
  return {block, slot};
}

template <typename Leaf>
uint64_t Leaves<Leaf>::rank(Place place) const {
  uint64_t rank = 0;
  if (place.block < blocks_.size() / 2) {
    for (uint32_t block = 0; block < place.block; ++block) rank += blocks_[block].items;
  } else {
    rank = items_;
    for (size_t block = place.block; block < blocks_.size(); ++block) rank -= blocks_[block].items;
  }
  for (uint32_t slot = 0; slot < place.slot; ++slot) rank += blocks_[place.block].leaves[slot].count;
  return rank;
}

template <typename Leaf>
template <typename Before>
LeafPlace Leaves<Leaf>::last_where(Before before) const {
  size_t low = 0, high = blocks_.size();  // the block is in [low, high)
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (before(blocks_[middle].leaves.front())) low = middle;
    else high = middle;
  }
  const uint32_t block = low;
  if (blocks_.empty()) return end();
  high = blocks_[block].leaves.size();
  low = 0;
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (before(blocks_[block].leaves[middle])) low = middle;
    else high = middle;
  }
  return {block, static_cast<uint32_t>(low)};
}

template <typename Leaf>
LeafPlace Leaves<Leaf>::insert(Place before, Leaf leaf) {
  if (!valid(before)) {
    if (blocks_.empty() || blocks_.back().leaves.size() == kBlockLeaves) blocks_.emplace_back();
    before = {static_cast<uint32_t>(blocks_.size() - 1), static_cast<uint32_t>(blocks_.back().leaves.size())};
  } else if (blocks_[before.block].leaves.size() == kBlockLeaves) {
    if (before == LeafPlace{}) {
      blocks_.emplace(blocks_.begin());  // growing at the front: blocks stay full
    } else {
      split(before.block);
      if (before.slot > kBlockLeaves / 2) before = {before.block + 1, before.slot - uint32_t{kBlockLeaves / 2}};
    }
  }
  Block& block = blocks_[before.block];
  block.items += leaf.count;
  items_ += leaf.count;
  ++leaves_;
  block.leaves.insert(block.leaves.begin() + before.slot, std::move(leaf));
  return before;
}

template <typename Leaf>
void Leaves<Leaf>::split(uint32_t index) {
  Block right;
  auto& left = blocks_[index].leaves;
  right.leaves.reserve(kBlockLeaves);
  for (size_t slot = kBlockLeaves / 2; slot < left.size(); ++slot) {
    right.items += left[slot].count;
    right.leaves.push_back(std::move(left[slot]));
  }
  left.resize(kBlockLeaves / 2);
  blocks_[index].items -= right.items;
  blocks_.insert(blocks_.begin() + index + 1, std::move(right));
}

template <typename Leaf>
Leaf Leaves<Leaf>::take(Place place) {
  Block& block = blocks_[place.block];
  Leaf leaf = std::move(block.leaves[place.slot]);
  block.leaves.erase(block.leaves.begin() + place.slot);
  block.items -= leaf.count;
  items_ -= leaf.count;
  --leaves_;
  if (block.leaves.empty()) blocks_.erase(blocks_.begin() + place.block);
  if (blocks_.empty()) std::vector<Block>().swap(blocks_);  // gives its memory back
  return leaf;
}

template <typename Leaf>
void Leaves<Leaf>::adjust(Place place, int64_t items) {
  at(place).count += items;
  blocks_[place.block].items += items;
  items_ += items;
}

template <typename Leaf>
template <typename BytesOf>
size_t Leaves<Leaf>::estimate(BytesOf bytes_of) const {
  constexpr size_t kSample = 64;
  size_t bytes = 0, seen = 0;
  const size_t step = blocks_.size() / kSample + 1;
  for (size_t block = 0; block < blocks_.size(); block += step) {
    const auto& leaves = blocks_[block].leaves;
    const size_t stride = leaves_ <= kSample ? 1 : leaves.size() / 4 + 1;
    for (size_t slot = 0; slot < leaves.size(); slot += stride, ++seen) bytes += bytes_of(leaves[slot]);
  }
  return (seen == 0 ? 0 : bytes * leaves_ / seen) + leaves_ * sizeof(Leaf) + blocks_.capacity() * sizeof(Block);
}

}  // namespace leat
