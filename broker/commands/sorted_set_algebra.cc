// SPDX-License-Identifier: Apache-2.0
// sorted_set_algebra.cc: union, intersection and difference of several sorted sets, of plain sets too, whose members
// count as scored 1. The rows stand in sorted_set.cc.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "broker/commands/parse.h"
#include "broker/commands/sorted_set_commands.h"
#include "broker/keyspace/set.h"

namespace leat {

namespace {

enum class Operation : uint8_t { kUnion, kIntersection, kDifference };
enum class Aggregate : uint8_t { kSum, kMin, kMax };

// One of the operands; both null: the key is absent.
struct Source {
  const SortedSet* sorted = nullptr;
  Sight<Set> plain = {};
  double weight = 1;

  uint64_t size() const { return sorted != nullptr ? sorted->size() : plain != nullptr ? plain->size() : 0; }
  std::optional<double> score(View member) const {
    if (sorted != nullptr) return sorted->score(member);
    return plain != nullptr && plain->contains(member) ? std::optional(1.0) : std::nullopt;
  }
  bool has(View member) const { return score(member).has_value(); }
  template <typename Visit>  // visit(View member, double score), which answers whether to go on
  void for_each(Visit visit) const {
    bool more = true;
    if (sorted != nullptr) {
      for (auto at = sorted->front(); more && at.valid(); at.next()) more = visit(at.member(), at.score());
    } else if (plain != nullptr) {
      plain->for_each([&](View member) { more = more && visit(member, 1.0); });
    }
  }
};

struct Query {
  std::vector<Source> sources;
  Aggregate aggregate = Aggregate::kSum;
  Scores scores = Scores::kWithout;
  uint64_t limit = 0;  // ZINTERCARD: 0 is none
};

// What a command of the family takes: its operation, and where its answer goes.
enum class Answer : uint8_t { kReply, kStore, kCount };

Result<std::vector<Source>> find_sources(Context& ctx, Views keys) {
  const Context::Reading reading(ctx);
  std::vector<Source> sources;
  for (const View key : keys) {
    const auto found = ctx.look(key);
    if (!found) sources.push_back({});
    else if (found->type == Type::kSortedSet) sources.push_back({.sorted = ctx.database().see<SortedSet>(*found)});
    else if (found->type == Type::kSet) sources.push_back({.plain = ctx.database().see<Set>(*found)});
    else return kWrongType;
  }
  return sources;
}

Result<Aggregate> aggregate_of(View word) {
  if (same_word(word, "SUM")) return Aggregate::kSum;
  if (same_word(word, "MIN")) return Aggregate::kMin;
  if (same_word(word, "MAX")) return Aggregate::kMax;
  return kSyntaxError;
}

Status parse_weights(Views words, std::vector<Source>& sources) {
  for (size_t i = 0; i < sources.size(); ++i) {
    const auto weight = parse_real(words[i]);
    if (!weight) return Status::error("ERR weight value is not a float");
    sources[i].weight = *weight;
  }
  return Status::fine();
}

// The words behind the keys.
Status parse_options(Args args, size_t at, Operation operation, Answer answer, Query& query) {
  const bool weighs = operation != Operation::kDifference && answer != Answer::kCount;
  while (at < args.size()) {
    const size_t values = args.size() - at - 1;  // words behind this one
    if (weighs && values >= query.sources.size() && same_word(args[at], "WEIGHTS")) {
      if (Status wrong = parse_weights(args.from(at + 1), query.sources); !wrong.ok()) return wrong;
      at += 1 + query.sources.size();
    } else if (weighs && values >= 1 && same_word(args[at], "AGGREGATE")) {
      const auto aggregate = aggregate_of(args[at + 1]);
      if (!aggregate.ok()) return aggregate.status();
      query.aggregate = *aggregate;
      at += 2;
    } else if (answer == Answer::kReply && same_word(args[at], "WITHSCORES")) {
      query.scores = Scores::kWith;
      at += 1;
    } else if (answer == Answer::kCount && values >= 1 && same_word(args[at], "LIMIT")) {
      const auto limit = parse_integer(args[at + 1]);
      if (!limit || *limit < 0) return Status::error("ERR LIMIT can't be negative");
      query.limit = static_cast<uint64_t>(*limit);
      at += 2;
    } else {
      return kSyntaxError;
    }
  }
  return Status::fine();
}

// numkeys key [key ...] and what follows; numkeys is word `at`.
Result<Query> parse_query(Context& ctx, Args args, size_t at, Operation operation, Answer answer) {
  const auto count = integer_of(args[at]);
  if (!count.ok()) return count.status();
  if (*count < 1) {
    return Status::error("ERR at least 1 input key is needed for '" + lower(ctx.command.row.name) + "' command");
  }
  if (static_cast<uint64_t>(*count) > args.size() - at - 1) return kSyntaxError;
  const size_t options_at = at + 1 + static_cast<size_t>(*count);
  auto sources = find_sources(ctx, args.slice(at + 1, options_at));
  if (!sources.ok()) return sources.status();
  Query query{.sources = std::move(*sources)};
  if (Status wrong = parse_options(args, options_at, operation, answer, query); !wrong.ok()) return wrong;
  return query;
}

// Infinities that cancel, and nothing times infinity, count as 0: no result is ever NaN.
double number_or_0(double score) { return std::isnan(score) ? 0 : score; }

double combine(double score, double other, Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kSum:
      return number_or_0(score + other);
    case Aggregate::kMin:
      return other < score ? other : score;
    case Aggregate::kMax:
      return other > score ? other : score;
  }
  return score;
}

// Smallest first: an intersection looks from there, and sums come out as in Redis to the last digit.
void sort_by_size(std::vector<Source>& sources) {
  std::stable_sort(sources.begin(), sources.end(),
                   [](const Source& a, const Source& b) { return a.size() < b.size(); });
}

using Entries = std::vector<ScoredMember>;

Entries unite(const Query& query, const ChunkStore& chunks) {
  Entries entries;
  std::unordered_map<View, size_t, MemberHash> places(0, MemberHash{chunks});
  const bool several = query.sources.size() > 1;
  for (const Source& source : query.sources) {
    source.for_each([&](View member, double score) {
      const double weighted = number_or_0(source.weight * score);
      const auto [place, is_new] = several ? places.emplace(member, entries.size()) : std::pair(places.end(), true);
      if (is_new) entries.push_back({weighted, member});
      else entries[place->second].score = combine(entries[place->second].score, weighted, query.aggregate);
      return true;
    });
  }
  return entries;
}

// The member's score over all sources, of which the first has it with that score; nullopt when one has it not.
std::optional<double> score_in_all(const Query& query, View member, double first) {
  double score = number_or_0(query.sources[0].weight * first);
  for (size_t i = 1; i < query.sources.size(); ++i) {
    const auto other = query.sources[i].score(member);
    if (!other) return std::nullopt;
    score = combine(score, query.sources[i].weight * *other, query.aggregate);
  }
  return score;
}

Entries intersect(const Query& query) {
  Entries entries;
  query.sources[0].for_each([&](View member, double first) {
    if (const auto score = score_in_all(query, member, first)) entries.push_back({*score, member});
    return query.limit == 0 || entries.size() < query.limit;
  });
  return entries;
}

Entries subtract(const Query& query) {
  Entries entries;
  query.sources[0].for_each([&](View member, double score) {
    const auto has_it = [&](const Source& other) { return other.has(member); };
    if (std::none_of(query.sources.begin() + 1, query.sources.end(), has_it)) entries.push_back({score, member});
    return true;
  });
  return entries;
}

Entries compute(Query& query, Operation operation, const ChunkStore& chunks) {
  if (operation != Operation::kDifference) sort_by_size(query.sources);
  Entries entries = operation == Operation::kUnion          ? unite(query, chunks)
                    : operation == Operation::kIntersection ? intersect(query)
                                                            : subtract(query);
  std::sort(entries.begin(), entries.end(), [](const ScoredMember& a, const ScoredMember& b) {
    return a.score != b.score ? a.score < b.score : a.member < b.member;
  });
  return entries;
}

Outcome run(Context& ctx, Args args, Operation operation, Answer answer) {
  auto query = parse_query(ctx, args, answer == Answer::kStore ? 2 : 1, operation, answer);
  if (!query.ok()) return query.status();
  const Entries entries = compute(*query, operation, ctx.rooms.keyspace.chunks());
  if (answer == Answer::kStore) return store_entries(ctx, args[1], entries);
  if (answer == Answer::kCount) return ctx.reply.integer(static_cast<int64_t>(entries.size()));
  begin_entries(ctx.reply, entries.size(), query->scores);
  for (const ScoredMember& entry : entries) write_entry(ctx.reply, entry.member, entry.score, query->scores);
  return Replied();
}

}  // namespace

// ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]
Outcome zunion(Context& ctx, Args args) { return run(ctx, args, Operation::kUnion, Answer::kReply); }
Outcome zinter(Context& ctx, Args args) { return run(ctx, args, Operation::kIntersection, Answer::kReply); }
// ZDIFF numkeys key [key ...] [WITHSCORES]
Outcome zdiff(Context& ctx, Args args) { return run(ctx, args, Operation::kDifference, Answer::kReply); }

// ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX]
Outcome zunionstore(Context& ctx, Args args) { return run(ctx, args, Operation::kUnion, Answer::kStore); }
Outcome zinterstore(Context& ctx, Args args) { return run(ctx, args, Operation::kIntersection, Answer::kStore); }
// ZDIFFSTORE destination numkeys key [key ...]
Outcome zdiffstore(Context& ctx, Args args) { return run(ctx, args, Operation::kDifference, Answer::kStore); }

// ZINTERCARD numkeys key [key ...] [LIMIT limit]
Outcome zintercard(Context& ctx, Args args) { return run(ctx, args, Operation::kIntersection, Answer::kCount); }

}  // namespace leat
