// SPDX-License-Identifier: Apache-2.0
// eviction.h: keeps the memory under `maxmemory`, and each class under its quota: says which keys go, or that
// nothing may.
//
// Used by: admission, before each request; the tick, for what a request left over; INFO, OBJECT.
// Always:  - an evicted key is a KeyEvict effect: logged, replayed, seen by waiters and watchers like any deletion;
//          - nothing goes with `noeviction`, and nothing without an expiry with a `volatile-` policy: then a request
//            that may add is refused with OOM;
//          - a class pays for what comes to it with its own keys, and never uses what others have in reserve;
//          - it holds the loop for half a millisecond at most (maxmemory-eviction-tenacity 10); the rest goes in later
//            ticks, and requests are not refused meanwhile.
// Why:     victims are the best of sixteen that were seen while whole segments of the key table were looked through,
//          each some forty keys for the price of one miss of the cache. Without classes volatile-ttl is exact, since
//          expiries have an order; the order is not one of classes.
// Source:  https://redis.io/docs/latest/develop/reference/eviction/
#pragma once

#include <bitset>
#include <random>
#include <vector>

#include "broker/batch.h"
#include "broker/broker_time.h"
#include "broker/config/config.h"
#include "broker/keyspace/key_use.h"
#include "broker/latency.h"
#include "broker/stats.h"
#include "broker/vanished.h"

namespace leat {

class Eviction {
 public:
  // All must outlive this.
  Eviction(const Config& config, const Classes& classes, const ClassUsage& usage, Keyspace& keyspace, Batch& batch,
           BrokerTime& time, Stats& stats, Vanished& vanished, LatencyEvents& latency, std::mt19937_64& dice);

  bool limited() const { return config_.maxmemory > 0 || classes_.limit_memory(); }
  // Memory that counts: keys, values, their indexes, and what else the process was seen to use.
  size_t used() const { return keyspace_.memory() + beside_; }
  // Whether a class has more than it may: than its quota, or than the limit leaves beside what others have in reserve.
  bool over(ClassId id) const { return over_quota(id) || over_limit(id); }
  // Before something comes to a class. False: it is over and nothing may go.
  bool make_room(ClassId id);
  // The same without making any, where keys may not go now (a script runs): what must go goes in the next tick.
  bool may_add(ClassId id);
  void reconsider() { more_.set(); }  // the limit may be lower now: what is too much goes in the next tick
  void begin_tick();                   // what the last one left over
  bool has_work() const { return more_.any(); }  // make_room() stopped because its time was up
  // What the process uses beside the keyspace, clients' buffers and scripts among it. Now and then.
  void measure(size_t in_transit);  // bytes on their way to the disk do not count: they go by themselves

  // Marks a use in the number beside a key's row, as the policy of the key's class counts them.
  uint32_t used(uint32_t use, ClassId id) const {
    return counts(id) ? counter().used(use, time_.now_ms(), dice_()) : LastUse::at(time_.now_ms());
  }
  // The same number for a key of which somebody says how it was used before.
  uint32_t idle_since(TimeMs idle_ms) const { return LastUse::at(std::max<TimeMs>(time_.now_ms() - idle_ms, 0)); }
  uint32_t used_as_often(uint8_t frequency) const { return counter().told(frequency, time_.now_ms()); }
  bool counts(ClassId id) const;  // the policy goes by how often, not by when
  bool mixed() const;             // some classes count, some do not
  // What new and overwritten rows get there. Being overwritten is a use; how often a key was used stays what it was.
  ClassUsage::Note note(ClassId id) const {
    const uint32_t first = counts(id) ? counter().first(time_.now_ms()) : LastUse::at(time_.now_ms());
    return {.made = first, .replaced = counts(id) ? 0 : first};
  }
  std::vector<ClassUsage::Note> notes() const;
  TimeMs idle_ms(uint32_t use) const { return LastUse::idle_ms(use == 0 ? started_ : use, time_.now_ms()); }
  uint8_t frequency(uint32_t use) const { return counter().count(use, time_.now_ms()); }

 private:
  struct Candidate {
    uint64_t worth;  // the lowest goes first
    DbIndex db;
    uint32_t use;    // as it was seen: another one now means that somebody came
    Bytes key;
  };
  // Of one class.
  struct Pool {
    std::vector<Candidate> best;  // the least worthy first
    std::array<uint64_t, kDatabases> cursors{};  // where a look through all keys goes on
  };
  enum class Evicted : uint8_t { kOne, kNone, kNoneYet };
  using ClassSet = std::bitset<kClassesMax + 1>;

  bool over_quota(ClassId id) const;
  bool over_limit(ClassId id) const;
  bool make_room(ClassId id, int64_t until_us);
  Evicted evict_one(ClassId id, int64_t until_us);
  bool evict_soonest();
  Evicted evict_pooled(ClassId id, int64_t until_us);
  bool evict_best(ClassId id);
  void look_around(ClassId id);
  void look_anywhere(ClassId id, DbIndex db);
  void look_on(ClassId id, DbIndex db);
  void consider(ClassId id, DbIndex db, View key, uint32_t use);
  uint64_t worth(ClassId id, DbIndex db, View key, uint32_t use) const;
  std::optional<Type> still(ClassId id, const Candidate& candidate) const;
  void evict(DbIndex db, View key, Type type);
  EvictionPolicy policy(ClassId id) const { return classes_[id].policy; }
  bool volatile_only(ClassId id) const { return policy(id) >= EvictionPolicy::kVolatileLru; }
  size_t eligible(ClassId id) const;
  size_t eligible(ClassId id, DbIndex db) const;
  int64_t budget_us() const;
  UseCount counter() const { return {.factor = config_.lfu_log_factor, .decay_minutes = config_.lfu_decay_minutes}; }

  const Config& config_;
  const Classes& classes_;
  const ClassUsage& usage_;
  Keyspace& keyspace_;
  Batch& batch_;
  BrokerTime& time_;
  Stats& stats_;
  Vanished& vanished_;
  LatencyEvents& latency_;
  std::mt19937_64& dice_;
  std::vector<Pool> pools_;  // by class
  size_t beside_ = 0;
  uint32_t started_ = LastUse::at(time_.now_ms());
  ClassSet more_;   // make_room() stopped because its time was up, or has not looked since the limit was set
  // Something came to them since the last tick: what is too much of it goes in the next, or others miss it.
  ClassSet grown_;
};

}  // namespace leat
