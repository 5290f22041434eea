// SPDX-License-Identifier: Apache-2.0
#include "broker/config/class_config.h"

#include <algorithm>
#include <map>

#include "broker/config/config_words.h"
#include "broker/protocol/numbers.h"

namespace leat {

namespace {

struct ClassKey {
  View name;
  Status (*set)(ClassConfig&, View value);
};

template <int64_t ClassConfig::*kMember>
Status set_bytes(ClassConfig& one, View value) {
  const auto bytes = parse_bytes(value);
  if (!bytes || *bytes < 0) return Status::error("it must be a number of bytes, like 512mb; 0: none");
  one.*kMember = *bytes;
  return Status::fine();
}

template <std::optional<DurabilityMode> ClassConfig::*kMember>
Status set_durability(ClassConfig& one, View value) {
  one.*kMember = durability_named(value);
  return one.*kMember ? Status::fine() : Status::error("it must be always, interval or never");
}

Status set_policy(ClassConfig& one, View value) {
  const auto policy = policy_named(value);
  if (!policy)
    return Status::error("it must be one of the words that memory.policy knows, like noeviction or allkeys-lru");
  one.policy = *policy;
  return Status::fine();
}

Status set_prefixes(ClassConfig& one, View value) {
  one.prefixes.clear();
  for (size_t at = value.find_first_not_of(' '); at != View::npos; at = value.find_first_not_of(' ', at)) {
    const size_t end = std::min(value.find(' ', at), value.size());
    one.prefixes.emplace_back(value.substr(at, end - at));
    at = end;
  }
  return Status::fine();
}

constexpr ClassKey kClassKeys[] = {
    {"durability", set_durability<&ClassConfig::durability>},
    {"durability_floor", set_durability<&ClassConfig::durability_floor>},
    {"max_value_bytes", set_bytes<&ClassConfig::max_value_bytes>},
    {"policy", set_policy},
    {"prefixes", set_prefixes},
    {"quota", set_bytes<&ClassConfig::quota>},
    {"reserve", set_bytes<&ClassConfig::reserve>},
};

Bytes full_name(const ClassConfig& one, View key) { return "class." + one.name + "." + Bytes(key); }

ClassConfig& class_of(View name, const Bytes& place, Config& config) {
  for (ClassConfig& one : config.classes) {
    if (one.name == name) return one;
  }
  config.classes.push_back({.name = Bytes(name)});
  config.classes.back().places[""] = place;
  return config.classes.back();
}

// Where a key was set, or the class was begun; in front of what is wrong with it.
Status fault(const ClassConfig& one, View key, const Bytes& why) {
  const auto found = one.places.find(key);
  const Bytes& place = found != one.places.end() ? found->second : one.places.at("");
  return Status::error(place + ": " + full_name(one, key) + ' ' + why);
}

// Names stand in INFO's fields, which are split at ':', ',' and '='.
bool fit_name(View name) {
  return !name.empty() && name.size() <= kClassNameBytesMax && name != "default" &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == View::npos;
}

Status check_prefixes(const Config& config) {
  std::map<View, const ClassConfig*> seen;
  for (const ClassConfig& one : config.classes) {
    if (one.prefixes.empty()) {
      return fault(one, "prefixes", "is missing: say how its keys begin, as in prefixes = [\"" + one.name + ":\"]");
    }
    for (const Bytes& prefix : one.prefixes) {
      if (prefix.empty()) {
        return fault(one, "prefixes",
                     "has an empty text: keys of no class are the default class's already; take it out");
      }
      if (prefix.size() > kClassPrefixBytesMax) {
        return fault(one, "prefixes", "has a prefix of " + std::to_string(prefix.size()) + " bytes: shorten it to " +
                                          std::to_string(kClassPrefixBytesMax));
      }
      const auto [there, is_new] = seen.emplace(prefix, &one);
      if (!is_new) {
        return fault(one, "prefixes",
                     "has '" + prefix + "', which class." + there->second->name +
                         " has already: a key can belong to one class only, take it out of one of them");
      }
    }
  }
  if (seen.size() <= kClassPrefixesMax) return Status::fine();
  return fault(config.classes.back(), "prefixes", "is one too many: all classes together may have " +
                                                      std::to_string(kClassPrefixesMax) + " prefixes");
}

Status check_durability(const ClassConfig& one, const Config& config) {
  const DurabilityMode durability = one.durability.value_or(config.durability);
  if (!one.durability_floor || stricter(*one.durability_floor, durability) == durability) return Status::fine();
  return fault(one, "durability_floor",
               "is stricter than the class's durability, '" + Bytes(name_of(durability)) +
                   "': a floor is the weakest that a client may choose; lower it, or raise durability");
}

Status check_reserves(const Config& config) {
  int64_t reserved = 0;
  for (const ClassConfig& one : config.classes) {
    if (one.quota > 0 && one.reserve > one.quota) {
      return fault(one, "reserve",
                   "is more than its quota: what it may never use need not be kept for it; lower it, or raise quota");
    }
    if (__builtin_add_overflow(reserved, one.reserve, &reserved)) reserved = INT64_MAX;
    if (config.maxmemory > 0 && reserved > config.maxmemory) {
      return fault(one, "reserve",
                   "makes all reserves together more than memory.max_bytes (" + std::to_string(config.maxmemory) +
                       "): lower one of them, or raise memory.max_bytes");
    }
  }
  return Status::fine();
}

}  // namespace

Status set_class_key(View name, View key, View value, const Bytes& place, Config& config) {
  const ClassKey* nearest = kClassKeys;
  for (const ClassKey& known : kClassKeys) {
    if (distance(known.name, key) < distance(nearest->name, key)) nearest = &known;
    if (known.name != key) continue;
    ClassConfig& one = class_of(name, place, config);
    one.places[Bytes(key)] = place;
    const Status set = known.set(one, value);
    if (set.ok()) return set;
    return Status::error("bad value '" + Bytes(value) + "' for 'class." + Bytes(name) + "." + Bytes(key) + "': " +
                         Bytes(set.text()));
  }
  return Status::error("unknown key 'class." + Bytes(name) + "." + Bytes(key) +
                       "'; the nearest known key of a class is '" + Bytes(nearest->name) + "'");
}

Status set_class_prefixes(View name, std::vector<Bytes> prefixes, const Bytes& place, Config& config) {
  ClassConfig& one = class_of(name, place, config);
  one.places["prefixes"] = place;
  one.prefixes = std::move(prefixes);
  return Status::fine();
}

Status check_classes(const Config& config) {
  for (const ClassConfig& one : config.classes) {
    if (!fit_name(one.name)) {
      return Status::error(one.places.at("") + ": '" + one.name + "' cannot name a class: use up to " +
                           std::to_string(kClassNameBytesMax) + " of a-z, 0-9, '_' and '-'; 'default' is taken");
    }
    if (Status fits = check_durability(one, config); !fits.ok()) return fits;
  }
  if (config.classes.size() > kClassesMax) {
    return Status::error(config.classes.back().places.at("") + ": class." + config.classes.back().name +
                         " is one class too many: there may be " + std::to_string(kClassesMax));
  }
  if (Status fits = check_prefixes(config); !fits.ok()) return fits;
  return check_reserves(config);
}

}  // namespace leat
