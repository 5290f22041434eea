// SPDX-License-Identifier: Apache-2.0
// replication.cc: what concerns replicas, of which there are none yet, and WAITAOF, which asks the disk alone.
// https://redis.io/docs/latest/commands/wait/ and …/waitaof/
#include "broker/broker.h"
#include "broker/commands/families.h"
#include "broker/commands/parse.h"

namespace leat {

namespace {

Result<TimeMs> wait_ms_of(View text) {
  const auto ms = parse_integer(text);
  if (!ms || *ms > INT64_MAX / 2) return Status::error("ERR timeout is not an integer or out of range");
  if (*ms < 0) return Status::error("ERR timeout is negative");
  return *ms;
}

// Nothing touches it: it ends with its time, or with CLIENT UNBLOCK, and then the handler answers.
Wait until_time_is_up(const Context& ctx, TimeMs timeout_ms) {
  return {.keys = {}, .deadline_ms = ctx.deadline_ms(timeout_ms), .on_timeout = OnTimeout::kHandler};
}

// WAIT numreplicas timeout  →  how many replicas have the caller's writes: none
Outcome wait(Context& ctx, Args args) {
  const auto replicas = integer_of(args[1]);
  if (!replicas.ok()) return replicas.status();
  const auto timeout_ms = wait_ms_of(args[2]);
  if (!timeout_ms.ok()) return timeout_ms.status();
  if (*replicas > 0 && !ctx.nested && !ctx.time_is_up) return until_time_is_up(ctx, *timeout_ms);
  return ctx.reply.integer(0);
}

// WAITAOF numlocal numreplicas timeout  →  [1 once the caller's writes are synced, 0 replicas]. It asks for the sync,
// whatever the caller's durability is. When the time is up it says how far the disk is, and that rests on nothing: only
// replies before it may keep it waiting. Where it cannot wait the answer itself is held until the disk has come so far
// (MULTI), or is how far it has (a script, which could act on it).
Outcome waitaof(Context& ctx, Args args) {
  const auto local = integer_of(args[1]);
  if (!local.ok()) return local.status();
  if (*local < 0 || *local > 1) return Status::error("ERR value is out of range, value must between 0 and 1");
  const auto replicas = integer_of(args[2]);
  if (!replicas.ok()) return replicas.status();
  if (*replicas < 0) return kMustBePositive;
  const auto timeout_ms = wait_ms_of(args[3]);
  if (!timeout_ms.ok()) return timeout_ms.status();
  const Index last = ctx.resumed == nullptr ? ctx.rooms.batch.last_index() : ctx.resumed->resolved[0].ms;
  bool synced = ctx.rooms.broker.log()->synced() >= last;
  if (!ctx.nested && !ctx.time_is_up && ((*local > 0 && !synced) || *replicas > 0)) {
    Wait wait = until_time_is_up(ctx, *timeout_ms);
    if (*local > 0 && !synced) wait.synced = last;
    wait.resolved = {{last, 0}};
    return wait;
  }
  if (ctx.nested && !ctx.in_script && *local > 0) {
    ctx.footing.join({.index = last, .level = DurabilityMode::kAlways});
    synced = true;
  }
  ctx.reply.array(2);
  ctx.reply.integer(synced ? 1 : 0);
  return ctx.reply.integer(0);
}

// ROLE  →  master, how far the log is, and no replicas
Outcome role(Context& ctx, Args) {
  const wal::Log* const log = ctx.rooms.broker.log();
  ctx.reply.array(3);
  ctx.reply.bulk("master");
  ctx.reply.integer(log == nullptr ? 0 : static_cast<int64_t>(log->committed()));
  return ctx.reply.array(0);
}

// FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]: there is nobody to take over
Outcome failover(Context&, Args args) {
  if (args.size() == 2 && same_word(args[1], "ABORT")) return Status::error("ERR No failover in progress.");
  bool to = false, timeout = false, force = false;
  for (size_t i = 1; i < args.size(); ++i) {
    const bool has_value = i + 1 < args.size();
    if (same_word(args[i], "TIMEOUT") && has_value && !timeout) {
      const auto ms = integer_of(args[++i]);
      if (!ms.ok()) return ms.status();
      if (*ms <= 0) return Status::error("ERR FAILOVER timeout must be greater than 0");
      timeout = true;
    } else if (same_word(args[i], "TO") && i + 2 < args.size() && !to) {
      if (const auto port = integer_of(args[i + 2]); !port.ok()) return port.status();
      i += 2;
      to = true;
    } else if (same_word(args[i], "FORCE") && !force) {
      force = true;
    } else {
      return kSyntaxError;
    }
  }
  return Status::error("ERR FAILOVER requires connected replicas.");
}

// REPLICAOF host port | NO ONE
Outcome replicaof(Context& ctx, Args args) {
  if (same_word(args[1], "NO") && same_word(args[2], "ONE")) return ctx.reply.ok();
  const auto port = parse_integer(args[2]);
  if (!port || *port < 0 || *port > 65535) return Status::error("ERR Invalid master port");
  return Status::error("ERR leat does not replicate yet: it cannot become a replica of another server");
}

constexpr uint32_t kChangesRole = kAdmin | kNoScript | kStale;
constexpr CommandRow kRows[] = {
    // name       arity keys          traits                                  handler
    {"FAILOVER",   -1,  Keys::none(), kChangesRole,                           failover},
    {"REPLICAOF",  3,   Keys::none(), kChangesRole,                           replicaof},
    {"ROLE",       1,   Keys::none(), kNoScript | kLoading | kStale | kFast,  role},
    {"SLAVEOF",    3,   Keys::none(), kChangesRole,                           replicaof},
    {"WAIT",       3,   Keys::none(), kBlocks,                                wait},
    {"WAITAOF",    4,   Keys::none(), kBlocks,                                waitaof},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kReplicationFamily{"replication", kRows};

}  // namespace leat
