// SPDX-License-Identifier: Apache-2.0
#include "broker/tools/doubts.h"

namespace leat {

void Doubts::state(const Keyspace& keyspace, DbIndex db, const KeyDigest& stated, Index index) {
  if (keyspace.database(db).digest_of(stated.key) == stated.digest) {
    ++agreed_;
    return forget(db, stated.key);
  }
  keys_[{db, Bytes(stated.key)}] = index;
}

void Doubts::copy(const Key& from, const Key& to) {
  const auto found = keys_.find(from);
  if (found != keys_.end())
    keys_[to] = found->second;
  else
    keys_.erase(to);
}

void Doubts::follow(DbIndex db, const Effect& effect) {
  if (keys_.empty()) return;
  if (const auto* set = std::get_if<StringSet>(&effect); set != nullptr && set->expire_at_ms != kKeepExpiry)
    forget(db, set->key);
  if (const auto* erase = std::get_if<KeyDelete>(&effect)) forget(db, erase->key);
  if (const auto* expire = std::get_if<KeyExpire>(&effect)) forget(db, expire->key);
  if (const auto* evict = std::get_if<KeyEvict>(&effect)) forget(db, evict->key);
  if (const auto* one = std::get_if<KeyCopy>(&effect)) copy({db, Bytes(one->key)}, {one->to_db, Bytes(one->to)});
  if (const auto* move = std::get_if<KeyMove>(&effect); move != nullptr && move->to_db != db) {
    copy({db, Bytes(move->key)}, {move->to_db, Bytes(move->key)});
    forget(db, move->key);
  }
  if (const auto* rename = std::get_if<KeyRename>(&effect); rename != nullptr && rename->key != rename->to) {
    copy({db, Bytes(rename->key)}, {db, Bytes(rename->to)});
    forget(db, rename->key);
  }
  if (std::holds_alternative<DatabaseFlush>(effect))
    std::erase_if(keys_, [db](const auto& one) { return one.first.first == db; });
  if (const auto* swap = std::get_if<DatabaseSwap>(&effect)) {
    std::map<Key, Index> swapped;
    for (const auto& [key, index] : keys_) {
      const DbIndex to = key.first == db ? swap->other : key.first == swap->other ? db : key.first;
      swapped[{to, key.second}] = index;
    }
    keys_ = std::move(swapped);
  }
}

}  // namespace leat
