// SPDX-License-Identifier: Apache-2.0
#include "broker/eviction.h"

#include <algorithm>
#include <cmath>

#include "broker/memory.h"

namespace leat {

namespace {
constexpr size_t kPoolMax = 16;
constexpr size_t kFreeChunks = 64;       // of what is dead, between two looks at the clock
constexpr int kStepKeys = 16;            // that a request makes go when the tick's time for it is up
constexpr int kSegmentsMax = 64;         // looked through in vain, before the key that expires next goes
constexpr int64_t kBudgetUs = 50;        // for each step of tenacity up to ten; then 15 % more with each
constexpr int64_t kTenacityEven = 10, kTenacityMax = 100;
}  // namespace

bool Eviction::counts() const {
  return config_.maxmemory_policy == EvictionPolicy::kAllLfu || config_.maxmemory_policy == EvictionPolicy::kVolatileLfu;
}

bool Eviction::volatile_only() const { return config_.maxmemory_policy >= EvictionPolicy::kVolatileLru; }

size_t Eviction::eligible(DbIndex db) const {
  const Database& database = keyspace_.database(db);
  return volatile_only() ? database.with_expiry() : database.size();
}

int64_t Eviction::budget_us() const {
  const int64_t tenacity = config_.maxmemory_tenacity;
  if (tenacity >= kTenacityMax) return INT64_MAX / 2;
  if (tenacity <= kTenacityEven) return kBudgetUs * tenacity;
  return static_cast<int64_t>(kBudgetUs * kTenacityEven * std::pow(1.15, static_cast<double>(tenacity - kTenacityEven)));
}

void Eviction::measure(size_t in_transit) {
  const MemoryUse use = memory_use();
  const size_t known = keyspace_.memory() + in_transit;
  beside_ = use.jemalloc && use.allocated > known ? use.allocated - known : 0;
}

void Eviction::begin_tick() {
  if (std::exchange(more_, false)) make_room();
}

bool Eviction::make_room() {
  if (!over()) return true;
  time_.advance();
  const int64_t until_us = time_.monotonic_us() + (more_ ? 0 : budget_us());
  for (int steps = 1; over(); ++steps) {
    const bool none_dead = keyspace_.free_some(kFreeChunks);  // what went before may not be free yet
    if (none_dead && !evict_one()) return false;
    if (steps % kStepKeys != 0) continue;
    time_.advance();
    if (time_.monotonic_us() < until_us) continue;
    more_ = true;
    return true;
  }
  return true;
}

bool Eviction::evict_one() {
  switch (config_.maxmemory_policy) {
    case EvictionPolicy::kNone:
      return false;
    case EvictionPolicy::kVolatileTtl:
      return evict_soonest();
    default:
      return evict_pooled() || (volatile_only() && evict_soonest());
  }
}

// The key that expires next, of all databases.
bool Eviction::evict_soonest() {
  DbIndex soonest = 0;
  for (DbIndex db = 1; db < kDatabases; ++db) {
    if (keyspace_.database(db).next_expiry_ms() < keyspace_.database(soonest).next_expiry_ms()) soonest = db;
  }
  const auto due = keyspace_.database(soonest).due(INT64_MAX - 1, 1);
  if (due.empty()) return false;
  evict(soonest, due.front().key, due.front().type);
  return true;
}

bool Eviction::evict_pooled() {
  for (int tries = 0; tries < kSegmentsMax; ++tries) {
    if (!look_around()) return false;
    while (!pool_.empty()) {
      const Candidate first = std::move(pool_.front());
      pool_.erase(pool_.begin());
      const auto type = still(first);
      if (!type) continue;
      evict(first.db, first.key, *type);
      return true;
    }
  }
  return false;
}

// In every database that has any, so that none is spared; beginning anywhere, since of equals the first seen goes. False:
// none has.
bool Eviction::look_around() {
  bool any = false;
  const uint64_t first = dice_();
  for (DbIndex step = 0; step < kDatabases; ++step) {
    const auto db = static_cast<DbIndex>((first + step) % kDatabases);
    if (eligible(db) == 0) continue;
    any = true;
    int64_t seen = 0;
    for (int segments = 0; seen < config_.maxmemory_samples && segments < kSegmentsMax; ++segments) {
      keyspace_.database(db).visit_some(dice_(), [&](View key, bool expires, uint32_t use) {
        if (volatile_only() && !expires) return;
        ++seen;
        consider(db, key, use);
      });
    }
  }
  return any;
}

uint64_t Eviction::worth(uint32_t use) const {
  if (config_.maxmemory_policy == EvictionPolicy::kAllRandom || config_.maxmemory_policy == EvictionPolicy::kVolatileRandom) {
    return dice_();
  }
  if (counts()) return frequency(use);
  return static_cast<uint64_t>(INT64_MAX - idle_ms(use));
}

void Eviction::consider(DbIndex db, View key, uint32_t use) {
  const uint64_t own = worth(use);
  if (pool_.size() == kPoolMax && own >= pool_.back().worth) return;
  for (const Candidate& known : pool_) {
    if (known.db == db && known.key == key) return;
  }
  if (pool_.size() == kPoolMax) pool_.pop_back();
  const auto behind = std::upper_bound(pool_.begin(), pool_.end(), own,
                                       [](uint64_t mine, const Candidate& other) { return mine < other.worth; });
  pool_.insert(behind, {.worth = own, .db = db, .use = use, .key = Bytes(key)});
}

// Its type, if nobody has used it since it was seen, and it may still go.
std::optional<Type> Eviction::still(const Candidate& candidate) const {
  const auto found = keyspace_.database(candidate.db).find(candidate.key);
  if (!found || (volatile_only() && found->expire_at_ms == kNoExpiry)) return std::nullopt;
  if (found->use != nullptr && *found->use != candidate.use) return std::nullopt;
  return found->type;
}

void Eviction::evict(DbIndex db, View key, Type type) {
  vanished_.note(db, key, type, Cause::kEvicted, time_.now_ms());
  batch_.emit(db, KeyEvict{.key = key});
  ++stats_.evicted_keys;
}

}  // namespace leat
