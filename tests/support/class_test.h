// SPDX-License-Identifier: Apache-2.0
// class_test.h: a broker with four classes: cache (never, lru), jobs, lax (a client may relax it), timed (interval).
//
// Used by: the tests of classes.
// Always:  - expect_exact() counts anew what the broker has counted.
#pragma once

#include "broker/config/class_config.h"
#include "tests/support/broker_test.h"

namespace leat::testing {

inline ClassConfig class_of(View name, std::vector<Bytes> prefixes) {
  ClassConfig one{.name = Bytes(name), .prefixes = std::move(prefixes)};
  one.places[""] = "test";
  return one;
}

class ClassTest : public BrokerTest {
 protected:
  ClassTest() {
    ClassConfig cache = class_of("cache", {"cache:", "s:"});
    cache.durability = DurabilityMode::kNever;
    cache.policy = EvictionPolicy::kAllLru;
    ClassConfig jobs = class_of("jobs", {"bull:", "cache:jobs:"});
    ClassConfig lax = class_of("lax", {"lax:"});
    lax.durability_floor = DurabilityMode::kNever;
    ClassConfig timed = class_of("timed", {"timed:"});
    timed.durability = DurabilityMode::kInterval;
    config.classes = {cache, jobs, lax, timed};
  }
  Bytes info(View section, View field) {
    const Bytes text = call("INFO " + Bytes(section)).text;
    const size_t at = text.find("\n" + Bytes(field) + ":") + field.size() + 2;
    return text.substr(at, text.find('\r', at) - at);
  }
  ClassId id_of(View name) { return *rooms().classes.named(name); }
  uint64_t bytes_of(View name) { return rooms().usage.of(id_of(name)).bytes; }
  uint64_t keys_of(View name) { return rooms().usage.of(id_of(name)).keys; }
  const ClassStats& stats_of(View name) { return rooms().stats.by_class[id_of(name)]; }
  void expect_exact() {
    const auto fresh = rooms().usage.counted();
    for (ClassId id = 0; id < fresh.size(); ++id) {
      const ClassUsage::Figures kept = rooms().usage.of(id);
      EXPECT_EQ(kept.keys, fresh[id].keys) << rooms().classes[id].name;
      EXPECT_EQ(kept.expiring, fresh[id].expiring) << rooms().classes[id].name;
      EXPECT_EQ(kept.bytes, fresh[id].bytes) << rooms().classes[id].name;
    }
  }
};

}  // namespace leat::testing
