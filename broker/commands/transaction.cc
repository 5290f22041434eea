// SPDX-License-Identifier: Apache-2.0
// transaction.cc: MULTI and its kin. Queueing is the executor's. https://redis.io/docs/interact/transactions/
#include "broker/commands/executor.h"
#include "broker/commands/families.h"

namespace leat {

namespace {

void leave_multi(Context& ctx) {
  ctx.client.in_multi = ctx.client.multi_failed = false;
  ctx.client.queued.clear();
  ctx.client.queued_bytes = 0;
  ctx.rooms.watches.forget(ctx.client.id);
}

Outcome multi(Context& ctx, Args) {
  if (ctx.client.in_multi) return Status::error("ERR MULTI calls can not be nested");
  ctx.client.in_multi = true;
  return ctx.reply.ok();
}

bool is_there(Context& ctx, DbIndex db, View key) {
  const auto found = ctx.rooms.keyspace.database(db).find(key);
  return found && !ctx.is_due(*found);
}

// What no effect told: that a key's time has come, purged or not, or that another database came with one.
bool came_or_went(Context& ctx, const Watches::Watched& watched) {
  return is_there(ctx, watched.db, watched.key) != watched.there;
}

// EXEC  →  the replies of the queued commands, or null when a watched key changed
Outcome exec(Context& ctx, Args) {
  Client& client = ctx.client;
  if (!client.in_multi) return Status::error("ERR EXEC without MULTI");
  const bool failed = client.multi_failed;
  bool broken = ctx.rooms.watches.broken(client.id);
  for (const Watches::Watched& watched : ctx.rooms.watches.of(client.id)) {
    ctx.rest_on(watched.db, watched.key);
    broken = broken || came_or_went(ctx, watched);
  }
  std::vector<QueuedCommand> queued = std::move(client.queued);
  leave_multi(ctx);
  if (failed) return Status::error("EXECABORT Transaction discarded because of previous errors.");
  if (broken) return ctx.reply.null_array();
  client.queued = std::move(queued);
  ctx.rooms.executor.run_queued(ctx);
  return Replied();
}

Outcome discard(Context& ctx, Args) {
  if (!ctx.client.in_multi) return Status::error("ERR DISCARD without MULTI");
  leave_multi(ctx);
  return ctx.reply.ok();
}

// WATCH key [key ...]
Outcome watch(Context& ctx, Args args) {
  if (ctx.client.in_multi) return Status::error("ERR WATCH inside MULTI is not allowed");
  for (const View key : args.from(1)) {
    ctx.rooms.watches.watch(ctx.client.id, {.db = ctx.db, .key = Bytes(key), .there = is_there(ctx, ctx.db, key)});
  }
  return ctx.reply.ok();
}

Outcome unwatch(Context& ctx, Args) {
  ctx.rooms.watches.forget(ctx.client.id);
  return ctx.reply.ok();
}

constexpr uint32_t kAnyTime = kNoScript | kLoading | kStale | kFast | kBusy | kNoRest;
constexpr CommandRow kRows[] = {
    // name     arity keys                traits                                    handler
    {"DISCARD", 1,    Keys::none(),       kAnyTime | kRunsInMulti,                  discard},
    {"EXEC",    1,    Keys::none(),       kNoScript | kLoading | kStale | kRunsInMulti | kNoSlowLog | kNoRest, exec},
    {"MULTI",   1,    Keys::none(),       kAnyTime | kRunsInMulti,                  multi},
    {"UNWATCH", 1,    Keys::none(),       kAnyTime,                                 unwatch},
    {"WATCH",   -2,   Keys::range(1, -1), kAnyTime | kRunsInMulti,                  watch},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kTransactionFamily{"transactions", kRows};

}  // namespace leat
