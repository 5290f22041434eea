// SPDX-License-Identifier: Apache-2.0
#include "consumers/pending.h"

namespace leat::consumers {

template <typename Item>
const Item* IdOrdered<Item>::find(StreamId id) const {
  if (leaves_.empty()) return nullptr;
  const Leaf& leaf = leaves_.at(leaf_for(id));
  const size_t slot = slot_for(leaf, id);
  return slot < leaf.items.size() && id_of(leaf.items[slot]) == id ? &leaf.items[slot] : nullptr;
}

template <typename Item>
bool IdOrdered<Item>::insert(const Item& item) {
  const StreamId id = id_of(item);
  if (leaves_.empty()) leaves_.insert(leaves_.end(), Leaf{id, {}, 0});
  LeafPlace place = leaf_for(id);
  if (leaves_.at(place).count == kArrayItems) {
    if (find(id) != nullptr) return false;
    make_room(place, id);
    place = leaf_for(id);
  }
  Leaf& leaf = leaves_.at(place);
  const size_t slot = slot_for(leaf, id);
  if (slot < leaf.items.size() && id_of(leaf.items[slot]) == id) return false;
  leaf.items.insert(leaf.items.begin() + slot, item);
  leaf.first = std::min(leaf.first, id);
  leaves_.adjust(place, 1);
  return true;
}

// Behind the last id a new array is opened, so that ids in order leave full arrays behind; elsewhere the array is
// split.
template <typename Item>
void IdOrdered<Item>::make_room(LeafPlace place, StreamId id) {
  if (place == leaves_.last() && id > last_id()) {
    leaves_.insert(leaves_.end(), Leaf{id, {}, 0});
    return;
  }
  Leaf right;
  Leaf& left = leaves_.at(place);
  right.items.assign(left.items.begin() + kArrayItems / 2, left.items.end());
  right.first = id_of(right.items.front());
  right.count = right.items.size();
  left.items.resize(kArrayItems / 2);
  leaves_.adjust(place, -int64_t{right.count});
  leaves_.insert(leaves_.next(place), std::move(right));
}

template <typename Item>
bool IdOrdered<Item>::erase(StreamId id) {
  if (leaves_.empty()) return false;
  const LeafPlace place = leaf_for(id);
  Leaf& leaf = leaves_.at(place);
  const size_t slot = slot_for(leaf, id);
  if (slot == leaf.items.size() || id_of(leaf.items[slot]) != id) return false;
  leaf.items.erase(leaf.items.begin() + slot);
  leaves_.adjust(place, -1);
  thin_out(place);
  return true;
}

// Drops an empty array, and empties a nearly empty one into the next.
template <typename Item>
void IdOrdered<Item>::thin_out(LeafPlace place) {
  Leaf& leaf = leaves_.at(place);
  if (leaf.count > kArrayItems / 4) return;
  if (leaf.count > 0) {
    const LeafPlace after = leaves_.next(place);
    if (!leaves_.valid(after)) return;
    Leaf& right = leaves_.at(after);
    if (leaf.count + right.count > kArrayItems / 2) return;
    right.items.insert(right.items.begin(), leaf.items.begin(), leaf.items.end());
    right.first = leaf.first;
    leaves_.adjust(after, leaf.count);
  }
  leaves_.take(place);
}

template <typename Item>
uint64_t IdOrdered<Item>::count_before(StreamId id) const {
  if (leaves_.empty()) return 0;
  const LeafPlace place = leaf_for(id);
  return leaves_.rank(place) + slot_for(leaves_.at(place), id);
}

template <typename Item>
typename IdOrdered<Item>::Cursor IdOrdered<Item>::from(StreamId id) const {
  if (leaves_.empty()) return begin();
  const LeafPlace place = leaf_for(id);
  const uint32_t slot = slot_for(leaves_.at(place), id);
  if (slot < leaves_.at(place).count) return {*this, place, slot};
  return {*this, leaves_.next(place), 0};
}

template <typename Item>
size_t IdOrdered<Item>::memory() const {
  return leaves_.estimate([](const Leaf& leaf) { return leaf.items.capacity() * sizeof(Item); });
}

template <typename Item>
bool IdOrdered<Item>::free_some(size_t arrays) {
  for (; arrays > 0 && !leaves_.empty(); --arrays) leaves_.take(leaves_.last());
  return leaves_.empty();
}

template class IdOrdered<PendingEntry>;
template class IdOrdered<StreamId>;

}  // namespace leat::consumers
