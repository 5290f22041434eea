// SPDX-License-Identifier: Apache-2.0
#include "broker/classes.h"

#include <algorithm>

namespace leat {

namespace {

KeyClass default_class(const Config& config) {
  KeyClass one{.name = "default", .prefixes = {}, .durability = config.durability, .policy = config.maxmemory_policy};
  one.floor = floor_of(config);
  return one;
}

KeyClass made_of(const ClassConfig& given, const Config& config) {
  KeyClass one{.name = given.name, .prefixes = given.prefixes};
  one.durability = given.durability.value_or(config.durability);
  one.floor = given.durability_floor.value_or(one.durability);
  one.policy = given.policy;
  one.quota = static_cast<uint64_t>(given.quota);
  one.reserve = static_cast<uint64_t>(given.reserve);
  one.max_value_bytes = static_cast<uint64_t>(given.max_value_bytes);
  return one;
}

}  // namespace

Classes::Classes(const Config& config) : configured_(config.classes) {
  follow(config);
  sort_prefixes();
}

void Classes::follow(const Config& config) {
  classes_ = {default_class(config)};
  for (const ClassConfig& given : configured_) classes_.push_back(made_of(given, config));
  for (const KeyClass& one : classes_) {
    limit_memory_ |= one.quota > 0;
    limit_values_ |= one.max_value_bytes > 0;
  }
  use(strictest({}));
}

void Classes::sort_prefixes() {
  for (ClassId id = 1; id < classes_.size(); ++id) {
    for (const Bytes& text : classes_[id].prefixes) {
      prefixes_.push_back({text, id, -1});
      begins_[static_cast<uint8_t>(text[0])] = true;
    }
  }
  std::sort(prefixes_.begin(), prefixes_.end(), [](const Prefix& a, const Prefix& b) { return a.text < b.text; });
  for (int at = 1; at < static_cast<int>(prefixes_.size()); ++at) {
    int parent = at - 1;
    while (parent >= 0 && !View(prefixes_[at].text).starts_with(prefixes_[parent].text))
      parent = prefixes_[parent].parent;
    prefixes_[at].parent = parent;
  }
}

ClassId Classes::match(View key) const {
  if (key.empty() || !begins_[static_cast<uint8_t>(key[0])]) return kDefaultClass;
  const auto behind = std::upper_bound(prefixes_.begin(), prefixes_.end(), key,
                                       [](View wanted, const Prefix& prefix) { return wanted < View(prefix.text); });
  for (int at = static_cast<int>(behind - prefixes_.begin()) - 1; at >= 0; at = prefixes_[at].parent) {
    if (key.starts_with(prefixes_[at].text)) return prefixes_[at].id;
  }
  return kDefaultClass;
}

std::optional<ClassId> Classes::named(View name) const {
  for (ClassId id = 0; id < classes_.size(); ++id) {
    if (classes_[id].name == name) return id;
  }
  return std::nullopt;
}

DurabilityMode Classes::strictest(DurabilityChoice choice) const {
  DurabilityMode mode = DurabilityMode::kNever;
  for (const KeyClass& one : classes_) mode = stricter(mode, one.level(choice));
  return mode;
}

}  // namespace leat
