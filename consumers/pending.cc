// SPDX-License-Identifier: Apache-2.0
#include "consumers/pending.h"

#include "consumers/producers.h"

namespace leat::consumers {

template <typename Item, typename Array>
const Item* IdOrdered<Item, Array>::find(Id id) const {
  if (leaves_.empty()) return nullptr;
  const Leaf& leaf = leaves_.at(leaf_for(id));
  const size_t slot = slot_for(leaf, id);
  return slot < leaf.count && id_of(leaf.items()[slot]) == id ? &leaf.items()[slot] : nullptr;
}

template <typename Item, typename Array>
bool IdOrdered<Item, Array>::insert(const Item& item) {
  const Id id = id_of(item);
  if (leaves_.empty()) leaves_.insert(leaves_.end(), make_leaf(id));
  LeafPlace place = leaf_for(id);
  if (leaves_.at(place).count == kArrayItems) {
    if (find(id) != nullptr) return false;
    make_room(place, id);
    place = leaf_for(id);
  }
  Leaf& leaf = leaves_.at(place);
  const size_t slot = slot_for(leaf, id);
  if (slot < leaf.count && id_of(leaf.items()[slot]) == id) return false;
  leaf.array.insert(slot, {&item, 1});
  leaf.first = std::min(leaf.first, id);
  leaves_.adjust(place, 1);
  return true;
}

// Behind the last id a new array is opened, so that ids in order leave full arrays behind; elsewhere the array is
// split.
template <typename Item, typename Array>
void IdOrdered<Item, Array>::make_room(LeafPlace place, Id id) {
  if (place == leaves_.last() && id > last_id()) {
    leaves_.insert(leaves_.end(), make_leaf(id));
    return;
  }
  Leaf& left = leaves_.at(place);
  const auto moved = left.items().subspan(kArrayItems / 2);
  Leaf right = make_leaf(id_of(moved.front()));
  right.array.insert(0, moved);
  right.count = moved.size();
  left.array.erase(kArrayItems / 2, right.count);
  leaves_.adjust(place, -int64_t{right.count});
  leaves_.insert(leaves_.next(place), std::move(right));
}

template <typename Item, typename Array>
bool IdOrdered<Item, Array>::erase(Id id) {
  if (leaves_.empty()) return false;
  const LeafPlace place = leaf_for(id);
  Leaf& leaf = leaves_.at(place);
  const size_t slot = slot_for(leaf, id);
  if (slot == leaf.count || id_of(leaf.items()[slot]) != id) return false;
  leaf.array.erase(slot, 1);
  leaves_.adjust(place, -1);
  thin_out(place);
  return true;
}

// Drops an empty array, and empties a nearly empty one into the next.
template <typename Item, typename Array>
void IdOrdered<Item, Array>::thin_out(LeafPlace place) {
  Leaf& leaf = leaves_.at(place);
  if (leaf.count > kArrayItems / 4) return;
  if (leaf.count > 0) {
    const LeafPlace after = leaves_.next(place);
    if (!leaves_.valid(after)) return;
    Leaf& right = leaves_.at(after);
    if (leaf.count + right.count > kArrayItems / 2) return;
    right.array.insert(0, leaf.items());
    right.first = leaf.first;
    leaves_.adjust(after, leaf.count);
  }
  leaves_.take(place);
}

template <typename Item, typename Array>
uint64_t IdOrdered<Item, Array>::count_before(Id id) const {
  if (leaves_.empty()) return 0;
  const LeafPlace place = leaf_for(id);
  return leaves_.rank(place) + slot_for(leaves_.at(place), id);
}

template <typename Item, typename Array>
typename IdOrdered<Item, Array>::Cursor IdOrdered<Item, Array>::from(Id id) const {
  if (leaves_.empty()) return begin();
  const LeafPlace place = leaf_for(id);
  const uint32_t slot = slot_for(leaves_.at(place), id);
  if (slot < leaves_.at(place).count) return {*this, place, slot};
  return {*this, leaves_.next(place), 0};
}

template <typename Item, typename Array>
size_t IdOrdered<Item, Array>::memory() const {
  return leaves_.estimate([](const Leaf& leaf) { return leaf.array.memory(); });
}

template <typename Item, typename Array>
bool IdOrdered<Item, Array>::free_some(size_t arrays) {
  for (; arrays > 0 && !leaves_.empty(); --arrays) leaves_.take(leaves_.last());
  return leaves_.empty();
}

template <typename Item, typename Array>
void IdOrdered<Item, Array>::replace(const Item& item) {
  Leaf& leaf = leaves_.at(leaf_for(id_of(item)));
  const size_t slot = slot_for(leaf, id_of(item));
  CHECK(slot < leaf.count && id_of(leaf.items()[slot]) == id_of(item));
  leaf.array.set(slot, item);
}

template <typename Item, typename Array>
void IdOrdered<Item, Array>::copy(const IdOrdered& from) {
  for (LeafPlace place = from.leaves_.first(); from.leaves_.valid(place); place = from.leaves_.next(place)) {
    const Leaf& leaf = from.leaves_.at(place);
    Leaf twin = make_leaf(leaf.first);
    twin.array.insert(0, leaf.items());
    twin.count = leaf.count;
    leaves_.insert(leaves_.end(), std::move(twin));
  }
}

template <typename Item, typename Array>
bool IdOrdered<Item, Array>::load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) {
  if constexpr (std::is_constructible_v<Array, const Home&, std::unique_ptr<Chunk>>) {
    std::vector<Leaf> leaves;
    for (auto& chunk : chunks) {
      if (chunk->empty() || chunk->size() % sizeof(Item) != 0) return false;
      pause.after(chunk->memory());
      Leaf leaf{{}, Array(home_, std::move(chunk)), 0};
      leaf.first = id_of(leaf.items().front());
      leaf.count = leaf.items().size();
      leaves.push_back(std::move(leaf));
    }
    sort_with_pauses(leaves, [](const Leaf& a, const Leaf& b) { return a.first < b.first; }, pause);
    for (Leaf& leaf : leaves) leaves_.insert(leaves_.end(), std::move(leaf));
    return true;
  }
  return chunks.empty();
}

template class IdOrdered<PendingEntry, ChunkArray<PendingEntry>>;
template class IdOrdered<StreamId, HeapArray<StreamId>>;
template class IdOrdered<PendingTime, HeapArray<PendingTime>>;
template class IdOrdered<Remembered, ChunkArray<Remembered>>;

}  // namespace leat::consumers
