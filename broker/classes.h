// SPDX-License-Identifier: Apache-2.0
// classes.h: which class a key belongs to, by the longest prefix that it begins with, and what that class asks for.
//
// Used by: Context and Batch (how durable), ClassUsage and Eviction (how much, and who goes), INFO and CLASS.
// Always:  - there is at least the default class, number 0: keys with no prefix's class, and the broker's own settings;
//          - prefixes and numbers stay as they were at the start: a key never changes its class;
//          - a look-up takes one comparison while no class is configured, else a step for each halving of the prefixes.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "broker/config/config.h"

namespace leat {

using ClassId = uint8_t;
constexpr ClassId kDefaultClass = 0;

struct KeyClass {
  Bytes name;
  std::vector<Bytes> prefixes;
  DurabilityMode durability = DurabilityMode::kAlways;
  DurabilityMode floor = DurabilityMode::kAlways;  // the weakest that a client may choose for it
  EvictionPolicy policy = EvictionPolicy::kNone;
  uint64_t quota = 0, reserve = 0, max_value_bytes = 0;  // 0: none

  // How durable a key must be for a client that has chosen, or not.
  DurabilityMode level(DurabilityChoice choice) const { return choice ? stricter(*choice, floor) : durability; }
};

class Classes {
 public:
  explicit Classes(const Config& config);
  void follow(const Config& config);  // what CONFIG SET may have changed: the default class, and who goes by it

  bool any() const { return classes_.size() > 1; }  // beside the default
  size_t size() const { return classes_.size(); }
  const KeyClass& operator[](ClassId id) const { return classes_[id]; }
  ClassId of(View key) const { return any() ? match(key) : kDefaultClass; }
  std::optional<ClassId> named(View name) const;
  bool limit_memory() const { return limit_memory_; }  // a class beside the default has a quota
  bool limit_values() const { return limit_values_; }

  // What a reply that saw the key waits for; with no key seen yet; when it saw everything there is.
  DurabilityMode level_of(View key, DurabilityChoice choice) const { return classes_[of(key)].level(choice); }
  DurabilityMode level_at_first(DurabilityChoice choice) const {
    return any() ? DurabilityMode::kNever : classes_[kDefaultClass].level(choice);
  }
  DurabilityMode strictest(DurabilityChoice choice) const;

  // The strictest that anybody has asked for since the start, a class or a client: what is settled for this one is
  // settled for all of them.
  DurabilityMode strictest_in_use() const { return strictest_in_use_; }
  void use(DurabilityMode mode) { strictest_in_use_ = stricter(strictest_in_use_, mode); }

 private:
  // In order of their bytes. The longest prefix of a key is the last one that does not come behind the key, or it
  // begins that one, and so on: each knows the longest that it begins with itself.
  struct Prefix {
    Bytes text;
    ClassId id;
    int parent;  // in prefixes_; -1: none
  };
  ClassId match(View key) const;
  void sort_prefixes();

  std::vector<KeyClass> classes_;
  std::vector<ClassConfig> configured_;  // in the same order, from the second on
  std::vector<Prefix> prefixes_;
  std::array<bool, 256> begins_{};  // whether any prefix begins with that byte
  bool limit_memory_ = false, limit_values_ = false;
  DurabilityMode strictest_in_use_ = DurabilityMode::kNever;
};

}  // namespace leat
