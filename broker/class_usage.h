// SPDX-License-Identifier: Apache-2.0
// class_usage.h: how many keys and bytes each class has.
//
// Used by: Batch, around each effect; Eviction and the executor ask; INFO and CLASS tell.
// Always:  - only kept when there is a class beside the default: else the keyspace's own figures are the
//            default class's;
//          - changes where effects are applied and nowhere else, so that scripts, evictions and expiries count alike;
//            after loading, one pass over all keys begins it;
//          - what it has come to is what a fresh count of all keys comes to: a key counts its row, its value and
//            its expiry.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "broker/classes.h"
#include "broker/keyspace/keyspace.h"

namespace leat {

class ClassUsage {
 public:
  struct Figures {
    uint64_t keys = 0, expiring = 0, bytes = 0;
    Figures& operator+=(const Figures& other);
    Figures& operator-=(const Figures& other);
    friend bool operator==(const Figures&, const Figures&) = default;
  };

  // Both must outlive this.
  ClassUsage(const Classes& classes, Keyspace& keyspace);

  // Around what changes a key: it goes, it comes again as what it has become.
  void leave(DbIndex db, View key) { count(db, key, Direction::kAway); }
  void enter(DbIndex db, View key) { count(db, key, Direction::kIn); }
  void flush(DbIndex db);
  void swap(DbIndex a, DbIndex b) { std::swap(by_database_[a], by_database_[b]); }

  // What is noted beside rows that are made, and replaced, by class; only needed when classes count uses in
  // different ways.
  struct Note {
    uint32_t made, replaced;
  };
  void note_writes_as(std::vector<Note> notes) { notes_ = std::move(notes); }

  Figures of(ClassId id) const;
  const Figures& in(DbIndex db, ClassId id) const { return by_database_[db][id]; }
  // Counts everything anew; `pause` is called after each slice.
  void recount(const std::function<void()>& pause);
  std::vector<Figures> counted(const std::function<void()>& pause = nullptr) const;  // without touching anything

 private:
  enum class Direction : uint8_t { kAway, kIn };
  using ByClass = std::vector<Figures>;
  void count(DbIndex db, View key, Direction direction);
  std::array<ByClass, kDatabases> counted_by_database(const std::function<void()>& pause) const;

  const Classes& classes_;
  Keyspace& keyspace_;
  std::array<ByClass, kDatabases> by_database_;
  ByClass total_;
  std::vector<Note> notes_;  // empty: all alike
};

}  // namespace leat
