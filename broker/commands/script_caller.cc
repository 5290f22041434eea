// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/script_caller.h"

#include "broker/broker.h"
#include "broker/libraries.h"

namespace leat {

ScriptCaller::ScriptCaller(Context& ctx, RunningScript running) : ctx_(ctx), db_(ctx.db), running_(running) {
  running_.started_us = ctx.rooms.time.monotonic_us();
  running_.effects_before = ctx.rooms.batch.effects();
  ctx.rooms.broker.script_killed = false;
  ctx.rooms.executor.running = &running_;
  if (by_rest(ctx) && !ctx.read_only) ctx.rollback = &rollback_;
}

ScriptCaller::~ScriptCaller() {
  ctx_.rollback = nullptr;
  ctx_.rooms.executor.busy = false;
  ctx_.rooms.executor.running = nullptr;
}

Status ScriptCaller::ended(Status ran) {
  if (ran.text().starts_with("ERR not enough memory") || ran.text().find("(script.memory_bytes)") != View::npos) {
    ctx_.rooms.broker.warn_of(ctx_.client, "script_failed", ran.text());
  }
  if (!ran.ok() && ctx_.rollback != nullptr) rollback_.undo(ctx_);
  return ran;
}

void ScriptCaller::call(Args args, ReplySink& reply) { ctx_.rooms.executor.call_nested(ctx_, db_, args, reply); }

void ScriptCaller::returns_error(View text) { ctx_.rooms.executor.errors().script_returns(text); }

bool ScriptCaller::keep_running() {
  BrokerTime& time = ctx_.rooms.time;
  time.advance();  // the script's own time stays frozen in its context
  const int64_t ran_ms = (time.monotonic_us() - running_.started_us) / 1000;
  if (ran_ms < ctx_.rooms.config.busy_reply_threshold_ms) return true;
  if (!ctx_.rooms.executor.busy) {
    const Bytes kill = running_.is_function ? "FUNCTION KILL" : "SCRIPT KILL";
    ctx_.rooms.events.warning(
        "script_slow", {{"ms", ran_ms}, {"advice", "others hear BUSY; " + kill + " ends it if it wrote nothing"}});
  }
  ctx_.rooms.executor.busy = true;
  ctx_.rooms.broker.pump();
  return !ctx_.rooms.broker.script_killed;
}

void ScriptCaller::log(View level, View text) { log_of_script(ctx_.rooms.events, level, text); }

CommandCaller::MayCall ScriptCaller::may_call(Args args) {
  const Command* const command = ctx_.rooms.table.find(args);
  const bool misnamed = command != nullptr && !command->subcommands.empty() && args.size() >= 2;
  if (command == nullptr || misnamed) return MayCall::kUnknown;
  return ctx_.rooms.executor.guard().may_run(ctx_.client, *command, args) ? MayCall::kYes : MayCall::kNo;
}

Status fits_memory(const Context& ctx, const ScriptFlags& flags) {
  if (flags.allow_oom || flags.no_writes || !ctx.rooms.executor.is_full()) return Status::fine();
  if (!ctx.nested) return Status::error("OOM command not allowed when used memory > 'maxmemory'.");
  return Status::error("OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'");
}

Status obey(Context& ctx, const ScriptFlags& flags) {
  if (ctx.read_only && !flags.no_writes && !by_rest(ctx)) {
    return Status::error("ERR Can not execute a script with write flag using *_ro command.");
  }
  ctx.read_only = ctx.read_only || flags.no_writes;
  ctx.allow_oom = flags.allow_oom;
  return Status::fine();
}

Outcome kill_script(Context& ctx, bool is_function) {
  const Executor& executor = ctx.rooms.executor;
  if (!executor.busy) return Status::error("NOTBUSY No scripts in execution right now.");
  if (ctx.rooms.batch.effects() != executor.running->effects_before) {
    return Status::error(
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either "
        "wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.");
  }
  if (executor.running->is_function != is_function) return executor.busy_error();
  ctx.rooms.broker.script_killed = true;
  return ctx.reply.ok();
}

}  // namespace leat
