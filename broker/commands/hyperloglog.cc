// SPDX-License-Identifier: Apache-2.0
// hyperloglog.cc: the HyperLogLog family: counting what is different.
// https://redis.io/docs/latest/commands/?group=hyperloglog
#include "broker/keyspace/hyperloglog.h"

#include <algorithm>
#include <cmath>

#include "broker/commands/admission.h"
#include "broker/commands/context.h"
#include "broker/commands/families.h"
#include "broker/commands/parse.h"
#include "broker/commands/raw_string.h"

namespace leat {

namespace {

const Status kNotOne = Status::error("WRONGTYPE Key is not a valid HyperLogLog string value.");
const Status kCorrupted = Status::error("INVALIDOBJ Corrupted HLL object detected");

// The key's text, if there is one and it looks like a HyperLogLog.
Result<std::optional<View>> find_counter(Context& ctx, View key) {
  const auto found = ctx.find_text(key);
  if (!found.ok()) return found.status();
  if (*found && !HyperLogLog::looks_like(**found)) return kNotOne;
  return *found;
}

size_t sparse_bytes_max(const Context& ctx) { return static_cast<size_t>(ctx.rooms.config.hll_sparse_bytes_max); }

struct Run {
  size_t offset, end;
};

// The first place from `at` on where the two differ; the end of `was` differs from whatever `now` has there.
size_t next_difference(View was, View now, size_t at) {
  constexpr size_t kWord = sizeof(uint64_t);
  const size_t end = std::min(was.size(), now.size());
  while (at + kWord <= end && get_fixed<uint64_t>(was.data() + at) == get_fixed<uint64_t>(now.data() + at)) at += kWord;
  while (at < end && was[at] == now[at]) ++at;
  return at;
}

// Where `now` differs from `was`. Runs nearer to each other than an effect is long become one.
std::vector<Run> differing(View was, View now) {
  constexpr size_t kApart = 32;
  std::vector<Run> runs;
  for (size_t at = next_difference(was, now, 0); at < now.size(); at = next_difference(was, now, at + 1)) {
    if (!runs.empty() && at < runs.back().end + kApart) runs.back().end = at + 1;
    else runs.push_back({at, at + 1});
  }
  return runs;
}

// A register more in a dense one is a byte or two of the log, not twelve thousand.
void emit_changes(Context& ctx, View key, View was, View now) {
  if (now.size() < was.size()) {
    emit_raw_string(ctx, key, now, kKeepExpiry);
    return;
  }
  for (const Run& run : differing(was, now)) {
    ctx.emit(StringWrite{.key = key, .offset = run.offset, .bytes = now.substr(run.offset, run.end - run.offset)});
  }
}

// Where the key's counter has changed into `now`; `was` is empty without a key.
Status store(Context& ctx, View key, View was, View now) {
  if (now.size() > was.size() && now.size() > string_bytes_max(ctx, key)) return string_too_long(ctx, key);
  emit_changes(ctx, key, was, now);
  return Status::fine();
}

// PFADD key [element ...]  →  1 when the estimate may have changed, or the key is new
Outcome pfadd(Context& ctx, Args args) {
  const View key = args[1];
  const auto found = find_counter(ctx, key);
  if (!found.ok()) return found.status();
  const auto has_seen = [&](View element) { return *found && HyperLogLog::has_seen_dense(**found, element); };
  const Views elements = args.from(2);
  if (!elements.empty() && std::all_of(elements.begin(), elements.end(), has_seen)) return ctx.reply.integer(0);
  auto counter = *found ? HyperLogLog::parse(**found) : HyperLogLog();
  if (!counter) return kCorrupted;
  bool changed = !*found;
  for (const View element : elements) changed |= counter->add(element, sparse_bytes_max(ctx));
  if (!changed) return ctx.reply.integer(0);
  counter->mark_stale();
  if (Status wrong = store(ctx, key, found->value_or(View()), counter->bytes()); !wrong.ok()) return wrong;
  return ctx.reply.integer(1);
}

// The registers of all the keys together; says whether one of them was dense.
Result<bool> merge_keys(Context& ctx, Views keys, HyperLogLog::Registers& registers) {
  bool any_dense = false;
  for (const View key : keys) {
    const auto found = find_counter(ctx, key);
    if (!found.ok()) return found.status();
    if (!*found) continue;
    const auto counter = HyperLogLog::parse(**found);
    if (!counter) return kCorrupted;
    any_dense |= counter->dense();
    counter->merge_into(registers);
  }
  return any_dense;
}

// Of one key the count is stored with it, until a register rises: the one read that writes.
Outcome count_one(Context& ctx, View key) {
  const auto found = find_counter(ctx, key);
  if (!found.ok()) return found.status();
  if (!*found) return ctx.reply.integer(0);
  if (const auto stored = HyperLogLog::stored_count(**found)) return ctx.reply.integer(static_cast<int64_t>(*stored));
  const auto counter = HyperLogLog::parse(**found);
  if (!counter) return kCorrupted;
  const uint64_t count = counter->estimate();
  ctx.emit(StringWrite{.key = key, .offset = HyperLogLog::kCountAt, .bytes = HyperLogLog::stored_form(count)});
  return ctx.reply.integer(static_cast<int64_t>(count));
}

// PFCOUNT key [key ...]  →  how many different elements were added to any of them, about
Outcome pfcount(Context& ctx, Args args) {
  if (args.size() == 2) return count_one(ctx, args[1]);
  HyperLogLog::Registers registers{};
  const auto merged = merge_keys(ctx, args.from(1), registers);
  if (!merged.ok()) return merged.status();
  return ctx.reply.integer(static_cast<int64_t>(HyperLogLog::estimate(registers)));
}

// PFMERGE destination [source ...]; what the destination counted stays counted
Outcome pfmerge(Context& ctx, Args args) {
  const View to = args[1];
  HyperLogLog::Registers registers{};
  const auto any_dense = merge_keys(ctx, args.from(1), registers);
  if (!any_dense.ok()) return any_dense.status();
  const auto found = find_counter(ctx, to);
  if (!found.ok()) return found.status();
  HyperLogLog merged = *found ? *HyperLogLog::parse(**found) : HyperLogLog();  // parsed once before
  if (*any_dense) merged.make_dense();
  for (size_t i = 0; i < registers.size(); ++i) {
    if (registers[i] != 0) merged.raise(i, registers[i], sparse_bytes_max(ctx));
  }
  merged.mark_stale();
  if (Status wrong = store(ctx, to, found->value_or(View()), merged.bytes()); !wrong.ok()) return wrong;
  return ctx.reply.ok();
}

Replied reply_registers(ReplySink& reply, const HyperLogLog& counter) {
  HyperLogLog::Registers registers{};
  counter.merge_into(registers);
  reply.array(registers.size());
  for (const uint8_t value : registers) reply.integer(value);
  return {};
}

// PFDEBUG GETREG | DECODE | ENCODING | TODENSE key, which test suites look into one with; GETREG makes it dense, too
Outcome pfdebug(Context& ctx, Args args) {
  const View word = args[1], key = args[2];
  const auto found = find_counter(ctx, key);
  if (found.ok() && !*found) return Status::error("ERR The specified key does not exist");
  if (!found.ok()) return found.status();
  auto counter = HyperLogLog::parse(**found);
  if (!counter) return kCorrupted;
  const bool was_dense = counter->dense();
  if (same_word(word, "ENCODING")) return ctx.reply.simple(was_dense ? "dense" : "sparse");
  if (same_word(word, "DECODE")) {
    if (was_dense) return Status::error("ERR HLL encoding is not sparse");
    return ctx.reply.bulk(counter->opcodes_text());
  }
  const bool shows = same_word(word, "GETREG");
  if (!shows && !same_word(word, "TODENSE")) {
    return Status::error("ERR Unknown PFDEBUG subcommand '" + Bytes(word.substr(0, 128)) + "'");
  }
  counter->make_dense();
  if (!was_dense) {
    if (Status wrong = store(ctx, key, **found, counter->bytes()); !wrong.ok()) return wrong;
  }
  return shows ? reply_registers(ctx.reply, *counter) : ctx.reply.integer(was_dense ? 0 : 1);
}

// PFSELFTEST: dense and sparse agree, and both with the truth as nearly as they should
Outcome pfselftest(Context& ctx, Args) {
  HyperLogLog dense, sparse;
  dense.make_dense();
  const double error = 1.04 / std::sqrt(double{HyperLogLog::kRegisters});
  uint64_t number = ctx.rooms.dice();
  for (int64_t added = 1; added <= 100'000; ++added) {
    const Bytes element = std::to_string(number++);
    dense.add(element, SIZE_MAX);
    sparse.add(element, sparse_bytes_max(ctx));
    const bool looks = (added & (added - 1)) == 0;  // at 1, 2, 4, 8 …
    if (!looks) continue;
    const auto count = static_cast<int64_t>(dense.estimate());
    if (count != static_cast<int64_t>(sparse.estimate())) {
      return Status::error("TESTFAILED dense and sparse disagree at " + std::to_string(added) + " elements");
    }
    const auto allowed = static_cast<int64_t>(std::ceil(error * 6 * static_cast<double>(added)));
    if (std::abs(count - added) > std::max<int64_t>(allowed, 1)) {
      return Status::error("TESTFAILED " + std::to_string(added) + " elements counted as " + std::to_string(count));
    }
  }
  return ctx.reply.ok();
}

constexpr CommandRow kRows[] = {
    // name        arity keys                traits                       handler
    {"PFADD",      -2,   Keys::at(1),        kWrite | kDenyOom | kFast,   pfadd},
    {"PFCOUNT",    -2,   Keys::range(1, -1), kReadOnly | kMayWrite,       pfcount},
    {"PFDEBUG",    3,    Keys::at(2),        kWrite | kDenyOom | kAdmin,  pfdebug},
    {"PFMERGE",    -2,   Keys::range(1, -1), kWrite | kDenyOom,           pfmerge},
    {"PFSELFTEST", 1,    Keys::none(),       kAdmin,                      pfselftest},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kHyperLogLogFamily{"hyperloglog", kRows};

}  // namespace leat
