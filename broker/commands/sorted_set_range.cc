// SPDX-License-Identifier: Apache-2.0
// sorted_set_range.cc: the sorted-set commands on a range of ranks, of scores or of members. The rows stand in
// sorted_set.cc.
// Every range becomes one of ranks: [first, first + count).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <variant>

#include "broker/commands/parse.h"
#include "broker/commands/rest_manners.h"
#include "broker/commands/sorted_set_commands.h"

namespace leat {

namespace {

enum class By : uint8_t { kRank, kScore, kLex };

struct RankBounds {
  int64_t start, stop;
};
struct ScoreBounds {
  ScoreBound min, max;
};
struct LexBounds {
  LexBound min, max;
};
using Bounds = std::variant<RankBounds, ScoreBounds, LexBounds>;

// As strtod reads it, which Redis asks: unlike a score's own text it may be empty, and too large a one is infinite.
std::optional<ScoreBound> score_bound_of(View text) {
  const bool exclusive = !text.empty() && text[0] == '(';
  if (exclusive) text.remove_prefix(1);
  if (const auto plain = parse_real(text)) return ScoreBound{*plain, exclusive};
  const Bytes terminated(text);
  char* end;
  const double score = std::strtod(terminated.c_str(), &end);
  if (*end != 0 || std::isnan(score)) return std::nullopt;
  return ScoreBound{score, exclusive};
}

std::optional<LexBound> lex_bound_of(View text) {
  if (text == "-") return LexBound{LexBound::kMin, {}};
  if (text == "+") return LexBound{LexBound::kMax, {}};
  if (text.empty()) return std::nullopt;
  if (text[0] == '(') return LexBound{LexBound::kExclusive, text.substr(1)};
  if (text[0] == '[') return LexBound{LexBound::kInclusive, text.substr(1)};
  return std::nullopt;
}

Result<Bounds> parse_bounds(By by, View min, View max) {
  if (by == By::kRank) {
    const auto start = integer_of(min), stop = integer_of(max);
    if (!start.ok()) return start.status();
    if (!stop.ok()) return stop.status();
    return Bounds(RankBounds{*start, *stop});
  }
  if (by == By::kScore) {
    const auto low = score_bound_of(min), high = score_bound_of(max);
    if (!low || !high) return Status::error("ERR min or max is not a float");
    return Bounds(ScoreBounds{*low, *high});
  }
  const auto low = lex_bound_of(min), high = lex_bound_of(max);
  if (!low || !high) return Status::error("ERR min or max not valid string range item");
  return Bounds(LexBounds{*low, *high});
}

IndexRange between(uint64_t lower, uint64_t upper) {
  return lower < upper ? IndexRange{lower, upper - lower} : IndexRange();
}

IndexRange ranks_of(const SortedSet& set, const RankBounds& bounds) {
  return index_range(bounds.start, bounds.stop, set.size());
}
template <typename ByValue>
IndexRange ranks_of(const SortedSet& set, const ByValue& bounds) {
  return between(set.lower_rank(bounds.min), set.upper_rank(bounds.max));
}
IndexRange ranks_of(const SortedSet& set, const Bounds& bounds) {
  return std::visit([&](const auto& one) { return ranks_of(set, one); }, bounds);
}

// key min max  →  how many lie within
Outcome count(Context& ctx, Args args, By by) {
  const auto bounds = parse_bounds(by, args[2], args[3]);
  if (!bounds.ok()) return bounds.status();
  const auto found = ctx.find<SortedSet>(args[1]);
  if (!found.ok()) return found.status();
  return ctx.reply.integer(*found == nullptr ? 0 : static_cast<int64_t>(ranks_of(**found, *bounds).count));
}

// key min max  →  how many were removed
Outcome remove(Context& ctx, Args args, By by) {
  const auto bounds = parse_bounds(by, args[2], args[3]);
  if (!bounds.ok()) return bounds.status();
  const auto found = ctx.find<SortedSet>(args[1]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return ctx.reply.integer(0);
  const IndexRange ranks = ranks_of(**found, *bounds);
  if (ranks.count > 0) ctx.emit(SortedSetErase{.key = args[1], .rank = ranks.first, .count = ranks.count});
  return ctx.reply.integer(static_cast<int64_t>(ranks.count));
}

enum class Order : uint8_t { kAscending, kDescending };

// What the command's name says already, and an option may say where it does not.
struct RangeOptions {
  std::optional<By> by;
  std::optional<Order> order;
  Scores scores = Scores::kWithout;
  int64_t offset = 0, limit = -1;
  bool descending() const { return order == Order::kDescending; }
};

enum class Answer : uint8_t { kReply, kStore };

// The words from `at` on.
Status parse_range_options(const Context& ctx, Args args, size_t at, Answer answer, RangeOptions& options) {
  for (; at < args.size(); ++at) {
    if (answer == Answer::kReply && same_word(args[at], "WITHSCORES")) {
      options.scores = Scores::kWith;
    } else if (same_word(args[at], "LIMIT") && at + 2 < args.size()) {
      const auto offset = integer_of(args[at + 1]), limit = integer_of(args[at + 2]);
      if (!offset.ok()) return offset.status();
      if (!limit.ok()) return limit.status();
      options.offset = *offset;
      options.limit = *limit;
      at += 2;
    } else if (!options.order && same_word(args[at], "REV")) {
      options.order = Order::kDescending;
    } else if (!options.by && same_word(args[at], "BYLEX")) {
      options.by = By::kLex;
    } else if (!options.by && same_word(args[at], "BYSCORE")) {
      options.by = By::kScore;
    } else {
      return kSyntaxError;
    }
  }
  if (!options.by) options.by = By::kRank;
  if (options.by == By::kRank && !by_rest(ctx)) {
    if (options.limit != -1) {
      return Status::error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    }
    options.offset = 0;  // LIMIT x -1 is none: Redis does not look at x then
  }
  if (options.scores == Scores::kWith && options.by == By::kLex) {
    return Status::error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  return Status::fine();
}

// What LIMIT leaves of a range that is walked from its one or its other end.
IndexRange limited(IndexRange ranks, const RangeOptions& options) {
  if (options.offset < 0 || static_cast<uint64_t>(options.offset) >= ranks.count) return {};
  const auto skipped = static_cast<uint64_t>(options.offset);
  uint64_t count = ranks.count - skipped;
  if (options.limit >= 0) count = std::min(count, static_cast<uint64_t>(options.limit));
  return {options.descending() ? ranks.first + ranks.count - skipped - count : ranks.first + skipped, count};
}

IndexRange select(const SortedSet& set, const Bounds& bounds, const RangeOptions& options) {
  IndexRange ranks = ranks_of(set, bounds);
  const bool from_the_end = options.by == By::kRank && options.descending();
  if (from_the_end && ranks.count > 0) ranks.first = set.size() - ranks.first - ranks.count;
  return limited(ranks, options);
}

template <typename Visit>  // visit(const SortedSet::Cursor&)
void walk(const SortedSet& set, IndexRange ranks, bool descending, Visit visit) {
  if (ranks.count == 0) return;
  auto at = set.cursor(descending ? ranks.first + ranks.count - 1 : ranks.first);
  for (; ranks.count > 0; --ranks.count) {
    visit(at);
    if (descending) at.previous();
    else at.next();
  }
}

Outcome reply_range(Context& ctx, const SortedSet& set, IndexRange ranks, const RangeOptions& options) {
  begin_entries(ctx.reply, ranks.count, options.scores);
  walk(set, ranks, options.descending(), [&](const SortedSet::Cursor& at) {
    write_entry(ctx.reply, at.member(), at.score(), options.scores);
  });
  return Replied();
}

Outcome store_range(Context& ctx, View to, const SortedSet& set, IndexRange ranks) {
  std::vector<ScoredMember> entries;
  walk(set, ranks, false, [&](const SortedSet::Cursor& at) { entries.push_back({at.score(), at.member()}); });
  return store_entries(ctx, to, entries);
}

// [destination] key min max [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
Outcome range(Context& ctx, Args args, RangeOptions options, Answer answer = Answer::kReply) {
  const size_t at = answer == Answer::kStore ? 2 : 1;
  if (Status wrong = parse_range_options(ctx, args, at + 3, answer, options); !wrong.ok()) return wrong;
  const bool swapped = options.descending() && options.by != By::kRank;  // the larger bound comes first
  const auto bounds = parse_bounds(*options.by, args[swapped ? at + 2 : at + 1], args[swapped ? at + 1 : at + 2]);
  if (!bounds.ok()) return bounds.status();
  const auto found = ctx.read<SortedSet>(args[at]);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return answer == Answer::kStore ? store_entries(ctx, args[1], {}) : ctx.reply.array(0);
  const IndexRange ranks = select(**found, *bounds, options);
  if (answer == Answer::kStore) return store_range(ctx, args[1], **found, ranks);
  return reply_range(ctx, **found, ranks, options);
}

}  // namespace

Outcome zcount(Context& ctx, Args args) { return count(ctx, args, By::kScore); }
Outcome zlexcount(Context& ctx, Args args) { return count(ctx, args, By::kLex); }
Outcome zremrangebylex(Context& ctx, Args args) { return remove(ctx, args, By::kLex); }
Outcome zremrangebyrank(Context& ctx, Args args) { return remove(ctx, args, By::kRank); }
Outcome zremrangebyscore(Context& ctx, Args args) { return remove(ctx, args, By::kScore); }

Outcome zrange(Context& ctx, Args args) { return range(ctx, args, {}); }
Outcome zrangestore(Context& ctx, Args args) { return range(ctx, args, {}, Answer::kStore); }
Outcome zrangebylex(Context& ctx, Args args) { return range(ctx, args, {By::kLex, Order::kAscending}); }
Outcome zrangebyscore(Context& ctx, Args args) { return range(ctx, args, {By::kScore, Order::kAscending}); }
Outcome zrevrange(Context& ctx, Args args) { return range(ctx, args, {By::kRank, Order::kDescending}); }
Outcome zrevrangebylex(Context& ctx, Args args) { return range(ctx, args, {By::kLex, Order::kDescending}); }
Outcome zrevrangebyscore(Context& ctx, Args args) { return range(ctx, args, {By::kScore, Order::kDescending}); }

}  // namespace leat
