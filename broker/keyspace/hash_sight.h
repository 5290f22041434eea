// SPDX-License-Identifier: Apache-2.0
// hash_sight.h: a hash as it is at a time: fields that are due are not in it, whether or not they were purged yet.
//
// Used by: handlers, which get it from Context and use it like a `const Hash*`; SORT's patterns.
// Always:  - it looks into the table, so it dies with the next change of the database, as a pointer to a Value does;
//          - every way of looking hides the same fields, so size() is what for_each() visits;
//          - of a hash none of whose fields is due, which is nearly every one, each way costs one comparison more.
#pragma once

#include "broker/keyspace/hash.h"
#include "broker/keyspace/keyspace.h"

namespace leat {

class HashSight {
 public:
  HashSight() = default;  // nothing there
  // `hidden_ms`: what was due by then is hidden; 0: nothing is due.
  HashSight(const Database& database, const Found& found, TimeMs hidden_ms)
      : hash_(database.see<Hash>(found)), hidden_ms_(hidden_ms) {}

  bool operator==(std::nullptr_t) const { return hash_ == nullptr; }
  const HashSight* operator->() const { return this; }
  const HashSight& operator*() const { return *this; }

  std::optional<View> get(View field) const {
    return hides(field) ? std::nullopt : hash_->get(field);
  }
  bool contains(View field) const { return get(field).has_value(); }
  TimeMs lifetime(View field) const {  // 0: it has none, or is not there
    const TimeMs at_ms = hash_->lifetime(field);
    return at_ms <= hidden_ms_ ? 0 : at_ms;
  }
  bool hides(View field) const { return hidden_ms_ != 0 && is_hidden(field); }  // it is there, and due
  Encoding encoding() const { return hash_->encoding; }
  size_t size() const { return hash_->size() - (hidden_ms_ == 0 ? 0 : hash_->count_due(hidden_ms_)); }

  template <typename Visit>  // visit(View field, View value)
  void for_each(Visit visit) const {
    if (hidden_ms_ == 0) return hash_->for_each(visit);
    hash_->for_each(unhidden(visit));
  }
  template <typename Visit>
  uint64_t scan(uint64_t cursor, size_t count, Visit visit) const {
    if (hidden_ms_ == 0) return hash_->scan(cursor, count, visit);
    return hash_->scan(cursor, count, unhidden(visit));
  }
  Hash::Field random(uint64_t dice) const;  // one must be there
  template <typename Visit>                 // `count` different fields
  void sample(size_t count, uint64_t dice, Visit visit) const {
    if (hidden_ms_ == 0) return hash_->sample(count, dice, visit);
    size_t left = size(), wanted = std::min(count, left);
    for_each([&](View field, View value) {  // each with the chance that leaves exactly `wanted`
      if (static_cast<unsigned __int128>(ByteMap::next_roll(dice)) * left-- >> 64 >= wanted) return;
      --wanted;
      visit(field, value);
    });
  }

 private:
  bool is_hidden(View field) const {
    const TimeMs at_ms = hash_->lifetime(field);
    return at_ms != 0 && at_ms <= hidden_ms_;
  }
  template <typename Visit>
  auto unhidden(Visit& visit) const {
    return [this, &visit](View field, View value) {
      if (!is_hidden(field)) visit(field, value);
    };
  }

  Sight<Hash> hash_;
  TimeMs hidden_ms_ = 0;
};

}  // namespace leat
