// SPDX-License-Identifier: Apache-2.0
#include "broker/class_usage.h"

#include <utility>

namespace leat {

namespace {
constexpr size_t kSliceKeys = 512;  // between two pauses: some tens of microseconds
}

ClassUsage::ClassUsage(const Classes& classes, Keyspace& keyspace)
    : classes_(classes), keyspace_(keyspace), total_(classes.size()) {
  by_database_.fill(ByClass(classes.size()));
}

// Unsigned all: what falls below nothing on its way comes back.
ClassUsage::Figures& ClassUsage::Figures::operator+=(const Figures& other) {
  keys += other.keys;
  expiring += other.expiring;
  bytes += other.bytes;
  return *this;
}

ClassUsage::Figures& ClassUsage::Figures::operator-=(const Figures& other) {
  keys -= other.keys;
  expiring -= other.expiring;
  bytes -= other.bytes;
  return *this;
}

void ClassUsage::count(DbIndex db, View key, Direction direction) {
  const ClassId id = classes_.of(key);
  Database& database = keyspace_.database(db);
  if (direction == Direction::kAway && !notes_.empty()) database.note_writes_as(notes_[id].made, notes_[id].replaced);
  const Database::Weight weight = database.weight_of(key);
  if (weight.bytes == 0) return;
  const Figures one{.keys = 1, .expiring = weight.expires, .bytes = weight.bytes};
  for (Figures* const figures : {&by_database_[db][id], &total_[id]}) {
    direction == Direction::kIn ? *figures += one : *figures -= one;
  }
}

void ClassUsage::flush(DbIndex db) {
  for (ClassId id = 0; id < classes_.size(); ++id) total_[id] -= std::exchange(by_database_[db][id], {});
}

ClassUsage::Figures ClassUsage::of(ClassId id) const {
  if (classes_.any()) return total_[id];
  Figures all{.keys = 0, .expiring = 0, .bytes = keyspace_.memory()};
  for (DbIndex db = 0; db < kDatabases; ++db) {
    all.keys += keyspace_.database(db).size();
    all.expiring += keyspace_.database(db).with_expiry();
  }
  return all;
}

std::array<ClassUsage::ByClass, kDatabases> ClassUsage::counted_by_database(const std::function<void()>& pause) const {
  std::array<ByClass, kDatabases> fresh;
  fresh.fill(ByClass(classes_.size()));
  for (DbIndex db = 0; db < kDatabases; ++db) {
    const Database& database = keyspace_.database(db);
    uint64_t cursor = 0;
    do {
      cursor = database.scan(cursor, kSliceKeys, [&](View key, const Found&) {
        const Database::Weight weight = database.weight_of(key);
        fresh[db][classes_.of(key)] += {.keys = 1, .expiring = weight.expires, .bytes = weight.bytes};
      });
      if (pause) pause();
    } while (cursor != 0);
  }
  return fresh;
}

void ClassUsage::recount(const std::function<void()>& pause) {
  by_database_ = counted_by_database(pause);
  total_.assign(classes_.size(), {});
  for (const ByClass& one : by_database_) {
    for (ClassId id = 0; id < classes_.size(); ++id) total_[id] += one[id];
  }
}

std::vector<ClassUsage::Figures> ClassUsage::counted(const std::function<void()>& pause) const {
  std::vector<Figures> sum(classes_.size());
  for (const ByClass& one : counted_by_database(pause)) {
    for (ClassId id = 0; id < classes_.size(); ++id) sum[id] += one[id];
  }
  return sum;
}

}  // namespace leat
