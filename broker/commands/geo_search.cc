// SPDX-License-Identifier: Apache-2.0
// geo_search.cc: the members within a circle or a box: of the few cells that cover it, each a range of scores, every
// member is measured. The rows stand in geo.cc.
#include <algorithm>

#include "broker/commands/geo_commands.h"
#include "broker/commands/parse.h"
#include "broker/commands/sorted_set_commands.h"
#include "broker/keyspace/geo_shape.h"

namespace leat {

namespace {

// Which of the commands it is: what they take in front, and whether they can store.
enum class Form : uint8_t { kRadius, kRadiusByMember, kSearch };
enum class Storing : uint8_t { kNever, kMay, kAlways };
enum class Order : uint8_t { kNone, kAscending, kDescending };

struct Query {
  GeoShape shape;
  double unit_m = 1;
  bool has_centre = false, has_place = false, has_shape = false;  // GEOSEARCH must be told each
  bool with_distance = false, with_hash = false, with_place = false;
  Order order = Order::kNone;
  uint64_t count = 0;  // 0: all
  bool any = false;    // the first that are found, not the nearest
  std::optional<View> store;
  bool store_distance = false;
};

struct Hit {
  View member;
  double score;
  double distance;  // in the query's unit
  size_t number;    // as it was found: equal distances keep that order
};

Result<double> length_of(View text, const char* what) {
  const auto value = parse_real(text);
  if (!value) return Status::error(Bytes("ERR need numeric ") + what);
  return *value;
}

// radius unit
Status parse_circle(Args args, size_t at, Query& query) {
  const auto radius = length_of(args[at], "radius");
  if (!radius.ok()) return radius.status();
  if (*radius < 0) return Status::error("ERR radius cannot be negative");
  const auto unit_m = metres_of(args[at + 1]);
  if (!unit_m.ok()) return unit_m.status();
  query.unit_m = *unit_m;
  query.shape.kind = GeoShape::Kind::kCircle;
  query.shape.radius_m = *radius * *unit_m;
  return Status::fine();
}

// width height unit
Status parse_box(Args args, size_t at, Query& query) {
  const auto width = length_of(args[at], "width");
  if (!width.ok()) return width.status();
  const auto height = length_of(args[at + 1], "height");
  if (!height.ok()) return height.status();
  if (*width < 0 || *height < 0) return Status::error("ERR height or width cannot be negative");
  const auto unit_m = metres_of(args[at + 2]);
  if (!unit_m.ok()) return unit_m.status();
  query.unit_m = *unit_m;
  query.shape.kind = GeoShape::Kind::kBox;
  query.shape.width_m = *width * *unit_m;
  query.shape.height_m = *height * *unit_m;
  return Status::fine();
}

Status parse_place(Args args, size_t at, Query& query) {
  const auto place = map_place_of(args[at], args[at + 1]);
  if (!place.ok()) return place.status();
  query.shape.centre = *place;
  return Status::fine();
}

Status parse_member(const SortedSet& set, View member, Query& query) {
  const auto score = set.score(member);
  if (!score) return Status::error("ERR could not decode requested zset member");
  query.shape.centre = place_of_score(*score);
  return Status::fine();
}

// The words of GEORADIUS and GEORADIUSBYMEMBER that are no options. Without a key no member can be found, and the
// circle is not read either.
Status parse_front(Args args, Form form, const SortedSet* set, Query& query) {
  if (form == Form::kRadius) {
    if (Status wrong = parse_place(args, 2, query); !wrong.ok()) return wrong;
    return parse_circle(args, 4, query);
  }
  if (set == nullptr) return Status::fine();
  if (Status wrong = parse_member(*set, args[2], query); !wrong.ok()) return wrong;
  return parse_circle(args, 3, query);
}

// One of FROMMEMBER, FROMLONLAT, BYRADIUS, BYBOX, in GEOSEARCH alone: the words it takes, or 0 if it is none.
Result<size_t> parse_shape_option(Args args, size_t at, const SortedSet* set, Query& query) {
  const View word = args[at];
  const size_t behind = args.size() - at - 1;
  if (same_word(word, "FROMMEMBER") && behind >= 1 && !query.has_place) {
    query.has_centre = true;
    if (set == nullptr) return size_t{2};
    if (Status wrong = parse_member(*set, args[at + 1], query); !wrong.ok()) return wrong;
    return size_t{2};
  }
  if (same_word(word, "FROMLONLAT") && behind >= 2 && (!query.has_centre || query.has_place)) {
    query.has_centre = query.has_place = true;
    if (Status wrong = parse_place(args, at + 1, query); !wrong.ok()) return wrong;
    return size_t{3};
  }
  const bool has_box = query.has_shape && query.shape.kind == GeoShape::Kind::kBox;
  if (same_word(word, "BYRADIUS") && behind >= 2 && !has_box) {
    query.has_shape = true;
    if (Status wrong = parse_circle(args, at + 1, query); !wrong.ok()) return wrong;
    return size_t{3};
  }
  if (same_word(word, "BYBOX") && behind >= 3 && (!query.has_shape || has_box)) {
    query.has_shape = true;
    if (Status wrong = parse_box(args, at + 1, query); !wrong.ok()) return wrong;
    return size_t{4};
  }
  return size_t{0};
}

bool parse_flag(View word, Query& query) {
  if (same_word(word, "WITHDIST")) query.with_distance = true;
  else if (same_word(word, "WITHHASH")) query.with_hash = true;
  else if (same_word(word, "WITHCOORD")) query.with_place = true;
  else if (same_word(word, "ANY")) query.any = true;
  else if (same_word(word, "ASC")) query.order = Order::kAscending;
  else if (same_word(word, "DESC")) query.order = Order::kDescending;
  else return false;
  return true;
}

Status parse_count(View text, Query& query) {
  const auto count = integer_of(text);
  if (!count.ok()) return count.status();
  if (*count <= 0) return Status::error("ERR COUNT must be > 0");
  query.count = static_cast<uint64_t>(*count);
  return Status::fine();
}

Status parse_options(Args args, size_t at, Form form, Storing storing, const SortedSet* set, Query& query) {
  const bool searches = form == Form::kSearch;
  while (at < args.size()) {
    const View word = args[at];
    const bool has_value = at + 1 < args.size();
    const bool stores = same_word(word, "STORE"), stores_distance = same_word(word, "STOREDIST");
    if (parse_flag(word, query)) {
      ++at;
    } else if (same_word(word, "COUNT") && has_value) {
      if (Status wrong = parse_count(args[at + 1], query); !wrong.ok()) return wrong;
      at += 2;
    } else if (storing == Storing::kMay && has_value && (stores || stores_distance)) {
      query.store = args[at + 1];
      query.store_distance = stores_distance;
      at += 2;
    } else if (storing == Storing::kAlways && stores_distance) {
      query.store_distance = true;
      ++at;
    } else {
      const auto words = searches ? parse_shape_option(args, at, set, query) : Result<size_t>(0);
      if (!words.ok()) return words.status();
      if (*words == 0) return kSyntaxError;
      at += *words;
    }
  }
  return Status::fine();
}

Status check(const Query& query, Args args, Form form) {
  const bool searches = form == Form::kSearch;
  if (query.store && (query.with_distance || query.with_hash || query.with_place)) {
    return Status::error(Bytes("ERR ") + (searches ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS") +
                         " is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
  }
  if (searches && !query.has_centre) {
    return Status::error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + Bytes(args[0]));
  }
  if (searches && !query.has_shape) {
    return Status::error("ERR exactly one of BYRADIUS and BYBOX can be specified for " + Bytes(args[0]));
  }
  if (query.any && query.count == 0) return Status::error("ERR the ANY argument requires COUNT argument");
  return Status::fine();
}

// All within the shape, in no order; with ANY no more than COUNT.
std::vector<Hit> find_hits(const SortedSet& set, const Query& query) {
  std::vector<Hit> hits;
  const uint64_t most = query.any ? query.count : UINT64_MAX;
  for (const GeoCell& cell : query.shape.cells()) {
    const double end = cell.end_score();
    auto at = set.cursor(set.lower_rank(ScoreBound{cell.first_score()}));
    for (; at.valid() && at.score() < end && hits.size() < most; at.next()) {
      const auto distance = query.shape.distance_within(place_of_score(at.score()));
      if (distance) hits.push_back({at.member(), at.score(), *distance / query.unit_m, hits.size()});
    }
  }
  return hits;
}

// In the order asked for, and no more than asked for: of those that are not wanted the order is not made.
void arrange(std::vector<Hit>& hits, const Query& query) {
  const auto wanted =
      static_cast<size_t>(query.count == 0 ? hits.size() : std::min<uint64_t>(query.count, hits.size()));
  const auto nearer = [](const Hit& a, const Hit& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.number < b.number;
  };
  const auto farther = [](const Hit& a, const Hit& b) {
    return a.distance != b.distance ? a.distance > b.distance : a.number < b.number;
  };
  // The first so many of all make no sense unless they are the nearest, or any will do.
  const bool unordered = query.order == Order::kNone && (query.count == 0 || query.any);
  const auto middle = hits.begin() + static_cast<std::ptrdiff_t>(wanted);
  if (query.order == Order::kDescending) std::partial_sort(hits.begin(), middle, hits.end(), farther);
  else if (!unordered) std::partial_sort(hits.begin(), middle, hits.end(), nearer);
  hits.resize(wanted);
}

Outcome reply_hits(ReplySink& reply, const std::vector<Hit>& hits, const Query& query) {
  const size_t extras = size_t{query.with_distance} + size_t{query.with_hash} + size_t{query.with_place};
  reply.array(hits.size());
  for (const Hit& hit : hits) {
    if (extras > 0) reply.array(1 + extras);
    reply.bulk(hit.member);
    if (query.with_distance) reply_distance(reply, hit.distance);
    if (query.with_hash) reply.integer(static_cast<int64_t>(bits_of_score(hit.score)));
    if (query.with_place) reply_place(reply, place_of_score(hit.score));
  }
  return Replied();
}

Outcome store_hits(Context& ctx, const std::vector<Hit>& hits, const Query& query) {
  std::vector<ScoredMember> entries;
  entries.reserve(hits.size());
  for (const Hit& hit : hits) entries.push_back({query.store_distance ? hit.distance : hit.score, hit.member});
  return store_entries(ctx, *query.store, entries);
}

Outcome search(Context& ctx, Args args, Form form, Storing storing) {
  const size_t key_at = storing == Storing::kAlways ? 2 : 1;
  const auto found = ctx.read<SortedSet>(args[key_at]);
  if (!found.ok()) return found.status();
  Query query;
  if (storing == Storing::kAlways) query.store = args[1];
  if (form != Form::kSearch) {
    if (Status wrong = parse_front(args, form, *found, query); !wrong.ok()) return wrong;
  }
  const size_t options_at = form == Form::kSearch ? key_at + 1 : form == Form::kRadius ? 6 : 5;
  if (Status wrong = parse_options(args, options_at, form, storing, *found, query); !wrong.ok()) return wrong;
  if (Status wrong = check(query, args, form); !wrong.ok()) return wrong;
  std::vector<Hit> hits;
  if (*found != nullptr) hits = find_hits(**found, query);
  arrange(hits, query);
  return query.store ? store_hits(ctx, hits, query) : reply_hits(ctx.reply, hits, query);
}

}  // namespace

// GEOSEARCH key FROMMEMBER member | FROMLONLAT longitude latitude BYRADIUS radius unit | BYBOX width height unit
// [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]  →  the members, each with what was asked for
Outcome geosearch(Context& ctx, Args args) { return search(ctx, args, Form::kSearch, Storing::kNever); }

// GEOSEARCHSTORE destination source … [STOREDIST]  →  how many were stored
Outcome geosearchstore(Context& ctx, Args args) { return search(ctx, args, Form::kSearch, Storing::kAlways); }

// GEORADIUS key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]
// [STORE key | STOREDIST key]
Outcome georadius(Context& ctx, Args args) { return search(ctx, args, Form::kRadius, Storing::kMay); }
Outcome georadius_ro(Context& ctx, Args args) { return search(ctx, args, Form::kRadius, Storing::kNever); }

// GEORADIUSBYMEMBER key member radius unit …
Outcome georadiusbymember(Context& ctx, Args args) { return search(ctx, args, Form::kRadiusByMember, Storing::kMay); }
Outcome georadiusbymember_ro(Context& ctx, Args args) {
  return search(ctx, args, Form::kRadiusByMember, Storing::kNever);
}

}  // namespace leat
