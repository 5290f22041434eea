// SPDX-License-Identifier: Apache-2.0
// batch.h: the effects of a tick: encoded for the log, applied to the keyspace, and noticed, in that order.
//
// Used by: Context::emit, and the purge of due keys. The tick takes the bytes and proposes them.
// Always:  - whatever follows from a change (waiters, watches, stamps, dirty count) hangs here, on the effect, so that
//            no handler can forget it;
//          - what a class has of keys and bytes is counted here, around each change (class_usage.h);
//          - level() is what the strictest class among the keys touched asks of the log for this batch;
//          - index() is what the batch in the making will be committed at or before: the log moves its committed index
//            over whole batches only, so stamping with the first index of a batch waits for all of it.
#pragma once

#include "broker/class_usage.h"
#include "broker/keyspace/apply.h"
#include "broker/keyspace/keyspace.h"
#include "broker/notifications.h"
#include "broker/stamps.h"
#include "broker/storage/digests.h"
#include "broker/tracking.h"
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

// What may make an entry pending, or make it look idle for longer than it was: XREADGROUP … CLAIM waits for that too.
// (What is delivered anew is idle later than all that was pending, and comes after an effect that ends waits.)
template <typename E>
constexpr bool kMayComeIdle = std::is_same_v<E, PendingClaim>;

// Whether it only takes away what was due already.
template <typename E>
constexpr bool kExpires = std::is_same_v<E, KeyExpire> || std::is_same_v<E, HashExpire>;

// Whether it is about who reads a stream, and not about what is in it: who watches the key, or keeps a copy of it, need
// not hear of that (as in Redis). Who sends the stream away must.
template <typename E>
constexpr bool kOfReaders =
    std::is_same_v<E, GroupCreate> || std::is_same_v<E, GroupDestroy> || std::is_same_v<E, GroupSetId> ||
    std::is_same_v<E, GroupDeliver> || std::is_same_v<E, ConsumerCreate> || std::is_same_v<E, ConsumerDelete> ||
    std::is_same_v<E, PendingAck> || std::is_same_v<E, PendingClaim> || std::is_same_v<E, StreamSetId>;

class Batch {
 public:
  // All must outlive this.
  Batch(Keyspace& keyspace, const Classes& classes, ClassUsage& usage, Stamps& stamps, consumers::Waiters& waiters,
        Watches& watches, Tracking& tracking, Notifications& notifications)
      : keyspace_(keyspace),
        classes_(classes),
        usage_(usage),
        stamps_(stamps),
        waiters_(waiters),
        watches_(watches),
        tracking_(tracking),
        notifications_(notifications) {}

  // Returns how durable the classes of its keys want the effect, for a client that has chosen or not.
  template <typename E>
  DurabilityMode emit(DbIndex db, const E& effect, DurabilityChoice choice = {}) {
    const E bound = encoder_.encode(bytes_, db, effect);
    if (notifications_.on()) [[unlikely]] notifications_.before(db, bound);
    if (classes_.any()) apply_counted(db, bound);
    else apply_one(keyspace_, db, bound);
    if (notifications_.on()) [[unlikely]] notifications_.after(db, bound);
    ++effects_;
    const DurabilityMode level = level_of(db, bound, choice);
    level_ = stricter(level_, level);
    if constexpr (requires { effect.key; }) {
      for_each_key(db, bound, [&, this](DbIndex where, View key) {
        stamps_.raise(where, key, index_);
        sample_.note(where, key);
        if (!is_source(bound, db, where, key)) changed<E>(where, key);
        if (kEndsWaits<E> && waiters_.any()) waiters_.touch(where, key);
        if (kMayComeIdle<E> && waiters_.lookers > 0) waiters_.touch(where, key);
      });
    } else if constexpr (kOfLibraries<E>) {
      stamps_.raise_libraries(index_);
    } else if constexpr (kOfUsers<E>) {
      stamps_.raise_users(index_);
    } else {
      database_touched(db);
      if constexpr (requires { effect.other; }) database_touched(effect.other);
    }
    return level;
  }

