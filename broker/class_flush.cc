// SPDX-License-Identifier: Apache-2.0
#include "broker/class_flush.h"

#include <algorithm>

namespace leat {

namespace {
constexpr int64_t kSliceUs = 500;
constexpr size_t kLookAt = 64;        // keys between two looks at the clock
constexpr size_t kSliceKeys = 1024;   // looked at in a slice, however quick the clock says it was
}  // namespace

void ClassFlush::ask(ClassId id, Ticket asker) {
  Asked asked{.asker = asker, .so_far = {.of = id}, .databases = {}};
  for (DbIndex db = 0; db < kDatabases; ++db) asked.databases.push_back(keyspace_.database(db).id());
  asked_.push_back(std::move(asked));
}

// A database that was flushed since is no more.
std::optional<DbIndex> ClassFlush::database_of(ValueId id) const {
  for (DbIndex db = 0; db < kDatabases; ++db) {
    if (keyspace_.database(db).id() == id) return db;
  }
  return std::nullopt;
}

std::optional<Ticket> ClassFlush::go_on() {
  if (asked_.empty()) return std::nullopt;
  Asked& asked = asked_.front();
  time_.advance();
  const int64_t until_us = time_.monotonic_us() + kSliceUs;
  for (size_t seen = 0; !asked.databases.empty() && seen < kSliceKeys; seen += kLookAt) {
    const auto db = database_of(asked.databases.back());
    if (db) delete_some(asked, *db);
    else asked.cursor = 0;
    if (asked.cursor == 0) asked.databases.pop_back();
    time_.advance();
    if (time_.monotonic_us() >= until_us) break;
  }
  if (!asked.databases.empty()) return std::nullopt;
  const Ticket asker = asked.asker;
  done_.emplace_back(asker, asked.so_far);
  asked_.pop_front();
  return asker;
}

// Which they are must be known before the first goes: rows move then.
void ClassFlush::delete_some(Asked& asked, DbIndex db) {
  std::vector<Bytes> keys;
  const TimeMs now_ms = time_.now_ms();
  asked.cursor = keyspace_.database(db).scan(asked.cursor, kLookAt, [&](View key, const Found& found) {
    if (classes_.of(key) != asked.so_far.of) return;
    // Else it had gone already.
    if (found.expire_at_ms == kNoExpiry || found.expire_at_ms > now_ms) ++asked.so_far.deleted;
    keys.emplace_back(key);
  });
  for (const Bytes& key : keys) batch_.emit(db, KeyDelete{.key = key});
}

std::optional<ClassFlush::Done> ClassFlush::take_done(Ticket asker) {
  const auto found = std::find_if(done_.begin(), done_.end(), [&](const auto& one) { return one.first == asker; });
  if (found == done_.end()) return std::nullopt;
  const Done done = found->second;
  done_.erase(found);
  return done;
}

}  // namespace leat
