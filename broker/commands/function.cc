// SPDX-License-Identifier: Apache-2.0
// function.cc: libraries of functions, and calls of them. The Lua state is in script/, the texts are in the keyspace.
// https://redis.io/docs/latest/develop/interact/programmability/functions-intro/
#include <algorithm>
#include <map>
#include <set>

#include "broker/broker.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"
#include "broker/commands/script_caller.h"
#include "broker/libraries.h"
#include "broker/rdb/libraries.h"

namespace leat {

namespace {

using LibraryPointer = std::shared_ptr<const Library>;

Status library_exists(View name) { return Status::error("ERR Library '" + Bytes(name) + "' already exists"); }
Status function_exists(View name) { return Status::error("ERR Function " + Bytes(name) + " already exists"); }

Result<LibraryPointer> read(Context& ctx, View text) {
  LibraryWatch watch(ctx.rooms.time, ctx.rooms.events, LibraryWatch::kLoadMsMax);
  auto library = ctx.rooms.functions.read(text, watch);
  ctx.rooms.time.advance();
  return library;
}

void put(Context& ctx, const LibraryPointer& library) {
  ctx.emit_in(0, LibrarySet{.library = library->name, .code = library->code});
  ctx.rooms.functions.put(library);
}

// FUNCTION LOAD [REPLACE] code  →  the library's name
Outcome function_load(Context& ctx, Args args) {
  const Views options = args.slice(2, args.size() - 1);
  for (const View option : options) {
    if (!same_word(option, "REPLACE")) return Status::error("ERR Unknown option given: " + Bytes(option));
  }
  ctx.rest_on_libraries();
  FunctionHost& functions = ctx.rooms.functions;
  const auto source = read_library(args.back());
  if (!source.ok()) return source.status();
  if (options.empty() && functions.libraries().contains(source->name)) return library_exists(source->name);
  const auto library = read(ctx, args.back());
  if (!library.ok()) return library.status();
  const auto& old = functions.libraries().find(source->name);
  for (const LibraryFunction& function : (*library)->functions) {
    const LibraryFunction* const other = functions.find(function.name);
    if (other == nullptr) continue;
    const bool replaced = old != functions.libraries().end() && other >= old->second->functions.data() &&
                          other < old->second->functions.data() + old->second->functions.size();
    if (!replaced) return function_exists(function.name);
  }
  put(ctx, *library);
  return ctx.reply.bulk(source->name);
}

// FUNCTION DELETE library
Outcome function_delete(Context& ctx, Args args) {
  ctx.rest_on_libraries();
  if (!ctx.rooms.functions.libraries().contains(args[2])) return Status::error("ERR Library not found");
  ctx.emit_in(0, LibraryDelete{.library = args[2]});
  ctx.rooms.functions.drop(args[2]);
  return ctx.reply.ok();
}

void emit_flush(Context& ctx) {
  if (!ctx.rooms.functions.libraries().empty()) ctx.emit_in(0, LibrariesFlush{});
}

// FUNCTION FLUSH [ASYNC | SYNC]
Outcome function_flush(Context& ctx, Args args) {
  if (args.size() > 3) return subcommand_error(args);
  if (args.size() == 3 && !same_word(args[2], "ASYNC") && !same_word(args[2], "SYNC")) {
    return Status::error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  }
  ctx.rest_on_libraries();
  emit_flush(ctx);
  ctx.rooms.functions.flush();
  return ctx.reply.ok();
}

void tell_function(ReplySink& reply, const LibraryFunction& function) {
  reply.map(3);
  reply.bulk("name");
  reply.bulk(function.name);
  reply.bulk("description");
  if (function.description) reply.bulk(*function.description);
  else reply.null();
  reply.bulk("flags");
  const std::vector<View> flags = names_of(function.flags);
  reply.set(flags.size());
  for (const View flag : flags) reply.simple(flag);
}

void tell_library(ReplySink& reply, const Library& library, bool with_code) {
  reply.map(with_code ? 4 : 3);
  reply.bulk("library_name");
  reply.bulk(library.name);
  reply.bulk("engine");
  reply.bulk("LUA");
  reply.bulk("functions");
  reply.array(library.functions.size());
  for (const LibraryFunction& function : library.functions) tell_function(reply, function);
  if (!with_code) return;
  reply.bulk("library_code");
  reply.bulk(library.code);
}

// FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]
Outcome function_list(Context& ctx, Args args) {
  std::optional<View> pattern;
  bool with_code = false;
  for (size_t at = 2; at < args.size(); ++at) {
    if (!with_code && same_word(args[at], "WITHCODE")) {
      with_code = true;
    } else if (!pattern && same_word(args[at], "LIBRARYNAME")) {
      if (++at == args.size()) return Status::error("ERR library name argument was not given");
      pattern = args[at];
    } else {
      return Status::error("ERR Unknown argument " + Bytes(args[at]));
    }
  }
  ctx.rest_on_libraries();
  std::vector<const Library*> listed;
  for (const auto& [name, library] : ctx.rooms.functions.libraries()) {
    if (!pattern || glob_match(*pattern, name, true)) listed.push_back(library.get());
  }
  ctx.reply.array(listed.size());
  for (const Library* library : listed) tell_library(ctx.reply, *library, with_code);
  return Replied();
}

void tell_running(Context& ctx, const RunningScript& running) {
  ctx.reply.map(3);
  ctx.reply.bulk("name");
  ctx.reply.bulk(running.name);
  ctx.reply.bulk("command");
  ctx.reply.array(running.words.size());
  for (const View word : running.words.all()) ctx.reply.bulk(word);
  ctx.reply.bulk("duration_ms");
  ctx.reply.integer((ctx.rooms.time.monotonic_us() - running.started_us) / 1000);
}

// FUNCTION STATS
Outcome function_stats(Context& ctx, Args) {
  const RunningScript* const running = ctx.rooms.executor.running;
  if (running != nullptr && !running->is_function) return ctx.rooms.executor.busy_error();
  ctx.rest_on_libraries();
  ctx.reply.map(2);
  ctx.reply.bulk("running_script");
  if (running == nullptr) ctx.reply.null();
  else tell_running(ctx, *running);
  ctx.reply.bulk("engines");
  ctx.reply.map(1);
  ctx.reply.bulk("LUA");
  ctx.reply.map(2);
  ctx.reply.bulk("libraries_count");
  ctx.reply.integer(static_cast<int64_t>(ctx.rooms.functions.libraries().size()));
  ctx.reply.bulk("functions_count");
  ctx.reply.integer(static_cast<int64_t>(ctx.rooms.functions.functions()));
  return Replied();
}

// FUNCTION KILL: of a function that is slow and wrote nothing
Outcome function_kill(Context& ctx, Args) { return kill_script(ctx, true); }

// FUNCTION DUMP  →  all libraries, as RESTORE reads them
Outcome function_dump(Context& ctx, Args) {
  ctx.rest_on_libraries();
  std::vector<View> codes;
  for (const auto& [name, library] : ctx.rooms.functions.libraries()) codes.push_back(library->code);
  return ctx.reply.bulk(rdb::dump_libraries(codes));
}

enum class Restore : uint8_t { kFlush, kAppend, kReplace };

std::optional<Restore> restore_policy(Args args) {
  if (args.size() == 3 || same_word(args[3], "APPEND")) return Restore::kAppend;
  if (same_word(args[3], "FLUSH")) return Restore::kFlush;
  if (same_word(args[3], "REPLACE")) return Restore::kReplace;
  return std::nullopt;
}

// What was dumped, run: each whole, and no name twice.
Result<std::vector<LibraryPointer>> read_all(Context& ctx, View payload) {
  const auto texts = rdb::read_libraries(payload);
  if (!texts.ok()) return texts.status();
  std::vector<LibraryPointer> libraries;
  std::map<Bytes, const Library*> functions;
  for (const Bytes& text : *texts) {
    const auto library = read(ctx, text);
    if (!library.ok()) return library.status();
    const auto same = [&](const LibraryPointer& other) { return other->name == (*library)->name; };
    if (std::any_of(libraries.begin(), libraries.end(), same)) return library_exists((*library)->name);
    for (const LibraryFunction& function : (*library)->functions) {
      const auto taken = functions.emplace(lower(function.name), library->get()).first;
      if (taken->second != library->get()) return function_exists(function.name);
    }
    libraries.push_back(*library);
  }
  return libraries;
}

// Whether all of them fit beside what stays.
Status fit(const FunctionHost& functions, const std::vector<LibraryPointer>& restored, Restore policy) {
  if (policy == Restore::kFlush) return Status::fine();
  FunctionHost::Libraries staying = functions.libraries();
  for (const LibraryPointer& library : restored) {
    if (staying.erase(library->name) == 0 || policy == Restore::kReplace) continue;
    return Status::error("ERR Library " + library->name + " already exists");
  }
  std::set<Bytes> taken;
  for (const auto& [name, library] : staying) {
    for (const LibraryFunction& function : library->functions) taken.insert(lower(function.name));
  }
  for (const LibraryPointer& library : restored) {
    for (const LibraryFunction& function : library->functions) {
      if (taken.contains(lower(function.name))) return function_exists(function.name);
    }
  }
  return Status::fine();
}

// FUNCTION RESTORE payload [FLUSH | APPEND | REPLACE]: all of it or nothing
Outcome function_restore(Context& ctx, Args args) {
  if (args.size() > 4) return subcommand_error(args);
  const auto policy = restore_policy(args);
  if (!policy) return Status::error("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
  ctx.rest_on_libraries();
  const auto libraries = read_all(ctx, args[2]);
  if (!libraries.ok()) return libraries.status();
  if (const Status fits = fit(ctx.rooms.functions, *libraries, *policy); !fits.ok()) return fits;
  if (*policy == Restore::kFlush) {
    emit_flush(ctx);
    ctx.rooms.functions.clear();
  }
  // first: names may change hands.
  for (const LibraryPointer& library : *libraries) ctx.rooms.functions.drop(library->name);
  for (const LibraryPointer& library : *libraries) put(ctx, library);
  return ctx.reply.ok();
}

Outcome function(Context& ctx, Args) { return arity_error(ctx.command); }

// FCALL function numkeys [key ...] [arg ...]
template <bool kReadOnlyCall>
Outcome fcall(Context& ctx, Args args) {
  ctx.rest_on_libraries();
  const LibraryFunction* const function = ctx.rooms.functions.find(args[1]);
  if (function == nullptr) return Status::error("ERR Function not found");
  if (const Status full = fits_memory(ctx, function->flags); !full.ok()) return full;
  const auto count = integer_of(args[2]);
  if (!count.ok()) return Status::error("ERR Bad number of keys provided");
  if (*count > static_cast<int64_t>(args.size()) - 3) {
    return Status::error("ERR Number of keys can't be greater than number of args");
  }
  if (*count < 0) return Status::error("ERR Number of keys can't be negative");
  ctx.read_only = kReadOnlyCall;
  if (const Status obeyed = obey(ctx, function->flags); !obeyed.ok()) return obeyed;
  const size_t keys_end = 3 + static_cast<size_t>(*count);
  ScriptCaller caller(ctx, {.is_function = true, .name = function->name, .words = args});
  const ScriptCall call{.keys = args.slice(3, keys_end), .args = args.from(keys_end), .read_only = ctx.read_only};
  if (const Status ran = caller.ended(ctx.rooms.functions.run(*function, call, caller, ctx.reply)); !ran.ok())
    return ran;
  return Replied();
}

constexpr uint32_t kCalls = kNoScript | kStale | kMovableKeys | kRunsScript;
constexpr CommandRow kRows[] = {
    // name             arity keys              traits                         handler
    {"FCALL",            -3,  Keys::counted(2), kCalls,                        fcall<false>},
    {"FCALL_RO",         -3,  Keys::counted(2), kCalls | kReadOnly,            fcall<true>},
    {"FUNCTION",         -2,  Keys::none(),     kContainer,                    function},
    {"FUNCTION|DELETE",  3,   Keys::none(),     kNoScript | kWrite,            function_delete},
    {"FUNCTION|DUMP",    2,   Keys::none(),     kNoScript,                     function_dump},
    {"FUNCTION|FLUSH",   -2,  Keys::none(),     kNoScript | kWrite,            function_flush},
    {"FUNCTION|HELP",    2,   Keys::none(),     kLoading | kStale,             subcommand_help},
    {"FUNCTION|KILL",    2,   Keys::none(),     kNoScript | kBusy,             function_kill},
    {"FUNCTION|LIST",    -2,  Keys::none(),     kNoScript,                     function_list},
    {"FUNCTION|LOAD",    -3,  Keys::none(),     kNoScript | kWrite | kDenyOom, function_load},
    {"FUNCTION|RESTORE", -3,  Keys::none(),     kNoScript | kWrite | kDenyOom, function_restore},
    {"FUNCTION|STATS",   2,   Keys::none(),     kNoScript | kBusy,             function_stats},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kFunctionFamily{"scripting", kRows};

}  // namespace leat
