// SPDX-License-Identifier: Apache-2.0
// script.cc: EVAL and its kin. The Lua state is in script/; here is what a script may ask of the house.
// https://redis.io/docs/interact/programmability/eval-intro/
#include "broker/broker.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"
#include "broker/commands/script_caller.h"

namespace leat {

namespace {

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

Outcome run(Context& ctx, View sha, const KeysAndArgs& given, Args args, bool read_only) {
  ctx.read_only = read_only;
  if (const auto flags = ctx.rooms.scripts.flags(sha); flags && flags->declared) {
    if (const Status full = fits_memory(ctx, *flags); !full.ok()) return full;
    if (const Status obeyed = obey(ctx, *flags); !obeyed.ok()) return obeyed;
  }
  ScriptCaller caller(ctx, {.is_function = false, .name = sha, .words = args});
  const ScriptCall call{.keys = given.keys, .args = given.args, .read_only = ctx.read_only};
  if (Status ran = caller.ended(ctx.rooms.scripts.run(sha, call, caller, ctx.reply)); !ran.ok()) return ran;
  return Replied();
}

// EVAL script numkeys [key ...] [arg ...]
template <bool kReadOnlyScript>
Outcome eval(Context& ctx, Args args) {
  const auto given = split_arguments(args);
  if (!given.ok()) return given.status();
  const auto sha = ctx.rooms.scripts.load(args[1], ScriptHost::Keep::kWhileUsed);
  if (!sha.ok()) return sha.status();
  return run(ctx, *sha, *given, args, kReadOnlyScript);
}

// EVALSHA sha1 numkeys [key ...] [arg ...]
template <bool kReadOnlyScript>
Outcome evalsha(Context& ctx, Args args) {
  constexpr size_t kShaDigits = 40;
  if (args[1].size() != kShaDigits) return Status::error("NOSCRIPT No matching script. Please use EVAL.");
  const auto given = split_arguments(args);
  if (!given.ok()) return given.status();
  return run(ctx, args[1], *given, args, kReadOnlyScript);
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
  const bool fits =
      args.size() == 2 || (args.size() == 3 && (same_word(args[2], "ASYNC") || same_word(args[2], "SYNC")));
  if (!fits) return Status::error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
  ctx.rooms.scripts.flush();
  return ctx.reply.ok();
}

// SCRIPT KILL: of a script that is slow and wrote nothing
Outcome script_kill(Context& ctx, Args) { return kill_script(ctx, false); }

// SCRIPT DEBUG: there is no debugger here
Outcome script_debug(Context& ctx, Args args) {
  if (same_word(args[2], "NO")) return ctx.reply.ok();
  return Status::error("ERR leat has no script debugger; SCRIPT DEBUG NO is the only mode");
}

constexpr uint32_t kEval = kNoScript | kStale | kMovableKeys | kRunsScript;
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
