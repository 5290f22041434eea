// SPDX-License-Identifier: Apache-2.0
// hash.h: fields and their values, and when some of them end.
//
// Used by: handlers of H… commands (through hash_sight.h, which hides what is due), apply (changes).
// Always:  - a small hash lists its fields in the order they came; see byte_map.h for the rest;
//          - one that lies in its key's row (sight.h) has no id, and may be copied and forgotten like the View it is;
//            none of its fields has a lifetime;
//          - a field that goes takes its lifetime along, one that is put has none; what is due is still here: hiding it
//            is the part of who knows the time.
#pragma once

#include "broker/keyspace/byte_map.h"
#include "broker/keyspace/lifetimes.h"
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
  bool put(View field, View value) {  // true: a new field
    const bool is_new = revise(field, value);
    if (!is_new && lifetimes_ != nullptr) drop_lifetime(field);
    return is_new;
  }
  bool revise(View field, View value) { return fields_.put(field, value); }  // the same, but it keeps its lifetime
  bool erase(View field) {
    if (lifetimes_ != nullptr) drop_lifetime(field);
    return fields_.erase(field);
  }

  bool has_lifetimes() const { return lifetimes_ != nullptr; }
  TimeMs lifetime(View field) const { return lifetimes_ == nullptr ? 0 : lifetimes_->of(field); }  // 0: it has none
  void set_lifetime(View field, TimeMs at_ms);  // 0 clears; the field must be there, and the hash not in a row
  TimeMs next_due_ms() const { return lifetimes_ == nullptr ? consumers::kNever : lifetimes_->earliest_ms(); }
  bool has_due(TimeMs now_ms) const { return next_due_ms() <= now_ms; }
  bool is_due(TimeMs now_ms) const {  // each of its fields
    return has_due(now_ms) && lifetimes_->latest_ms() <= now_ms && lifetimes_->size() == fields_.size();
  }
  size_t count_due(TimeMs now_ms) const { return has_due(now_ms) ? lifetimes_->count_due(now_ms) : 0; }
  std::vector<Bytes> due(TimeMs now_ms, size_t limit) const;  // fields, earliest first

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
  void prefetch(Views members) const override { fields_.prefetch(members); }
  size_t memory() const override {
    return sizeof *this + fields_.memory() + (lifetimes_ == nullptr ? 0 : lifetimes_->memory());
  }
  std::unique_ptr<Value> clone(ValueId id) const override;
  uint64_t digest() const override;
  bool free_some(size_t chunks) override;
  bool load(std::vector<std::unique_ptr<Chunk>> chunks, Pause& pause) override;

 private:
  Hash(const Hash& other, ValueId id);
  void drop_lifetime(View field);

  ByteMap fields_;
  std::unique_ptr<Lifetimes> lifetimes_;  // null: no field has one
};

}  // namespace leat
