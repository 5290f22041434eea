// SPDX-License-Identifier: Apache-2.0
#include "broker/eviction.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "broker/latency_watch.h"
#include "broker/memory.h"

namespace leat {

namespace {
constexpr size_t kPoolMax = 16;
constexpr size_t kFreeChunks = 64;       // of what is dead, between two looks at the clock
constexpr int kStepKeys = 16;            // that a request makes go when the tick's time for it is up
constexpr int kSegmentsMax = 64;         // looked through in vain, before the key that expires next goes
constexpr size_t kSegmentKeys = 40;      // about
constexpr int kSegmentsOn = 16;          // of a look through all keys, in one step: some 30 us
constexpr size_t kGoodPart = 16;         // of so many keys one is the class's: chance finds it
constexpr int64_t kBudgetUs = 50;        // for each step of tenacity up to ten; then 15 % more with each
constexpr int64_t kTenacityEven = 10, kTenacityMax = 100;
}  // namespace

Eviction::Eviction(const Config& config, const Classes& classes, const ClassUsage& usage, Keyspace& keyspace,
                   Batch& batch, BrokerTime& time, Stats& stats, Vanished& vanished, LatencyEvents& latency,
                   std::mt19937_64& dice)
    : config_(config),
      classes_(classes),
      usage_(usage),
      keyspace_(keyspace),
      batch_(batch),
      time_(time),
      stats_(stats),
      vanished_(vanished),
      latency_(latency),
      dice_(dice),
      pools_(classes.size()) {}

bool Eviction::counts(ClassId id) const {
  return policy(id) == EvictionPolicy::kAllLfu || policy(id) == EvictionPolicy::kVolatileLfu;
}

bool Eviction::mixed() const {
  if (!classes_.any()) return false;
  for (ClassId id = 1; id < classes_.size(); ++id) {
    if (counts(id) != counts(kDefaultClass)) return true;
  }
  return false;
}

std::vector<ClassUsage::Note> Eviction::notes() const {
  std::vector<ClassUsage::Note> notes;
  for (ClassId id = 0; id < classes_.size(); ++id) notes.push_back(note(id));
  return notes;
}

// How many keys of a class may go by its policy.
size_t Eviction::eligible(ClassId id) const {
  if (policy(id) == EvictionPolicy::kNone) return 0;
  if (!classes_.any()) {
    size_t all = 0;
    for (DbIndex db = 0; db < kDatabases; ++db) all += eligible(id, db);
    return all;
  }
  const ClassUsage::Figures figures = usage_.of(id);
  return volatile_only(id) ? figures.expiring : figures.keys;
}

size_t Eviction::eligible(ClassId id, DbIndex db) const {
  if (!classes_.any()) {
    const Database& database = keyspace_.database(db);
    return volatile_only(id) ? database.with_expiry() : database.size();
  }
  return volatile_only(id) ? usage_.in(db, id).expiring : usage_.in(db, id).keys;
}

bool Eviction::over_quota(ClassId id) const {
  return classes_[id].quota > 0 && usage_.of(id).bytes > classes_[id].quota;
}

// A class within its own reserve is never over: when the whole is, others have too much, and it is theirs to go.
bool Eviction::over_limit(ClassId id) const {
  if (config_.maxmemory <= 0) return false;
  const auto limit = static_cast<uint64_t>(config_.maxmemory);
  if (!classes_.any()) return used() > limit;
  if (usage_.of(id).bytes < classes_[id].reserve) return false;
  uint64_t kept = 0;
  for (ClassId other = 1; other < classes_.size(); ++other) {
    const uint64_t reserve = classes_[other].reserve, bytes = usage_.of(other).bytes;
    if (other != id && bytes < reserve) kept += reserve - bytes;
  }
  return used() + kept > limit;
}

int64_t Eviction::budget_us() const {
  const int64_t tenacity = config_.maxmemory_tenacity;
  if (tenacity >= kTenacityMax) return INT64_MAX / 2;
  if (tenacity <= kTenacityEven) return kBudgetUs * tenacity;
  return static_cast<int64_t>(kBudgetUs * kTenacityEven *
                              std::pow(1.15, static_cast<double>(tenacity - kTenacityEven)));
}

void Eviction::measure(size_t in_transit) {
  const MemoryUse use = memory_use(keyspace_.memory_unused());
  const size_t known = keyspace_.memory() + in_transit;
  beside_ = use.jemalloc && use.allocated > known ? use.allocated - known : 0;
}

void Eviction::begin_tick() {
  const ClassSet due = std::exchange(more_, {}) | std::exchange(grown_, {});
  if (due.none()) return;
  time_.advance();
  const int64_t until_us = time_.monotonic_us() + budget_us();
  for (ClassId id = 0; id < classes_.size(); ++id) {
    if (due[id]) make_room(id, until_us);
  }
}

bool Eviction::make_room(ClassId id) {
  if (classes_.any()) grown_.set(id);
  if (!over(id)) return true;
  time_.advance();
  return make_room(id, time_.monotonic_us() + (more_[id] ? 0 : budget_us()));
}

bool Eviction::may_add(ClassId id) {
  grown_.set(id);
  return !over(id) || eligible(id) > 0;
}

bool Eviction::make_room(ClassId id, int64_t until_us) {
  const LatencyWatch watch(latency_, config_, time_, "eviction-cycle");
  for (int steps = 1; over(id); ++steps) {
    // What went before may not be free yet; a class's own figures know already.
    if (over_quota(id) || keyspace_.free_some(kFreeChunks)) {
      const Evicted evicted = evict_one(id, until_us);
      if (evicted == Evicted::kNone) return false;
      if (evicted == Evicted::kNoneYet) return more_.set(id), true;
    }
    if (steps % kStepKeys != 0) continue;
    time_.advance();
    if (time_.monotonic_us() < until_us) continue;
    more_.set(id);
    return true;
  }
  return true;
}

Eviction::Evicted Eviction::evict_one(ClassId id, int64_t until_us) {
  if (policy(id) == EvictionPolicy::kNone) return Evicted::kNone;
  if (classes_.any()) return eligible(id) == 0 ? Evicted::kNone : evict_pooled(id, until_us);
  if (policy(id) == EvictionPolicy::kVolatileTtl) return evict_soonest() ? Evicted::kOne : Evicted::kNone;
  for (int tries = 0; tries < kSegmentsMax && eligible(id) > 0; ++tries) {
    look_around(id);
    if (evict_best(id)) return Evicted::kOne;
  }
  return volatile_only(id) && evict_soonest() ? Evicted::kOne : Evicted::kNone;
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

// There is one that may go: a look through all keys, in as many slices as it takes, comes to it.
Eviction::Evicted Eviction::evict_pooled(ClassId id, int64_t until_us) {
  for (;;) {
    look_around(id);
    if (evict_best(id)) return Evicted::kOne;
    time_.advance();
    if (time_.monotonic_us() >= until_us) return Evicted::kNoneYet;
  }
}

bool Eviction::evict_best(ClassId id) {
  auto& best = pools_[id].best;
  while (!best.empty()) {
    const Candidate first = std::move(best.front());
    best.erase(best.begin());
    const auto type = still(id, first);
    if (!type) continue;
    evict(first.db, first.key, *type);
    return true;
  }
  return false;
}

// In every database that has any, so that none is spared; beginning anywhere, since of equals the first seen goes.
void Eviction::look_around(ClassId id) {
  const uint64_t first = dice_();
  for (DbIndex step = 0; step < kDatabases; ++step) {
    const auto db = static_cast<DbIndex>((first + step) % kDatabases);
    const size_t own = eligible(id, db);
    if (own == 0) continue;
    if (!classes_.any() || own >= keyspace_.database(db).size() / kGoodPart) look_anywhere(id, db);
    else look_on(id, db);
  }
}

void Eviction::look_anywhere(ClassId id, DbIndex db) {
  int64_t seen = 0;
  for (int segments = 0; seen < config_.maxmemory_samples && segments < kSegmentsMax; ++segments) {
    keyspace_.database(db).visit_some(dice_(), [&](View key, bool expires, uint32_t use) {
      if ((volatile_only(id) && !expires) || classes_.of(key) != id) return;
      ++seen;
      consider(id, db, key, use);
    });
  }
}

// A class of few keys among many: through all of them, on from where it stopped, so that one round finds every one.
void Eviction::look_on(ClassId id, DbIndex db) {
  if (pools_[id].best.size() > static_cast<size_t>(config_.maxmemory_samples)) return;  // they were dear to find
  uint64_t& cursor = pools_[id].cursors[db];
  const Database& database = keyspace_.database(db);
  int64_t seen = 0;
  for (int segments = 0; seen < config_.maxmemory_samples && segments < kSegmentsOn; ++segments) {
    cursor = database.scan(cursor, kSegmentKeys, [&](View key, const Found& found) {
      if ((volatile_only(id) && found.expire_at_ms == kNoExpiry) || classes_.of(key) != id) return;
      ++seen;
      const auto place = database.find(key);  // a scan tells no use
      consider(id, db, key, place->use == nullptr ? 0 : *place->use);
    });
  }
}

uint64_t Eviction::worth(ClassId id, DbIndex db, View key, uint32_t use) const {
  switch (policy(id)) {
    case EvictionPolicy::kAllRandom:
    case EvictionPolicy::kVolatileRandom:
      return dice_();
    case EvictionPolicy::kVolatileTtl:
      return static_cast<uint64_t>(keyspace_.database(db).find(key)->expire_at_ms);
    default:
      return counts(id) ? frequency(use) : static_cast<uint64_t>(INT64_MAX - idle_ms(use));
  }
}

void Eviction::consider(ClassId id, DbIndex db, View key, uint32_t use) {
  auto& best = pools_[id].best;
  const uint64_t own = worth(id, db, key, use);
  if (best.size() == kPoolMax && own >= best.back().worth) return;
  for (const Candidate& known : best) {
    if (known.db == db && known.key == key) return;
  }
  if (best.size() == kPoolMax) best.pop_back();
  const auto behind = std::upper_bound(best.begin(), best.end(), own,
                                       [](uint64_t mine, const Candidate& other) { return mine < other.worth; });
  best.insert(behind, {.worth = own, .db = db, .use = use, .key = Bytes(key)});
}

// Its type, if nobody has used it since it was seen, and it may still go.
std::optional<Type> Eviction::still(ClassId id, const Candidate& candidate) const {
  const auto found = keyspace_.database(candidate.db).find(candidate.key);
  if (!found || (volatile_only(id) && found->expire_at_ms == kNoExpiry)) return std::nullopt;
  if (found->use != nullptr && *found->use != candidate.use) return std::nullopt;
  return found->type;
}

void Eviction::evict(DbIndex db, View key, Type type) {
  vanished_.note(db, key, type, Cause::kEvicted, time_.now_ms());
  const LatencyWatch watch(latency_, config_, time_, "eviction-del");
  batch_.emit(db, KeyEvict{.key = key});
  ++stats_.evicted_keys;
}

}  // namespace leat
