// SPDX-License-Identifier: Apache-2.0
#include "broker/keyspace/score_index.h"

#include <algorithm>

namespace leat {

ScoreIndex::Table ScoreIndex::make(uint32_t slots, uint8_t depth) {
  Table table;
  table.at.reset(new Slot[slots]);
  table.slots = slots;
  table.depth = depth;
  return table;
}

void ScoreIndex::Table::put(const Slot& filled) {
  uint32_t slot = home(filled.tag);
  while (at[slot].tag != 0) slot = after(slot);
  at[slot] = filled;
  ++size;
}

uint32_t ScoreIndex::Table::slot_of(uint32_t tag, double score) const {
  uint32_t slot = home(tag);
  while (at[slot].tag != tag || at[slot].score() != score) {
    CHECK(at[slot].tag != 0);  // what is in the set is in its index
    slot = after(slot);
  }
  return slot;
}

// Tables as large as they may be, three quarters full or less when everybody is there. Without, five million members
// take five times as long: each is moved by some fifteen resizes and ten splits.
void ScoreIndex::reserve(uint64_t members, Pause& pause) {
  CHECK(tables_.empty());
  constexpr uint64_t kMembersMax = kSlotsMax / 4 * 3;
  while (members >> depth_ > kMembersMax && depth_ < kDepthMax) ++depth_;
  const uint64_t slots = std::clamp<uint64_t>((members >> depth_) * 4 / 3 + 1, kSlotsMin, kSlotsMax);
  directory_.resize(size_t{1} << depth_);
  for (uint32_t& table : directory_) {
    table = static_cast<uint32_t>(tables_.size());
    tables_.push_back(make(static_cast<uint32_t>(slots), depth_));
    pause.after(slots * sizeof(Slot));
  }
}

void ScoreIndex::insert(uint32_t tag, double score) {
  tag = filled(tag);
  if (tables_.empty()) {
    tables_.push_back(make(kSlotsMin, 0));
    directory_.assign(1, 0);
    depth_ = 0;
  }
  Table* table = &tables_[directory_[directory_at(tag)]];
  if (uint64_t{table->size} * 20 >= uint64_t{table->slots} * 17) {
    if (table->slots < kSlotsMax || table->depth == kDepthMax) {
      const uint32_t larger = table->slots + table->slots / 3;
      resize(*table, table->depth == kDepthMax ? larger : std::min(larger, kSlotsMax));
    } else {
      split(tag);
      table = &tables_[directory_[directory_at(tag)]];
    }
  }
  Slot slot;
  slot.tag = tag;
  slot.set_score(score);
  table->put(slot);
  ++size_;
}

void ScoreIndex::resize(Table& table, uint32_t slots) {
  Table resized = make(slots, table.depth);
  for (uint32_t slot = 0; slot < table.slots; ++slot) {
    if (table.at[slot].tag != 0) resized.put(table.at[slot]);
  }
  table = std::move(resized);
}

// Cuts the table of this tag in two by the tag's next bit; the directory doubles when it cannot tell them apart yet.
void ScoreIndex::split(uint32_t tag) {
  const uint32_t number = directory_[directory_at(tag)];
  const uint8_t depth = tables_[number].depth + 1;
  if (depth > depth_) {
    std::vector<uint32_t> doubled(directory_.size() * 2);
    for (size_t i = 0; i < doubled.size(); ++i) doubled[i] = directory_[i / 2];
    directory_ = std::move(doubled);
    ++depth_;
  }
  const Table old = std::move(tables_[number]);
  const uint32_t slots = kSlotsMax / 8 * 5;
  Table halves[2] = {make(slots, depth), make(slots, depth)};
  for (uint32_t slot = 0; slot < old.slots; ++slot) {
    if (old.at[slot].tag == 0) continue;
    Table& half = halves[old.at[slot].tag >> (32 - depth) & 1];
    if (half.size + 1 == half.slots) resize(half, half.slots * 2);  // a very lopsided half; the hash is seeded
    half.put(old.at[slot]);
  }
  tables_[number] = std::move(halves[0]);
  tables_.push_back(std::move(halves[1]));
  const uint32_t span = uint32_t{1} << (depth_ - depth);  // directory entries of each half
  const uint32_t upper = ((tag >> (32 - depth)) | 1) * span;
  std::fill_n(directory_.begin() + upper, span, static_cast<uint32_t>(tables_.size() - 1));
}

// Free slots end every search, so what lies behind moves up.
void ScoreIndex::erase(uint32_t tag, double score) {
  tag = filled(tag);
  Table& table = tables_[directory_[directory_at(tag)]];
  uint32_t hole = table.slot_of(tag, score);
  for (uint32_t slot = table.after(hole); table.at[slot].tag != 0; slot = table.after(slot)) {
    const uint32_t home = table.home(table.at[slot].tag);
    const bool stays = hole < slot ? home > hole && home <= slot : home > hole || home <= slot;
    if (stays) continue;
    table.at[hole] = table.at[slot];
    hole = slot;
  }
  table.at[hole].tag = 0;
  --table.size;
  --size_;
  if (table.slots > kSlotsMin && table.size < table.slots / 4) resize(table, std::max(kSlotsMin, table.slots / 5 * 2));
}

void ScoreIndex::update(uint32_t tag, double before, double after) {
  tag = filled(tag);
  Table& table = tables_[directory_[directory_at(tag)]];
  table.at[table.slot_of(tag, before)].set_score(after);
}

void ScoreIndex::clear() {
  std::vector<uint32_t>().swap(directory_);  // with their memory
  std::vector<Table>().swap(tables_);
  depth_ = 0;
  size_ = 0;
}

bool ScoreIndex::free_some(size_t tables) {
  directory_.clear();
  for (; tables > 0 && !tables_.empty(); --tables) tables_.pop_back();
  if (!tables_.empty()) return false;
  clear();
  return true;
}

size_t ScoreIndex::memory() const {
  size_t bytes = directory_.capacity() * sizeof(uint32_t) + tables_.capacity() * sizeof(Table);
  for (const Table& table : tables_) bytes += table.slots * sizeof(Slot);
  return bytes;
}

}  // namespace leat
