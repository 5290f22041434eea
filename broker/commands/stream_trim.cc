// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/stream_trim.h"

#include <algorithm>

#include "broker/commands/parse.h"
#include "broker/commands/rest_manners.h"
#include "broker/commands/stream_ids.h"

namespace leat {

namespace {

// Approximate trimming waits until there is a step's worth to drop, so that most XADDs drop nothing, and drops whole
// steps: at most one step more is kept than was asked for, never less. A user who asked for nodes of more entries than
// kStepMax gets no longer streams for it: chunks hold as many as fit.
constexpr uint64_t kStepMax = 100;
constexpr uint64_t kStepsAtOnce = 100;  // without LIMIT

uint64_t trim_step(const Config& config) {
  return config.stream_node_entries_max > 0 ? std::min(static_cast<uint64_t>(config.stream_node_entries_max), kStepMax)
                                            : kStepMax;
}

uint64_t limit_of(const Trim& trim, uint64_t step) { return trim.limit.value_or(step * kStepsAtOnce); }

uint64_t trim_free(Context& ctx, View key, const Trim& trim, uint64_t count) {
  const uint64_t limit = trim.approximate ? limit_of(trim, trim_step(ctx.rooms.config)) : 0;
  Holders::Walk walk{.end = trim.by == Trim::By::kId ? trim.min : kStreamIdMax,
                     .left = count,
                     .looks = limit == 0 ? UINT64_MAX : limit};
  size_t portion = Holders::kPortion;
  while (portion == Holders::kPortion) {
    const auto found = ctx.find<Stream>(key);
    const std::vector<StreamId> between = Holders(**found).next_free(walk);
    portion = between.size();
    if (!between.empty()) ctx.emit(StreamDelete{.key = key, .ids = between});
  }
  if (walk.run > 0) ctx.emit(StreamTrim{.key = key, .count = walk.run});  // still the oldest
  return count - walk.left;
}

}  // namespace

Result<bool> parse_trim_word(Args args, size_t& i, Trim& trim) {
  const size_t more = args.size() - i - 1;
  const bool by_length = same_word(args[i], "MAXLEN");
  if ((by_length || same_word(args[i], "MINID")) && more > 0) {
    if (trim.by != Trim::By::kNothing) {
      return Status::error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    }
    trim.by = by_length ? Trim::By::kLength : Trim::By::kId;
    trim.approximate = more >= 2 && args[i + 1] == "~";
    if (trim.approximate || (more >= 2 && args[i + 1] == "=")) ++i;
    ++i;
    if (by_length) {
      const auto keep = integer_of(args[i]);
      if (!keep.ok()) return keep.status();
      if (*keep < 0) return Status::error("ERR The MAXLEN argument must be >= 0.");
      trim.keep = static_cast<uint64_t>(*keep);
    } else {
      const auto min = stream_id_of(args[i]);
      if (!min.ok()) return min.status();
      trim.min = *min;
    }
    return true;
  }
  if (!same_word(args[i], "LIMIT") || more == 0) return parse_references(args[i], trim.references);
  const auto limit = integer_of(args[++i]);
  if (!limit.ok()) return limit.status();
  if (*limit < 0) return Status::error("ERR The LIMIT argument must be >= 0.");
  trim.limit = static_cast<uint64_t>(*limit);
  return true;
}

Status check_trim(const Trim& trim) {
  if (trim.limit.value_or(0) > 0 && trim.by == Trim::By::kNothing) {
    return Status::error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
  }
  return Status::fine();
}

Status check_limit(const Trim& trim) {
  if (!trim.limit || trim.approximate) return Status::fine();
  return Status::error("ERR syntax error, LIMIT cannot be used without the special ~ option");
}

uint64_t drop_count(const Context& ctx, const Trim& trim, uint64_t size, uint64_t older) {
  const uint64_t surplus = trim.by == Trim::By::kId ? older : size - std::min(size, trim.keep);
  if (!trim.approximate) return surplus;
  const uint64_t step = trim_step(ctx.rooms.config);
  const uint64_t limit = limit_of(trim, step);
  if (surplus == size && (limit == 0 || size <= limit)) return size;
  const uint64_t dropped = limit == 0 ? surplus : std::min(surplus, limit);
  return by_rest(ctx) ? dropped : dropped - dropped % step;  // there ~ is nearly exact, and SDKs' users count on it
}

uint64_t trim_stream(Context& ctx, View key, const Trim& trim) {
  const auto found = ctx.find<Stream>(key);
  const Stream& stream = **found;
  const uint64_t older = trim.by == Trim::By::kId ? stream.count_before(trim.min) : 0;
  const uint64_t dropped = drop_count(ctx, trim, stream.size(), older);
  if (dropped == 0) return 0;
  if (asks_groups(trim, stream)) {
    if (*trim.references == References::kAcked) return trim_free(ctx, key, trim, dropped);
    drop_references_to_oldest(ctx, key, dropped);
  }
  ctx.emit(StreamTrim{.key = key, .count = dropped});
  return dropped;
}

}  // namespace leat
