// SPDX-License-Identifier: Apache-2.0
// doubts.h: keys that hold something else than the log says they held.
//
// Used by: salvage, behind damage.
// Always:  - the last statement about a key counts, and what was written anew since is beyond doubt;
//          - a doubt goes where its key goes.
#pragma once

#include <map>

#include "broker/keyspace/keyspace.h"
#include "schemas/effect.h"

namespace leat {

class Doubts {
 public:
  using Key = std::pair<DbIndex, Bytes>;

  void state(const Keyspace& keyspace, DbIndex db, const KeyDigest& stated, Index index);
  void follow(DbIndex db, const Effect& effect);              // that was carried out
  uint64_t agreed() const { return agreed_; }                 // statements
  const std::map<Key, Index>& keys() const { return keys_; }  // and the record that says so

 private:
  void forget(DbIndex db, View key) { keys_.erase({db, Bytes(key)}); }
  void copy(const Key& from, const Key& to);

  std::map<Key, Index> keys_;
  uint64_t agreed_ = 0;
};

}  // namespace leat
