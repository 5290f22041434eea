// SPDX-License-Identifier: Apache-2.0
// pending.h: what was delivered and not yet acknowledged, in the order of ids.
//
// Used by: Group, which keeps one Pending for everybody and the ids of each consumer beside it.
// Always:  - an id is here once; the order is that of ids;
//          - the group's Pending is content and lies in chunks; a consumer's ids, and the order of delivery, are
//            derived from it;
//          - ids arrive mostly in order, so arrays are filled to the brim and there is no node per id: five million
//            pending entries take 32 + 16 bytes each.
// Bytes:   a pending entry is 32: id (ms, seq), delivered_at_ms, consumer, delivery_count.
#pragma once

#include <algorithm>
#include <type_traits>
#include <utility>

#include "chunks/leaves.h"
#include "chunks/pause.h"
#include "consumers/arrays.h"
#include "schemas/ids.h"

namespace leat::consumers {

struct PendingEntry {
  StreamId id;
  TimeMs delivered_at_ms = 0;
  uint32_t consumer = 0;        // a slot of the group's table
  uint32_t delivery_count = 0;  // stays at its largest value
};

// The same pending entry in the order of delivery: what has waited longest comes first.
struct PendingTime {
  TimeMs delivered_at_ms = 0;
  StreamId id;
  friend auto operator<=>(const PendingTime&, const PendingTime&) = default;
};

inline const StreamId& id_of(const StreamId& id) { return id; }
inline const StreamId& id_of(const PendingEntry& entry) { return entry.id; }
inline const PendingTime& id_of(const PendingTime& time) { return time; }  // ordered by all of it

// Items in the order of their ids, in sorted arrays of at most kArrayItems.
template <typename Item, typename Array>
class IdOrdered {
  using Id = std::remove_cvref_t<decltype(id_of(std::declval<const Item&>()))>;
  struct Leaf {
    Id first;  // a lower bound of the ids here, above all ids before
    Array array;
    uint32_t count = 0;
    std::span<const Item> items() const { return array.items(); }
  };

 public:
  using Home = typename Array::Home;
  // Of 32 bytes: just under kChunkBytesTarget; shorter ones gain nothing from longer arrays.
  static constexpr size_t kArrayItems = sizeof(Item) <= 32 ? 124 : kChunkBytesTarget / sizeof(Item);

  explicit IdOrdered(Home home = {}) : home_(home) {}

  uint64_t size() const { return leaves_.items(); }
  bool empty() const { return leaves_.empty(); }
  const Item* find(Id id) const;
  bool insert(const Item& item);   // false when the id is here
  void replace(const Item& item);  // the one with its id, which must be here
  bool erase(Id id);
  uint64_t count_before(Id id) const;

  class Cursor {
   public:
    bool valid() const { return of_->leaves_.valid(place_); }
    const Item& operator*() const { return of_->leaves_.at(place_).items()[slot_]; }
    const Item* operator->() const { return &**this; }
    void next() {
      if (++slot_ < of_->leaves_.at(place_).count) return;
      place_ = of_->leaves_.next(place_);
      slot_ = 0;
    }

   private:
    friend class IdOrdered;
    Cursor(const IdOrdered& of, LeafPlace place, uint32_t slot) : of_(&of), place_(place), slot_(slot) {}
    const IdOrdered* of_;
    LeafPlace place_;
    uint32_t slot_;
  };
  Cursor begin() const { return {*this, leaves_.first(), 0}; }
  Cursor from(Id id) const;  // the first at or after it
  // Must not be empty.
  Id first_id() const { return id_of(leaves_.at(leaves_.first()).items().front()); }
  Id last_id() const { return id_of(leaves_.at(leaves_.last()).items().back()); }

  size_t memory() const;
  bool free_some(size_t arrays);  // true when nothing is left

  void copy(const IdOrdered& from);  // into an empty one
  // Into an empty one, out of a snapshot's chunks in any order; false when they do not fit together.
  bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause);

 private:
  LeafPlace leaf_for(Id id) const {
    return leaves_.last_where([id](const Leaf& leaf) { return leaf.first <= id; });
  }
  static size_t slot_for(const Leaf& leaf, Id id) {
    const auto items = leaf.items();
    return std::lower_bound(items.begin(), items.end(), id,
                            [](const Item& item, const Id& sought) { return id_of(item) < sought; }) -
           items.begin();
  }
  Leaf make_leaf(Id first) const { return Leaf{first, Array(home_), 0}; }
  void make_room(LeafPlace place, Id id);
  void thin_out(LeafPlace place);

  [[no_unique_address]] Home home_;
  Leaves<Leaf> leaves_;
};

using Pending = IdOrdered<PendingEntry, ChunkArray<PendingEntry>>;
using PendingIds = IdOrdered<StreamId, HeapArray<StreamId>>;
using PendingTimes = IdOrdered<PendingTime, HeapArray<PendingTime>>;

extern template class IdOrdered<PendingEntry, ChunkArray<PendingEntry>>;
extern template class IdOrdered<StreamId, HeapArray<StreamId>>;
extern template class IdOrdered<PendingTime, HeapArray<PendingTime>>;

}  // namespace leat::consumers
