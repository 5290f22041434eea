// SPDX-License-Identifier: Apache-2.0
// Commands that have been succeeded by others, and those that nobody should need.
#include <algorithm>

#include "broker/commands/docs.h"

namespace leat {

namespace {

constexpr Deprecation kDeprecated[] = {
    {"BRPOPLPUSH", "6.2.0", "`BLMOVE` from `RIGHT` to `LEFT`"},
    {"CLUSTER|SLAVES", "5.0.0", "`CLUSTER REPLICAS`"},
    {"CLUSTER|SLOTS", "7.0.0", "`CLUSTER SHARDS`"},
    {"GEORADIUS", "6.2.0", "`GEOSEARCH` or `GEOSEARCHSTORE`, with `BYRADIUS`"},
    {"GEORADIUSBYMEMBER", "6.2.0", "`GEOSEARCH` or `GEOSEARCHSTORE`, with `FROMMEMBER` and `BYRADIUS`"},
    {"GEORADIUSBYMEMBER_RO", "6.2.0", "`GEOSEARCH` with `FROMMEMBER` and `BYRADIUS`"},
    {"GEORADIUS_RO", "6.2.0", "`GEOSEARCH` with `BYRADIUS`"},
    {"GETSET", "6.2.0", "`SET` with `GET`"},
    {"HMSET", "4.0.0", "`HSET` with several fields"},
    {"RPOPLPUSH", "6.2.0", "`LMOVE` from `RIGHT` to `LEFT`"},
    {"SLAVEOF", "5.0.0", "`REPLICAOF`"},
    {"SUBSTR", "2.0.0", "`GETRANGE`"},
    {"ZRANGEBYLEX", "6.2.0", "`ZRANGE` with `BYLEX`"},
    {"ZRANGEBYSCORE", "6.2.0", "`ZRANGE` with `BYSCORE`"},
    {"ZREVRANGE", "6.2.0", "`ZRANGE` with `REV`"},
    {"ZREVRANGEBYLEX", "6.2.0", "`ZRANGE` with `REV` and `BYLEX`"},
    {"ZREVRANGEBYSCORE", "6.2.0", "`ZRANGE` with `REV` and `BYSCORE`"},
};
constexpr View kOfTheHouse[] = {"DEBUG", "PFDEBUG", "PFSELFTEST", "REPLCONF", "RESTORE-ASKING"};

}  // namespace

const Deprecation* deprecation_of(View name) {
  const auto found = std::lower_bound(std::begin(kDeprecated), std::end(kDeprecated), name,
                                      [](const Deprecation& one, View wanted) { return one.name < wanted; });
  return found != std::end(kDeprecated) && found->name == name ? found : nullptr;
}

bool is_of_the_house(View name) {
  return std::find(std::begin(kOfTheHouse), std::end(kOfTheHouse), name) != std::end(kOfTheHouse);
}

}  // namespace leat
