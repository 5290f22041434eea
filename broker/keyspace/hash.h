// SPDX-License-Identifier: Apache-2.0
// hash.h: fields and their values.
//
// Used by: handlers of H… commands (const), apply (changes).
// Always:  - a small hash lists its fields in the order they came; see byte_map.h for the rest;
//          - one that lies in its key's row (sight.h) has no id, and may be copied and forgotten like the View it is.
#pragma once

#include "broker/keyspace/byte_map.h"
#include "broker/keyspace/value.h"

namespace leat {

class Hash final : public Value {
 public:
  static constexpr Type kType = Type::kHash;
  using Field = ByteMap::Entry;  // key: the field's name

  Hash(ChunkStore& chunks, ValueId id) : Value(kType, id), fields_(chunks, id, ByteMap::Holds::kPairs) {}
  // One that lies in its key's row.
  Hash(ChunkStore& chunks, LentEntries entries, Encoding label)
      : Value(kType, 0), fields_(chunks, entries, ByteMap::Holds::kPairs) {
    encoding = label;
  }
  Hash(const Hash& lent) : Value(kType, 0), fields_(lent.fields_) { encoding = lent.encoding; }  // another look

  std::optional<View> get(View field) const { return fields_.find(field); }
  bool contains(View field) const { return fields_.contains(field); }
  bool put(View field, View value) { return fields_.put(field, value); }  // true: a new field
  bool erase(View field) { return fields_.erase(field); }

  template <typename Visit>  // visit(View field, View value)
  void for_each(Visit visit) const {
    fields_.for_each(visit);
  }
  template <typename Visit>
  uint64_t scan(uint64_t cursor, size_t count, Visit visit) const {
    return fields_.scan(cursor, count, visit);
  }
  Field random(uint64_t dice) const { return fields_.random(dice); }
  template <typename Visit>  // `count` different fields
  void sample(size_t count, uint64_t dice, Visit visit) const {
    fields_.sample(count, dice, visit);
  }

  View lent_bytes() const { return fields_.lent_bytes(); }  // of one that lies in a row

  bool empty() const { return fields_.empty(); }
  size_t size() const override { return fields_.size(); }
  size_t memory() const override { return sizeof *this + fields_.memory(); }
  std::unique_ptr<Value> clone(ValueId id) const override;
  uint64_t digest() const override;
  bool free_some(size_t chunks) override { return fields_.clear_some(chunks); }
  bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) override {
    return fields_.load(std::move(chunks), pause);
  }

 private:
  Hash(const Hash& other, ValueId id) : Value(kType, id), fields_(other.fields_, id) {}
  ByteMap fields_;
};

}  // namespace leat
