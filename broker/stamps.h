// SPDX-License-Identifier: Apache-2.0
// stamps.h: which index last touched a key, coarsely: what a reply must wait for before it may be seen.
//
// Used by: Batch raises them, Context reads them at every look-up.
// Always:  - `of` is never less than the index of the last effect on that key; a collision only waits a little longer;
//          - a flush or a swap stamps a whole database.
// Source:  DESIGN.md section 1, rule 1.
#pragma once

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <vector>

#include "broker/keyspace/keyspace.h"
#include "schemas/ids.h"

namespace leat {

class Stamps {
 public:
  Stamps() : slots_(kSlots, 0) { databases_.fill(0); }
  Index of(DbIndex db, View key) const { return std::max(slots_[slot(db, key)], databases_[db]); }
  void raise(DbIndex db, View key, Index index) { slots_[slot(db, key)] = index; }  // indices only rise
  void raise_database(DbIndex db, Index index) { databases_[db] = index; }

 private:
  static constexpr size_t kSlots = 1 << 16;  // 512 KiB: much larger than the keys of a few ticks
  static size_t slot(DbIndex db, View key) { return XXH3_64bits_withSeed(key.data(), key.size(), db) % kSlots; }
  std::vector<Index> slots_;
  std::array<Index, kDatabases> databases_;
};

}  // namespace leat
