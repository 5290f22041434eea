// SPDX-License-Identifier: Apache-2.0
// script.cc: EVAL and its kin. The Lua state is in script/; here is what a script may ask of the house.
// https://redis.io/docs/interact/programmability/eval-intro/
#include "broker/broker.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"

namespace leat {

namespace {

// The executor, as a running script sees it.
class ScriptCaller final : public CommandCaller {
 public:
  explicit ScriptCaller(Context& ctx)
      : ctx_(ctx), db_(ctx.db), effects_before_(ctx.rooms.batch.effects()), started_us_(ctx.rooms.time.monotonic_us()) {
    ctx_.rooms.broker.script_killed = false;
  }
  ~ScriptCaller() override {
    ctx_.rooms.executor.busy = false;
    ctx_.rooms.broker.may_kill_script = false;
  }

  void call(Args args, ReplySink& reply) override { ctx_.rooms.executor.call_nested(ctx_, db_, args, reply); }

  void set_protocol(int) override {}  // its replies are shaped by the sink that it passes

  bool keep_running() override {
    BrokerTime& time = ctx_.rooms.time;
    time.advance();  // the script's own time stays frozen in its context
    if (time.monotonic_us() - started_us_ < ctx_.rooms.config.busy_reply_threshold_ms * 1000) return true;
    if (!ctx_.rooms.executor.busy) {
      ctx_.rooms.events.warning("script_slow", {{"ms", (time.monotonic_us() - started_us_) / 1000},
                                                {"advice", "others hear BUSY; SCRIPT KILL ends it if it wrote nothing"}});
    }
    ctx_.rooms.executor.busy = true;
    ctx_.rooms.broker.may_kill_script = ctx_.rooms.batch.effects() == effects_before_;
    ctx_.rooms.broker.pump();
    return !ctx_.rooms.broker.script_killed;
  }

  void log(View level, View text) override {
    if (level == "warning") ctx_.rooms.events.warning("script_log", {{"text", text}});
    else if (level == "notice") ctx_.rooms.events.info("script_log", {{"text", text}});
    else ctx_.rooms.events.debug("script_log", {{"text", text}});
  }

 private:
  Context& ctx_;
  DbIndex db_;  // the script's own SELECT
  const uint64_t effects_before_;
  const int64_t started_us_;
};

struct KeysAndArgs {
  Views keys, args;
};

// numkeys key [key ...] [arg ...], from word 2
Result<KeysAndArgs> split_arguments(Args args) {
  const auto count = integer_of(args[2]);
  if (!count.ok()) return count.status();
  if (*count > static_cast<int64_t>(args.size()) - 3) {
    return Status::error("ERR Number of keys can't be greater than number of args");
  }
  if (*count < 0) return Status::error("ERR Number of keys can't be negative");
  const auto keys = static_cast<size_t>(*count);
  return KeysAndArgs{args.slice(3, 3 + keys), args.from(3 + keys)};
}

Outcome run(Context& ctx, View sha, const KeysAndArgs& given, bool read_only) {
  if (const auto flags = ctx.rooms.scripts.flags(sha); flags && flags->declared) {
    if (read_only && !flags->no_writes) {
      return Status::error("ERR Can not execute a script with write flag using *_ro command.");
    }
    read_only = flags->no_writes;
  }
  ctx.read_only = read_only;
  ScriptCaller caller(ctx);
  const ScriptCall call{.keys = given.keys, .args = given.args, .read_only = read_only};
  Status ran = ctx.rooms.scripts.run(sha, call, caller, ctx.reply);
  if (!ran.ok()) return ran;
  return Replied();
}

// EVAL script numkeys [key ...] [arg ...]
template <bool kReadOnlyScript>
Outcome eval(Context& ctx, Args args) {
  const auto given = split_arguments(args);
  if (!given.ok()) return given.status();
  const auto sha = ctx.rooms.scripts.load(args[1]);
  if (!sha.ok()) return sha.status();
  return run(ctx, *sha, *given, kReadOnlyScript);
}

// EVALSHA sha1 numkeys [key ...] [arg ...]
template <bool kReadOnlyScript>
Outcome evalsha(Context& ctx, Args args) {
  constexpr size_t kShaDigits = 40;
  if (args[1].size() != kShaDigits) return Status::error("NOSCRIPT No matching script. Please use EVAL.");
  const auto given = split_arguments(args);
  if (!given.ok()) return given.status();
  return run(ctx, args[1], *given, kReadOnlyScript);
}

Outcome script(Context& ctx, Args) { return arity_error(ctx.command); }

// SCRIPT LOAD script  →  its SHA-1
Outcome script_load(Context& ctx, Args args) {
  const auto sha = ctx.rooms.scripts.load(args[2]);
  if (!sha.ok()) return sha.status();
  return ctx.reply.bulk(*sha);
}

// SCRIPT EXISTS sha1 [sha1 ...]
Outcome script_exists(Context& ctx, Args args) {
  ctx.reply.array(args.size() - 2);
  for (const View sha : args.from(2)) ctx.reply.integer(ctx.rooms.scripts.knows(sha));
  return Replied();
}

// SCRIPT FLUSH [ASYNC | SYNC]
Outcome script_flush(Context& ctx, Args args) {
  const bool fits = args.size() == 2 || (args.size() == 3 && (same_word(args[2], "ASYNC") || same_word(args[2], "SYNC")));
  if (!fits) return Status::error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
  ctx.rooms.scripts.flush();
  return ctx.reply.ok();
}

// SCRIPT KILL: of a script that is slow and wrote nothing
Outcome script_kill(Context& ctx, Args) {
  if (!ctx.rooms.executor.busy) return Status::error("NOTBUSY No scripts in execution right now.");
  if (!ctx.rooms.broker.may_kill_script) {
    return Status::error("UNKILLABLE Sorry the script already executed write commands against the dataset. You can either "
                         "wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.");
  }
  ctx.rooms.broker.script_killed = true;
  return ctx.reply.ok();
}

// SCRIPT DEBUG: there is no debugger here
Outcome script_debug(Context& ctx, Args args) {
  if (same_word(args[2], "NO")) return ctx.reply.ok();
  return Status::error("ERR leat has no script debugger; SCRIPT DEBUG NO is the only mode");
}

constexpr uint32_t kEval = kNoScript | kMovableKeys;
constexpr CommandRow kRows[] = {
    // name           arity keys              traits             handler
    {"EVAL",          -3,   Keys::counted(2), kEval,             eval<false>},
    {"EVALSHA",       -3,   Keys::counted(2), kEval,             evalsha<false>},
    {"EVALSHA_RO",    -3,   Keys::counted(2), kEval | kReadOnly, evalsha<true>},
    {"EVAL_RO",       -3,   Keys::counted(2), kEval | kReadOnly, eval<true>},
    {"SCRIPT",        -2,   Keys::none(),     kContainer,        script},
    {"SCRIPT|DEBUG",  3,    Keys::none(),     kNoScript,         script_debug},
    {"SCRIPT|EXISTS", -3,   Keys::none(),     kNoScript,         script_exists},
    {"SCRIPT|FLUSH",  -2,   Keys::none(),     kNoScript,         script_flush},
    {"SCRIPT|HELP",   2,    Keys::none(),     kLoading | kStale, subcommand_help},
    {"SCRIPT|KILL",   2,    Keys::none(),     kNoScript | kBusy, script_kill},
    {"SCRIPT|LOAD",   3,    Keys::none(),     kNoScript | kStale, script_load},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kScriptFamily{"scripting", kRows};

}  // namespace leat
