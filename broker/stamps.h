// SPDX-License-Identifier: Apache-2.0
// stamps.h: which index last touched a key, coarsely: what a reply must wait for before it may be seen.
//
// Used by: Batch raises them, Context reads them at every look-up, Broker says what is committed.
// Always:  - `of` is never less than the index of the last effect on that key, unless that is committed and so may
//            be seen;
//          - a settled key waits for nobody, but for one in 65,536 of those whose slot somebody is writing, and for
//            those whose slot two keys are writing at once;
//          - a flush or a swap stamps a whole database.
// Source:  DESIGN.md section 1, rule 1.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "broker/keyspace/keyspace.h"
#include "chunks/digest.h"
#include "schemas/ids.h"

namespace leat {

class Stamps {
 public:
  Stamps() : slots_(kSlots) { databases_.fill(0); }
  Index of(DbIndex db, View key) const {
    const uint64_t hash = hash_of(db, key);
    const Slot& slot = slots_[hash % kSlots];
    const bool meant = slot.tag == kShared || slot.tag == tag_of(hash);
    return std::max(meant ? Index{slot.index} : 0, databases_[db]);
  }
  void prefetch(DbIndex db, View key) const { __builtin_prefetch(&slots_[hash_of(db, key) % kSlots]); }
  void raise(DbIndex db, View key, Index index) {  // indices only rise
    const uint64_t hash = hash_of(db, key);
    Slot& slot = slots_[hash % kSlots];
    if (slot.tag != tag_of(hash)) slot.tag = slot.index > committed_ ? kShared : tag_of(hash);
    slot.index = index;
  }
  void raise_database(DbIndex db, Index index) { databases_[db] = index; }
  Index of_libraries() const { return libraries_; }
  void raise_libraries(Index index) { libraries_ = index; }
  Index of_users() const { return users_; }
  void raise_users(Index index) { users_ = index; }
  void settle(Index committed) { committed_ = committed; }

 private:
  // Tags are why a slow disk does not slow reads: without them a key in the slot of one that is written all the time
  // waited for every sync, and behind it all that its connection had asked for.
  struct Slot {
    uint64_t index : 48 = 0;  // a million records a second for nine years
    uint64_t tag : 16 = 0;    // whose index that is
  };
  static constexpr size_t kSlots = 1 << 16;  // 512 KiB: much larger than the keys of a few ticks
  static constexpr uint64_t kShared = 0;     // several keys', whose last may not be committed
  static uint64_t hash_of(DbIndex db, View key) { return digest::of(key, db); }
  static uint64_t tag_of(uint64_t hash) { return std::max<uint64_t>(hash >> 48, 1); }
  std::vector<Slot> slots_;
  std::array<Index, kDatabases> databases_;
  Index libraries_ = 0, users_ = 0;
  Index committed_ = 0;
};

}  // namespace leat
