// SPDX-License-Identifier: Apache-2.0
// score_index.h: member → score for a large sorted set, without the members: a hash's 32 bits and the score.
//
// Used by: SortedSet, which verifies what it is told by looking for (score, member) among its leaves.
// Always:  - derived: it is in no snapshot and in no digest;
//          - tables of at most kSlotsMax slots, chosen by the tag's high bits, grow by a third and then split in two,
//            each alone: no growth takes longer than some 20 us;
//          - two slots with equal tag and score are interchangeable.
// Memory:  12 bytes a slot at a load of 0.6 to 0.85: about 16 bytes a member.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "chunks/pause.h"
#include "schemas/bytes.h"
#include "schemas/check.h"

namespace leat {

class ScoreIndex {
 public:
  static constexpr uint64_t kTags = uint64_t{1} << 32;
  static uint32_t filled(uint32_t tag) { return tag == 0 ? 1 : tag; }  // 0 says "free"

  bool active() const { return !tables_.empty(); }
  uint64_t size() const { return size_; }
  size_t memory() const;

  void reserve(uint64_t members, Pause& pause);  // before the first of so many: spares them all growth
  void insert(uint32_t tag, double score);
  void erase(uint32_t tag, double score);
  void update(uint32_t tag, double before, double after);
  // Asks is_it(score) for each score that this tag may have until one is it.
  template <typename IsIt>
  bool find(uint32_t tag, IsIt is_it) const;
  // visit(tag, score) for every slot of a range of tags that begins at `from` and ends, as soon as `count` were seen,
  // where the answer says; 0: at the end of all. Tags stay when scores change and tables split or grow, so who walks
  // from 0 to 0 meets each slot that was there all the while exactly once.
  template <typename Visit>
  uint64_t scan(uint64_t from, size_t count, Visit visit) const;
  void clear();
  bool free_some(size_t tables);  // true when nothing is left

 private:
  static constexpr uint32_t kSlotsMin = 64;
  static constexpr uint32_t kSlotsMax = 4096;
  static constexpr uint8_t kDepthMax = 18;  // leaves 14 bits of the tag to choose a slot

  struct Slot {        // twelve bytes: tag and score share a cache line
    uint32_t tag = 0;  // 0: free
    uint32_t score_bits[2];
    double score() const { return get_fixed<double>(reinterpret_cast<const char*>(score_bits)); }
    void set_score(double score) { set_fixed(reinterpret_cast<char*>(score_bits), score); }
  };
  struct Table {
    std::unique_ptr<Slot[]> at;
    uint32_t size = 0;
    uint32_t slots = 0;
    uint8_t depth = 0;  // how many high bits of the tag are the same in all of this table
    // The slots are in the order of the tags' remaining bits, more or less: no modulo, any number of slots.
    uint32_t home(uint32_t tag) const { return (static_cast<uint64_t>(tag << depth) * slots) >> 32; }
    uint32_t after(uint32_t slot) const { return slot + 1 == slots ? 0 : slot + 1; }
    void put(const Slot& filled);
    uint32_t slot_of(uint32_t tag, double score) const;
    template <typename Visit>
    void for_tags(uint64_t from, uint64_t to, Visit visit) const;
  };

  uint32_t directory_at(uint32_t tag) const { return depth_ == 0 ? 0 : tag >> (32 - depth_); }
  static Table make(uint32_t slots, uint8_t depth);
  void resize(Table& table, uint32_t slots);
  void split(uint32_t tag);

  std::vector<uint32_t> directory_;  // 2^depth_ numbers of tables
  std::vector<Table> tables_;
  uint8_t depth_ = 0;
  uint64_t size_ = 0;
};

template <typename IsIt>
bool ScoreIndex::find(uint32_t tag, IsIt is_it) const {
  if (tables_.empty()) return false;
  tag = filled(tag);
  const Table& table = tables_[directory_[directory_at(tag)]];
  for (uint32_t slot = table.home(tag); table.at[slot].tag != 0; slot = table.after(slot)) {
    if (table.at[slot].tag == tag && is_it(table.at[slot].score())) return true;
  }
  return false;
}

// Tags of [from, to), all of this table: they lie from the first one's home on, up to a free slot behind the last's.
template <typename Visit>
void ScoreIndex::Table::for_tags(uint64_t from, uint64_t to, Visit visit) const {
  uint32_t slot = home(static_cast<uint32_t>(from));
  const uint32_t homes = home(static_cast<uint32_t>(to - 1)) - slot;
  for (uint32_t walked = 0; walked < slots; ++walked, slot = after(slot)) {
    if (at[slot].tag == 0 && walked >= homes) return;
    if (at[slot].tag >= from && at[slot].tag < to && at[slot].tag != 0) visit(at[slot].tag, at[slot].score());
  }
}

template <typename Visit>
uint64_t ScoreIndex::scan(uint64_t from, size_t count, Visit visit) const {
  size_t seen = 0;
  while (from < kTags && seen < count) {
    const Table& table = tables_[directory_[directory_at(static_cast<uint32_t>(from))]];
    const uint64_t width = kTags >> table.depth, table_end = from / width * width + width;
    const uint64_t slots = std::min<uint64_t>(count - seen, table.slots);  // as many as may hold what is wanted
    const uint64_t to = std::min(table_end, from + std::max<uint64_t>(1, width / table.slots * slots));
    table.for_tags(from, to, [&](uint32_t tag, double score) {
      ++seen;
      visit(tag, score);
    });
    from = to;
  }
  return from < kTags ? from : 0;
}

}  // namespace leat
