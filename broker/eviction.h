// SPDX-License-Identifier: Apache-2.0
// eviction.h: keeps the memory under `maxmemory`: says which keys go, or that nothing may.
//
// Used by: the executor, before each request; the tick, for what a request left over; INFO, OBJECT.
// Always:  - an evicted key is a KeyEvict effect: logged, replayed, seen by waiters and watchers like any deletion;
//          - nothing goes with `noeviction`, and nothing without an expiry with a `volatile-` policy: then a request
//            that may add is refused with OOM;
//          - it holds the loop for half a millisecond at most (maxmemory-eviction-tenacity 10); the rest goes in later
//            ticks, and requests are not refused meanwhile.
// Why:     victims are the best of sixteen that were seen while whole segments of the key table were looked through, each
//          some forty keys for the price of one miss of the cache; volatile-ttl is exact, since expiries have an order.
// Source:  https://redis.io/docs/latest/develop/reference/eviction/
#pragma once

#include <random>
#include <vector>

#include "broker/batch.h"
#include "broker/broker_time.h"
#include "broker/config.h"
#include "broker/keyspace/key_use.h"
#include "broker/stats.h"
#include "broker/vanished.h"

namespace leat {

class Eviction {
 public:
  // All must outlive this.
  Eviction(const Config& config, Keyspace& keyspace, Batch& batch, BrokerTime& time, Stats& stats, Vanished& vanished,
           std::mt19937_64& dice)
      : config_(config), keyspace_(keyspace), batch_(batch), time_(time), stats_(stats), vanished_(vanished), dice_(dice) {}

  bool limited() const { return config_.maxmemory > 0; }
  // Memory that counts: keys, values, their indexes, and what else the process was seen to use.
  size_t used() const { return keyspace_.memory() + beside_; }
  bool over() const { return limited() && used() > static_cast<size_t>(config_.maxmemory); }
  // Before a request. False: it is over the limit and nothing may go.
  bool make_room();
  void begin_tick();  // what the last one left over
  bool has_work() const { return more_; }  // make_room() stopped because its time was up
  // What the process uses beside the keyspace, clients' buffers and scripts among it. Now and then.
  void measure(size_t in_transit);  // bytes on their way to the disk do not count: they go by themselves

  // Marks a use in the number beside a key's row.
  uint32_t used(uint32_t use) const {
    return counts() ? counter().used(use, time_.now_ms(), dice_()) : LastUse::at(time_.now_ms());
  }
  uint32_t first_use() const { return counts() ? counter().first(time_.now_ms()) : LastUse::at(time_.now_ms()); }
  bool counts() const;  // the policy goes by how often, not by when
  TimeMs idle_ms(uint32_t use) const { return LastUse::idle_ms(use == 0 ? started_ : use, time_.now_ms()); }
  uint8_t frequency(uint32_t use) const { return counter().count(use, time_.now_ms()); }

 private:
  struct Candidate {
    uint64_t worth;  // the lowest goes first
    DbIndex db;
    uint32_t use;    // as it was seen: another one now means that somebody came
    Bytes key;
  };

  bool evict_one();
  bool evict_soonest();
  bool evict_pooled();
  bool look_around();
  void consider(DbIndex db, View key, uint32_t use);
  uint64_t worth(uint32_t use) const;
  std::optional<Type> still(const Candidate& candidate) const;
  void evict(DbIndex db, View key, Type type);
  bool volatile_only() const;
  size_t eligible(DbIndex db) const;
  int64_t budget_us() const;
  UseCount counter() const { return {.factor = config_.lfu_log_factor, .decay_minutes = config_.lfu_decay_minutes}; }

  const Config& config_;
  Keyspace& keyspace_;
  Batch& batch_;
  BrokerTime& time_;
  Stats& stats_;
  Vanished& vanished_;
  std::mt19937_64& dice_;
  std::vector<Candidate> pool_;  // the least worthy first
  size_t beside_ = 0;
  uint32_t started_ = LastUse::at(time_.now_ms());
  bool more_ = false;
};

}  // namespace leat
