// SPDX-License-Identifier: Apache-2.0
// geo.cc: places as scores of a sorted set; the rows of all the family's files.
// https://redis.io/docs/latest/commands/?group=geo
#include <cstdio>

#include "broker/commands/families.h"
#include "broker/commands/geo_commands.h"
#include "broker/commands/parse.h"
#include "broker/commands/sorted_set_commands.h"

namespace leat {

Result<double> metres_of(View unit) {
  if (same_word(unit, "m")) return 1.0;
  if (same_word(unit, "km")) return 1000.0;
  if (same_word(unit, "ft")) return 0.3048;
  if (same_word(unit, "mi")) return 1609.34;
  return Status::error("ERR unsupported unit provided. please use M, KM, FT, MI");
}

Result<GeoPoint> map_place_of(View longitude, View latitude) {
  const auto x = parse_real(longitude), y = parse_real(latitude);
  if (!x || !y) return kNotAFloat;
  const GeoPoint place{*x, *y};
  if (is_on_map(place)) return place;
  char text[2 * kRealTextMax + 64];
  std::snprintf(text, sizeof text, "ERR invalid longitude,latitude pair %f,%f", *x, *y);
  return Status::error(text);
}

Replied reply_place(ReplySink& reply, GeoPoint place) {
  reply.array(2);
  reply.plain_real(place.longitude);
  return reply.plain_real(place.latitude);
}

Replied reply_distance(ReplySink& reply, double distance) {
  char text[kRealTextMax];
  return reply.bulk(View(text, static_cast<size_t>(std::snprintf(text, sizeof text, "%.4f", distance))));
}

namespace {

// GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]  →  how many are new
Outcome geoadd(Context& ctx, Args args) {
  AddOptions options;
  size_t at = 2;
  for (; at < args.size(); ++at) {
    if (same_word(args[at], "NX")) options.only_new = true;
    else if (same_word(args[at], "XX")) options.only_existing = true;
    else if (same_word(args[at], "CH")) options.count_changed = true;
    else break;
  }
  const size_t words = args.size() - at;
  if (words == 0 || words % 3 != 0 || (options.only_new && options.only_existing)) return kSyntaxError;
  std::vector<ScoredMember> entries;
  for (; at < args.size(); at += 3) {
    const auto place = map_place_of(args[at], args[at + 1]);
    if (!place.ok()) return place.status();
    entries.push_back({score_of(*place), args[at + 2]});
  }
  return add_entries(ctx, args[1], options, entries);
}

std::optional<double> score_in(const SortedSet* set, View member) {
  return set == nullptr ? std::nullopt : set->score(member);
}

// GEODIST key member1 member2 [M | KM | FT | MI]  →  their distance; null when one of them is missing
Outcome geodist(Context& ctx, Args args) {
  if (args.size() > 5) return kSyntaxError;
  const auto unit_m = args.size() == 5 ? metres_of(args[4]) : 1.0;
  if (!unit_m.ok()) return unit_m.status();
  const auto found = ctx.find<SortedSet>(args[1]);
  if (!found.ok()) return found.status();
  const auto from = score_in(*found, args[2]), to = score_in(*found, args[3]);
  if (!from || !to) return ctx.reply.null();
  return reply_distance(ctx.reply, distance_m(place_of_score(*from), place_of_score(*to)) / *unit_m);
}

// GEOHASH key [member ...]  →  of each its eleven characters, or null
Outcome geohash(Context& ctx, Args args) {
  const auto found = ctx.find<SortedSet>(args[1]);
  if (!found.ok()) return found.status();
  ctx.reply.array(args.size() - 2);
  for (const View member : args.from(2)) {
    const auto score = score_in(*found, member);
    if (score) ctx.reply.bulk(geohash_text(place_of_score(*score)));
    else ctx.reply.null();
  }
  return Replied();
}

// GEOPOS key [member ...]  →  of each [longitude, latitude], or null
Outcome geopos(Context& ctx, Args args) {
  const auto found = ctx.find<SortedSet>(args[1]);
  if (!found.ok()) return found.status();
  ctx.reply.array(args.size() - 2);
  for (const View member : args.from(2)) {
    const auto score = score_in(*found, member);
    if (score) reply_place(ctx.reply, place_of_score(*score));
    else ctx.reply.null_array();
  }
  return Replied();
}

constexpr uint32_t kStores = kWrite | kDenyOom | kMovableKeys;
constexpr CommandRow kRows[] = {
    // name                   arity keys                traits               handler
    {"GEOADD",                -5,   Keys::at(1),        kWrite | kDenyOom,   geoadd},
    {"GEODIST",               -4,   Keys::at(1),        kReadOnly,           geodist},
    {"GEOHASH",               -2,   Keys::at(1),        kReadOnly,           geohash},
    {"GEOPOS",                -2,   Keys::at(1),        kReadOnly,           geopos},
    {"GEORADIUS",             -6,   Keys::stored(1, 5), kStores,             georadius},
    {"GEORADIUSBYMEMBER",     -5,   Keys::stored(1, 5), kStores,             georadiusbymember},
    {"GEORADIUSBYMEMBER_RO",  -5,   Keys::at(1),        kReadOnly,           georadiusbymember_ro},
    {"GEORADIUS_RO",          -6,   Keys::at(1),        kReadOnly,           georadius_ro},
    {"GEOSEARCH",             -7,   Keys::at(1),        kReadOnly,           geosearch},
    {"GEOSEARCHSTORE",        -8,   Keys::range(1, 2),  kWrite | kDenyOom,   geosearchstore},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kGeoFamily{"geo", kRows};

}  // namespace leat
