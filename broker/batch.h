// SPDX-License-Identifier: Apache-2.0
// batch.h: the effects of a tick: encoded for the log, applied to the keyspace, and noticed, in that order.
//
// Used by: Context::emit, and the purge of due keys. The tick takes the bytes and proposes them.
// Always:  - whatever follows from a change (waiters, watches, stamps, dirty count) hangs here, on the effect, so that
//            no handler can forget it;
//          - index() is what the batch in the making will be committed at or before: the log moves its committed index
//            over whole batches only, so stamping with the first index of a batch waits for all of it.
#pragma once

#include "broker/digests.h"
#include "broker/keyspace/apply.h"
#include "broker/keyspace/keyspace.h"
#include "broker/stamps.h"
#include "broker/watches.h"
#include "consumers/waiters.h"
#include "schemas/effect_codec.h"

namespace leat {

// The keys an effect is about, each with its database.
template <typename E, typename Visit>
void for_each_key(DbIndex db, const E& effect, Visit visit) {
  if constexpr (requires { effect.key; }) visit(db, effect.key);
  if constexpr (requires { effect.to; effect.to_db; }) visit(effect.to_db, effect.to);
  else if constexpr (requires { effect.to; }) visit(db, effect.to);
  else if constexpr (requires { effect.to_db; }) visit(effect.to_db, effect.key);
}

// Whether an effect of that kind can be what a waiter waits for. With thousands of consumers parked on one stream, an
// XACK must not run them all again. Whatever takes away, or is about another type, ends no wait; a key that goes or is
// replaced may (XREADGROUP is told).
template <typename E>
constexpr bool kEndsWaits =
    std::is_same_v<E, ListPush> || std::is_same_v<E, ListInsert> || std::is_same_v<E, SortedSetAdd> ||
    std::is_same_v<E, StreamAdd> || std::is_same_v<E, StreamSetId> || std::is_same_v<E, GroupSetId> ||
    std::is_same_v<E, GroupDestroy> || std::is_same_v<E, StringSet> || std::is_same_v<E, KeyDelete> ||
    std::is_same_v<E, KeyExpire> || std::is_same_v<E, KeyEvict> || std::is_same_v<E, KeyRename> ||
    std::is_same_v<E, KeyCopy> || std::is_same_v<E, KeyMove>;

class Batch {
 public:
  Batch(Keyspace& keyspace, Stamps& stamps, consumers::Waiters& waiters, Watches& watches)
      : keyspace_(keyspace), stamps_(stamps), waiters_(waiters), watches_(watches) {}  // all must outlive this

  template <typename E>
  void emit(DbIndex db, const E& effect) {
    const E bound = encoder_.encode(bytes_, db, effect);
    apply_one(keyspace_, db, bound);
    ++effects_;
    if constexpr (requires { effect.key; }) {
      for_each_key(db, bound, [this](DbIndex where, View key) {
        touched(where, key);
        if (kEndsWaits<E> && waiters_.any()) waiters_.touch(where, key);
      });
    } else {
      database_touched(db);
      if constexpr (requires { effect.other; }) database_touched(effect.other);
    }
  }

  // What a key's content has come to. It is about no change: nobody is woken, nothing is counted.
  void state(DbIndex db, const KeyDigest& digest) { static_cast<void>(encoder_.encode(bytes_, db, digest)); }
  DigestSample& sample() { return sample_; }

  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }
  View bytes() const { return bytes_; }
  Index index() const { return index_; }
  // The last index that anything proposed so far, or waiting here, will have.
  Index last_index() const { return empty() ? index_ - 1 : index_; }
  uint64_t effects() const { return effects_; }  // since the start: INFO's rdb_changes_since_last_save counts from it
  // The batch was proposed; the next one will start at `next`.
  void begin(Index next) {
    if (bytes_.capacity() > kKeptCapacity) Bytes().swap(bytes_);
    bytes_.clear();
    index_ = next;
  }

 private:
  static constexpr size_t kKeptCapacity = 4 << 20;
  void touched(DbIndex db, View key) {
    stamps_.raise(db, key, index_);
    sample_.note(db, key);
    if (watches_.any()) watches_.touch(db, key);
  }
  void database_touched(DbIndex db) {
    stamps_.raise_database(db, index_);
    waiters_.touch_database(db);
    watches_.touch_database(db);
  }

  Keyspace& keyspace_;
  Stamps& stamps_;
  consumers::Waiters& waiters_;
  Watches& watches_;
  DigestSample sample_;
  EffectEncoder encoder_;
  Bytes bytes_;
  Index index_ = 1;
  uint64_t effects_ = 0;
};

}  // namespace leat
