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

// A watched key that was there and whose time has come counts as changed, whether or not it was purged yet.
bool watched_key_expired(Context& ctx) {
  for (const Watches::Watched& watched : ctx.rooms.watches.of(ctx.client.id)) {
    const auto found = ctx.rooms.keyspace.database(watched.db).find(watched.key);
    if (found && ctx.is_due(*found) && !watched.was_due) return true;
  }
  return false;
}

// EXEC  →  the replies of the queued commands, or null when a watched key changed
Outcome exec(Context& ctx, Args) {
  Client& client = ctx.client;
  if (!client.in_multi) return Status::error("ERR EXEC without MULTI");
  const bool failed = client.multi_failed;
  const bool broken = ctx.rooms.watches.broken(client.id) || watched_key_expired(ctx);
  for (const Watches::Watched& watched : ctx.rooms.watches.of(client.id)) {
    ctx.rest_on(watched.db, watched.key);
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
    const auto found = ctx.rooms.keyspace.database(ctx.db).find(key);
    const bool was_due = found && ctx.is_due(*found);
    ctx.rooms.watches.watch(ctx.client.id, ctx.db, key, was_due);
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
