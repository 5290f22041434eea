// SPDX-License-Identifier: Apache-2.0
// set.h: members.
//
// Used by: handlers of S… commands (const), apply (changes).
// Always:  - a small set lists its members in the order they came; see byte_map.h for the rest;
//          - one that lies in its key's row (sight.h) has no id, and may be copied and forgotten like the View it is.
#pragma once

#include "broker/keyspace/byte_map.h"
#include "broker/keyspace/value.h"

namespace leat {

class Set final : public Value {
 public:
  static constexpr Type kType = Type::kSet;

  Set(ChunkStore& chunks, ValueId id) : Value(kType, id), members_(chunks, id, ByteMap::Holds::kKeys) {}
  // One that lies in its key's row.
  Set(ChunkStore& chunks, LentEntries entries, Encoding label)
      : Value(kType, 0), members_(chunks, entries, ByteMap::Holds::kKeys) {
    encoding = label;
  }
  Set(const Set& lent) : Value(kType, 0), members_(lent.members_) { encoding = lent.encoding; }  // another look

  bool contains(View member) const { return members_.contains(member); }
  bool add(View member) { return members_.put(member); }  // true: a new member
  bool remove(View member) { return members_.erase(member); }

  template <typename Visit>  // visit(View member)
  void for_each(Visit visit) const {
    members_.for_each([&](View member, View) { visit(member); });
  }
  template <typename Visit>
  uint64_t scan(uint64_t cursor, size_t count, Visit visit) const {
    return members_.scan(cursor, count, [&](View member, View) { visit(member); });
  }
  View random(uint64_t dice) const { return members_.random(dice).key; }
  template <typename Visit>  // `count` different members
  void sample(size_t count, uint64_t dice, Visit visit) const {
    members_.sample(count, dice, [&](View member, View) { visit(member); });
  }

  View lent_bytes() const { return members_.lent_bytes(); }  // of one that lies in a row

  bool empty() const { return members_.empty(); }
  size_t size() const override { return members_.size(); }
  void prefetch(Views members) const override { members_.prefetch(members); }
  size_t memory() const override { return sizeof *this + members_.memory(); }
  std::unique_ptr<Value> clone(ValueId id) const override;
  uint64_t digest() const override;
  bool free_some(size_t chunks) override { return members_.clear_some(chunks); }
  bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) override {
    return members_.load(std::move(chunks), pause);
  }

 private:
  Set(const Set& other, ValueId id) : Value(kType, id), members_(other.members_, id) {}
  ByteMap members_;
};

}  // namespace leat
