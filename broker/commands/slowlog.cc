// SPDX-License-Identifier: Apache-2.0
// slowlog.cc: SLOWLOG: what took long (slow_log.h). https://redis.io/docs/latest/commands/slowlog/
#include "broker/commands/executor.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"

namespace leat {

namespace {

Outcome slowlog(Context& ctx, Args) { return arity_error(ctx.command); }

// SLOWLOG GET [count]  →  the newest first; -1: all of them
Outcome slowlog_get(Context& ctx, Args args) {
  if (args.size() > 3) return subcommand_error(args);
  int64_t count = 10;
  if (args.size() == 3) {
    const auto given = parse_integer(args[2]);
    if (!given || *given < -1) return Status::error("ERR count should be greater than or equal to -1");
    count = *given;
  }
  ctx.rest_on_everything();  // of a request that is shown, too
  const auto& entries = ctx.rooms.slow_log.entries();
  const size_t shown = count < 0 ? entries.size() : std::min(entries.size(), static_cast<size_t>(count));
  ctx.reply.array(shown);
  for (size_t i = 0; i < shown; ++i) {
    const SlowLog::Entry& entry = entries[i];
    ctx.reply.array(6);
    ctx.reply.integer(static_cast<int64_t>(entry.id));
    ctx.reply.integer(entry.at_s);
    ctx.reply.integer(entry.took_us);
    ctx.reply.array(entry.words.size());
    for (const Bytes& word : entry.words) ctx.reply.bulk(word);
    ctx.reply.bulk(entry.address);
    ctx.reply.bulk(entry.name);
  }
  return Replied();
}

Outcome slowlog_len(Context& ctx, Args) {
  return ctx.reply.integer(static_cast<int64_t>(ctx.rooms.slow_log.entries().size()));
}

Outcome slowlog_reset(Context& ctx, Args) {
  ctx.rooms.slow_log.reset();
  return ctx.reply.ok();
}

constexpr uint32_t kTells = kAdmin | kLoading | kStale;
constexpr CommandRow kRows[] = {
    // name          arity keys          traits             handler
    {"SLOWLOG",       -2,  Keys::none(), kContainer,        slowlog},
    {"SLOWLOG|GET",   -2,  Keys::none(), kTells,            slowlog_get},
    {"SLOWLOG|HELP",  2,   Keys::none(), kLoading | kStale, subcommand_help},
    {"SLOWLOG|LEN",   2,   Keys::none(), kTells,            slowlog_len},
    {"SLOWLOG|RESET", 2,   Keys::none(), kTells,            slowlog_reset},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kSlowLogFamily{"server", kRows};

}  // namespace leat