  // What a key's content has come to. It is about no change: nobody is woken, nothing is counted.
  void state(DbIndex db, const KeyDigest& digest) {
    static_cast<void>(encoder_.encode(bytes_, db, digest));
    level_ = stricter(level_, classes_.level_of(digest.key, {}));
  }
  DigestSample& sample() { return sample_; }

  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }
  View bytes() const { return bytes_; }
  DurabilityMode level() const { return level_; }
  Index index() const { return index_; }
  // The last index that anything proposed so far, or waiting here, will have.
  Index last_index() const { return empty() ? index_ - 1 : index_; }
  uint64_t effects() const { return effects_; }  // since the start: INFO's rdb_changes_since_last_save counts from it
  // While nobody says anything: the memory of a large batch is not kept for the next one.
  void give_back() {
    if (empty()) clear_keeping(bytes_, kKeptAtRest);
  }
  // The batch was proposed; the next one will start at `next`.
  void begin(Index next) {
    clear_keeping(bytes_, kKeptBytes);
    encoder_.give_back_large();
    level_ = DurabilityMode::kNever;
    index_ = next;
  }

 private:
  static constexpr size_t kKeptBytes = 1 << 20, kKeptAtRest = 16 << 10;
  template <typename E>
  void apply_counted(DbIndex db, const E& effect) {
    if constexpr (requires { effect.key; }) {
      for_each_key(db, effect, [this](DbIndex where, View key) { usage_.leave(where, key); });
      apply_one(keyspace_, db, effect);
      for_each_key(db, effect, [this](DbIndex where, View key) { usage_.enter(where, key); });
    } else {
      apply_one(keyspace_, db, effect);
      if constexpr (requires { effect.other; }) usage_.swap(db, effect.other);
      else if constexpr (!kOfLibraries<E> && !kOfUsers<E>) usage_.flush(db);
    }
  }
  template <typename E>
  DurabilityMode level_of(DbIndex db, const E& effect, DurabilityChoice choice) const {
    DurabilityMode level = classes_.level_at_first(choice);
    if (!classes_.any()) return level;
    if constexpr (requires { effect.key; }) {
      for_each_key(db, effect, [&](DbIndex, View key) { level = stricter(level, classes_.level_of(key, choice)); });
    } else {
      level = classes_.strictest(choice);
    }
    return level;
  }
  // What is copied stays as it was.
  template <typename E>
  static bool is_source(const E& effect, DbIndex db, DbIndex where, View key) {
    if constexpr (std::is_same_v<E, KeyCopy>) return where == db && key == effect.key;
    return false;
  }
  // For those who want to know when a value does.
  template <typename E>
  void changed(DbIndex db, View key) {
    if (watches_.any()) {
      if constexpr (kOfReaders<E>) watches_.touch_readers(db, key);
      else if constexpr (kExpires<E>) watches_.expire(db, key);
      else watches_.touch(db, key);
    }
    if (!kOfReaders<E> && tracking_.any()) [[unlikely]] tracking_.touch(key);
  }
  void database_touched(DbIndex db) {
    stamps_.raise_database(db, index_);
    waiters_.touch_database(db);
    watches_.replace(db);
    if (tracking_.any()) tracking_.touch_everything();
  }

  Keyspace& keyspace_;
  const Classes& classes_;
  ClassUsage& usage_;
  Stamps& stamps_;
  consumers::Waiters& waiters_;
  Watches& watches_;
  Tracking& tracking_;
  Notifications& notifications_;
  DigestSample sample_;
  EffectEncoder encoder_;
  Bytes bytes_;
  Index index_ = 1;
  DurabilityMode level_ = DurabilityMode::kNever;
  uint64_t effects_ = 0;
};

}  // namespace leat
