// SPDX-License-Identifier: Apache-2.0
// config_words.h: how values are written in the configuration: sizes, and the words of a choice.
//
// Used by: config.cc, class_config.cc; name_of() also by who tells a setting (INFO, CLASS, CLIENT DURABILITY).
#pragma once

#include <optional>

#include "broker/config/config.h"

namespace leat {

// "64mb", "64MB", "1g", "100": as Redis reads memory sizes (kb is 1024, k is 1000).
std::optional<int64_t> parse_bytes(View text);

struct DurabilityWord {
  View name;
  DurabilityMode mode;
};
constexpr DurabilityWord kDurabilityWords[] = {
    {"always", DurabilityMode::kAlways}, {"interval", DurabilityMode::kInterval}, {"never", DurabilityMode::kNever}};

struct PolicyWord {
  View name;
  EvictionPolicy policy;
};
constexpr PolicyWord kPolicyWords[] = {
    {"noeviction", EvictionPolicy::kNone},          {"allkeys-lru", EvictionPolicy::kAllLru},
    {"allkeys-lfu", EvictionPolicy::kAllLfu},       {"allkeys-random", EvictionPolicy::kAllRandom},
    {"volatile-lru", EvictionPolicy::kVolatileLru}, {"volatile-lfu", EvictionPolicy::kVolatileLfu},
    {"volatile-random", EvictionPolicy::kVolatileRandom}, {"volatile-ttl", EvictionPolicy::kVolatileTtl}};

std::optional<DurabilityMode> durability_named(View word);  // in any case
std::optional<EvictionPolicy> policy_named(View word);
View name_of(DurabilityMode mode);
View name_of(EvictionPolicy policy);

Bytes percent_text(double percent);  // "99.9"

size_t distance(View a, View b);  // Levenshtein's: what is the nearest known key?

}  // namespace leat
