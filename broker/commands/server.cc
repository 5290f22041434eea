// SPDX-License-Identifier: Apache-2.0
// server.cc: what concerns the whole broker. https://redis.io/docs/latest/commands/?group=server
#include "broker/commands/server_commands.h"

#include "broker/broker.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"

namespace leat {

namespace {

// DBSIZE
Outcome dbsize(Context& ctx, Args) {
  ctx.rest_on_everything();
  return ctx.reply.integer(static_cast<int64_t>(ctx.database().size()));
}

// ASYNC and SYNC are one here: a flush moves a pointer, and slices free what it left.
Status check_flush_mode(Args args) {
  if (args.size() == 1 || (args.size() == 2 && (same_word(args[1], "ASYNC") || same_word(args[1], "SYNC")))) {
    return Status::fine();
  }
  return kSyntaxError;
}

// Who keeps copies hears of a flush also when nothing was there to go: it may keep that there is nothing.
void begin_flush(Context& ctx) {
  ctx.rest_on_everything();
  if (ctx.rooms.tracking.any()) ctx.rooms.tracking.touch_everything();
}

// FLUSHDB [ASYNC | SYNC]
Outcome flushdb(Context& ctx, Args args) {
  if (const Status mode = check_flush_mode(args); !mode.ok()) return mode;
  begin_flush(ctx);
  if (ctx.database().size() > 0) ctx.emit(DatabaseFlush{});
  return ctx.reply.ok();
}

// FLUSHALL [ASYNC | SYNC]: who came in by a token knows one database
Outcome flushall(Context& ctx, Args args) {
  if (ctx.client.token != nullptr) return flushdb(ctx, args);
  if (const Status mode = check_flush_mode(args); !mode.ok()) return mode;
  begin_flush(ctx);
  for (DbIndex db = 0; db < kDatabases; ++db) {
    if (ctx.rooms.keyspace.database(db).size() > 0) ctx.emit_in(db, DatabaseFlush{});
  }
  return ctx.reply.ok();
}

// SWAPDB index1 index2
Outcome swapdb(Context& ctx, Args args) {
  const auto number_of = [](View text, const char* error) -> Result<int64_t> {
    const auto value = parse_integer(text);
    if (!value || *value < INT32_MIN || *value > INT32_MAX) return Status::error(error);
    return *value;
  };
  const auto first = number_of(args[1], "ERR invalid first DB index");
  if (!first.ok()) return first.status();
  const auto second = number_of(args[2], "ERR invalid second DB index");
  if (!second.ok()) return second.status();
  const auto known = [](int64_t db) { return db >= 0 && db < kDatabases; };
  if (!known(*first) || !known(*second)) return Status::error("ERR DB index is out of range");
  if (*first != *second)
    ctx.emit_in(static_cast<DbIndex>(*first), DatabaseSwap{.other = static_cast<DbIndex>(*second)});
  return ctx.reply.ok();
}

// TIME  →  [seconds, microseconds] of broker time
Outcome time(Context& ctx, Args) {
  ctx.reply.array(2);
  ctx.reply.bulk(integer_text(ctx.now_us / 1000000));
  return ctx.reply.bulk(integer_text(ctx.now_us % 1000000));
}

// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]: no answer but the closing of the connection
Outcome shutdown(Context& ctx, Args args) {
  bool nosave = false, save = false, abort = false;
  for (const View word : args.from(1)) {
    if (same_word(word, "NOSAVE")) nosave = true;
    else if (same_word(word, "SAVE")) save = true;
    else if (same_word(word, "ABORT")) abort = true;
    else if (!same_word(word, "NOW") && !same_word(word, "FORCE")) return kSyntaxError;
  }
  if ((nosave && save) || (abort && args.size() > 2)) return kSyntaxError;
  if (abort) return Status::error("ERR No shutdown in progress.");
  const bool script_runs = ctx.rooms.executor.busy;
  if (script_runs && !nosave) {
    return ctx.rooms.executor.busy_error();
  }
  ctx.rooms.events.info("stopping", {{"command", "SHUTDOWN"}, {"client", ctx.client.id}});
  ctx.rooms.broker.stop(save ? Broker::Save::kYes : nosave ? Broker::Save::kNo : Broker::Save::kAsConfigured);
  return Replied();
}

// Snapshots. What was answered is on disk already; they keep the log short and the next start quick.

Status check_no_save(Context& ctx) {
  if (ctx.rooms.broker.snapshots().under_way()) return Status::error("ERR Background save already in progress");
  return Status::fine();
}

// BGSAVE [SCHEDULE]
Outcome bgsave(Context& ctx, Args args) {
  if (args.size() > 2 || (args.size() == 2 && !same_word(args[1], "SCHEDULE"))) return kSyntaxError;
  if (const Status idle = check_no_save(ctx); !idle.ok()) return idle;
  ctx.rooms.broker.snapshots().ask();
  return ctx.reply.simple("Background saving started");
}

// SAVE: nobody else is served until it is done, as in Redis
Outcome save(Context& ctx, Args) {
  if (const Status idle = check_no_save(ctx); !idle.ok()) return idle;
  if (const Status saved = ctx.rooms.broker.save(); !saved.ok()) return Status::error("ERR " + Bytes(saved.text()));
  return ctx.reply.ok();
}

// LASTSAVE  →  seconds of the wall clock
Outcome lastsave(Context& ctx, Args) {
  return ctx.reply.integer(ctx.rooms.broker.snapshots().figures(ctx.rooms.batch.effects()).last_save_ms / 1000);
}

// BGREWRITEAOF: what shortens leat's log is a snapshot
Outcome bgrewriteaof(Context& ctx, Args) {
  const bool later = ctx.rooms.broker.snapshots().under_way();
  ctx.rooms.broker.snapshots().ask();
  return ctx.reply.simple(later ? "Background append only file rewriting scheduled"
                                : "Background append only file rewriting started");
}

constexpr uint32_t kTells = kLoading | kStale;
constexpr CommandRow kRows[] = {
    // name                      arity keys          traits                          handler
    {"BGREWRITEAOF",             1,    Keys::none(), kAdmin | kNoScript,             bgrewriteaof},
    {"BGSAVE",                   -1,   Keys::none(), kAdmin | kNoScript,             bgsave},
    {"COMMAND",                  -1,   Keys::none(), kTells | kContainer,            command_all},
    {"COMMAND|COUNT",            2,    Keys::none(), kTells,                         command_count},
    {"COMMAND|DOCS",             -2,   Keys::none(), kTells,                         command_docs},
    {"COMMAND|GETKEYS",          -3,   Keys::none(), kTells,                         command_getkeys},
    {"COMMAND|GETKEYSANDFLAGS",  -3,   Keys::none(), kTells,                         command_getkeysandflags},
    {"COMMAND|HELP",             2,    Keys::none(), kTells,                         subcommand_help},
    {"COMMAND|INFO",             -2,   Keys::none(), kTells,                         command_info},
    {"COMMAND|LIST",             -2,   Keys::none(), kTells,                         command_list},
    {"CONFIG",                   -2,   Keys::none(), kContainer,                     config_container},
    {"CONFIG|GET",               -3,   Keys::none(), kTells | kAdmin | kNoScript,    config_get},
    {"CONFIG|HELP",              2,    Keys::none(), kTells,                         subcommand_help},
    {"CONFIG|RESETSTAT",         2,    Keys::none(), kTells | kAdmin | kNoScript,    config_resetstat},
    {"CONFIG|REWRITE",           2,    Keys::none(), kTells | kAdmin | kNoScript,    config_rewrite},
    {"CONFIG|SET",               -4,   Keys::none(), kTells | kAdmin | kNoScript,    config_set},
    {"DBSIZE",                   1,    Keys::none(), kReadOnly | kFast,              dbsize},
    {"FLUSHALL",                 -1,   Keys::none(), kWrite,                         flushall},
    {"FLUSHDB",                  -1,   Keys::none(), kWrite,                         flushdb},
    {"INFO",                     -1,   Keys::none(), kTells,                         info},
    {"LASTSAVE",                 1,    Keys::none(), kTells | kFast,                 lastsave},
    {"SAVE",                     1,    Keys::none(), kAdmin | kNoScript | kNoMulti,  save},
    {"SHUTDOWN",                 -1,   Keys::none(), kTells | kAdmin | kNoScript | kNoMulti | kBusy, shutdown},
    {"SWAPDB",                   3,    Keys::none(), kWrite | kFast,                 swapdb},
    {"TIME",                     1,    Keys::none(), kTells | kFast,                 time},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kServerFamily{"server", kRows};

}  // namespace leat
