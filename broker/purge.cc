// SPDX-License-Identifier: Apache-2.0
#include "broker/purge.h"

#include <algorithm>
#include <utility>

#include "broker/storage/digests.h"

namespace leat {

namespace {
constexpr int64_t kBudgetUs = 500;
constexpr size_t kAtOnce = 32;      // keys, or fields, between two looks at the clock
constexpr size_t kFreeChunks = 64;  // the same, of what is dead
}  // namespace

void Purge::take_slice() {
  const int64_t since_us = time_.monotonic_us(), until_us = since_us + kBudgetUs;
  const bool may = std::exchange(vanished_.due_met, false) || active;
  left_ = !((!may || (take_keys(until_us) && take_fields(until_us))) && free_dead(until_us));
  stats_.purge_us += static_cast<uint64_t>(time_.monotonic_us() - since_us);
  stats_.purges_cut += left_;
}

bool Purge::is_over(int64_t until_us) {
  time_.advance();
  return time_.monotonic_us() >= until_us;
}

bool Purge::take_keys(int64_t until_us) {
  for (DbIndex db = 0; db < kDatabases; ++db) {
    const Database& database = keyspace_.database(db);
    while (database.with_expiry() > 0 && database.next_expiry_ms() <= time_.now_ms()) {
      const auto due = database.due(time_.now_ms(), kAtOnce);
      if (due.empty()) break;
      for (const auto& [key, type] : due) {
        vanished_.note(db, key, type, Cause::kExpired, time_.now_ms());
        batch_.emit(db, KeyExpire{.key = key});
      }
      stats_.expired_keys += due.size();
      if (is_over(until_us)) return false;
    }
  }
  return true;
}

bool Purge::take_fields(int64_t until_us) {
  for (DbIndex db = 0; db < kDatabases; ++db) {
    const Database& database = keyspace_.database(db);
    while (database.with_field_expiry() > 0 && database.next_field_expiry_ms() <= time_.now_ms()) {
      const auto due = database.due_fields(time_.now_ms(), kAtOnce);
      if (!due) break;
      const std::vector<View> names(due->fields.begin(), due->fields.end());
      batch_.emit(db, HashExpire{.key = due->key, .names = names});
      stats_.expired_fields += names.size();
      if (is_over(until_us)) return false;
    }
  }
  return true;
}

bool Purge::free_dead(int64_t until_us) {
  while (!keyspace_.free_some(kFreeChunks)) {
    if (is_over(until_us)) return false;
  }
  return true;
}

void Purge::state_time() {
  left_ = false;
  if (!std::exchange(vanished_.due_met, false) || !batch_.empty()) return;
  DigestSample::Key any{.db = 0, .name = {}};
  std::optional<uint64_t> digest;
  while (!(digest = digest_of(keyspace_, any))) any.name += '-';
  batch_.state(any.db, {.key = any.name, .digest = *digest});
}

std::optional<TimeMs> Purge::next_ms() const {
  std::optional<TimeMs> next;
  for (DbIndex db = 0; db < kDatabases && active; ++db) {
    const Database& database = keyspace_.database(db);
    if (database.with_expiry() + database.with_field_expiry() == 0) continue;
    const TimeMs due_ms = std::min(database.next_expiry_ms(), database.next_field_expiry_ms());
    next = next ? std::min(*next, due_ms) : due_ms;
  }
  return next;
}

}  // namespace leat
