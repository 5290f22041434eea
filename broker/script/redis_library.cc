// SPDX-License-Identifier: Apache-2.0
// The table `redis`, also called `server`. Source: https://redis.io/docs/interact/programmability/lua-api/
#include <array>

#include "broker/script/interpreter.h"
#include "broker/script/libraries.h"
#include "broker/version.h"

namespace leat {

constexpr int kVersionNumber = 7 << 16 | 4 << 8 | 0;
static_assert(kRedisVersion == "7.4.0");
constexpr int kReplicateAll = 3;           // REPL_AOF | REPL_REPLICA
constexpr size_t kStepsPerCommand = 4000;  // so that some hundreds of commands give the house a look in

static void push_error(lua_State* L, View text) {
  lua_createtable(L, 0, 1);
  push(L, text);
  lua_setfield(L, -2, "err");
}

enum class OnError { kRaise, kReturn };

template <OnError on_error>
static int finish_with_error(lua_State* L) {  // the error is on top
  if (on_error == OnError::kRaise) return lua_error(L);
  return 1;
}

// redis.call(name, …), redis.pcall(name, …)
template <OnError on_error>
static int call(lua_State* L) {
  Interpreter& interpreter = Interpreter::of(L);
  const int count = lua_gettop(L);
  if (count == 0) {
    push_error(L, "ERR Please specify at least one argument for this redis lib call");
    return finish_with_error<on_error>(L);
  }
  if (!interpreter.collect_words(L, count)) {
    push_error(L, "ERR Lua redis lib command arguments must be strings or integers");
    return finish_with_error<on_error>(L);
  }
  interpreter.spend(L, kStepsPerCommand);
  LuaSink& sink = interpreter.sink();
  {
    const LuaMemory::Lenient lenient(interpreter.memory());
    sink.begin(L, interpreter.protocol());
    interpreter.caller().call(Args(interpreter.words()), sink);
    CHECK(sink.complete());
    CHECK(lua_gettop(L) == count + 1);
  }
  interpreter.require_memory(L);
  return sink.failed() ? finish_with_error<on_error>(L) : 1;
}

// Both tables have one field, and anything but one string is refused without raising, as Redis does.
static int reply_table(lua_State* L, const char* field) {
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
    push_error(L, "ERR wrong number or type of arguments");
    return 1;
  }
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, field);
  return 1;
}

static int status_reply(lua_State* L) { return reply_table(L, "ok"); }

// "-CODE text" and "CODE text" are one; a text of one word gets the general code.
static int error_reply(lua_State* L) {
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) return reply_table(L, "err");
  View text = view_at(L, 1);
  if (text.starts_with('-')) text.remove_prefix(1);
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const bool coded = text.find(' ') != View::npos;
  lua_createtable(L, 0, 1);
  if (!coded) lua_pushliteral(L, "ERR ");
  push(L, text);
  if (!coded) lua_concat(L, 2);
  lua_setfield(L, -2, "err");
  return 1;
}

static int sha1hex(lua_State* L) {
  if (lua_gettop(L) != 1) raise(L, "ERR wrong number of arguments");
  const View bytes = view_at(L, 1);  // what is no string hashes as nothing
  Interpreter& interpreter = Interpreter::of(L);
  interpreter.spend(L, bytes.size());
  const Sha1::Hex hex = Sha1::hex(interpreter.sha1().digest(bytes));
  push(L, View(hex.data(), hex.size()));
  return 1;
}

static int log(lua_State* L) {
  static constexpr std::array<View, 4> kLevels = {"debug", "verbose", "notice", "warning"};
  const int count = lua_gettop(L);
  if (count < 2) raise(L, "ERR redis.log() requires two arguments or more.");
  if (!lua_isnumber(L, 1)) raise(L, "ERR First argument must be a number (log level).");
  const double level = lua_tonumber(L, 1);
  if (!(level >= 0 && level < kLevels.size())) raise(L, "ERR Invalid log level.");
  Interpreter& interpreter = Interpreter::of(L);
  Bytes& text = interpreter.scratch();
  text.clear();
  for (int i = 2; i <= count; ++i) {
    if (i > 2) text += ' ';
    text += view_at(L, i);
  }
  interpreter.caller().log(kLevels[static_cast<size_t>(level)], text);
  return 0;
}

static int setresp(lua_State* L) {
  if (lua_gettop(L) != 1) raise(L, "ERR redis.setresp() requires one argument.");
  const double protocol = lua_tonumber(L, 1);
  if (protocol != 2 && protocol != 3) raise(L, "ERR RESP version must be 2 or 3.");
  Interpreter::of(L).set_protocol(static_cast<int>(protocol));
  return 0;
}

// Effects are always what is replicated.
static int replicate_commands(lua_State* L) {
  lua_pushboolean(L, 1);
  return 1;
}

static int set_repl(lua_State* L) {
  if (lua_gettop(L) != 1) raise(L, "ERR redis.set_repl() requires one argument.");
  const double flags = lua_tonumber(L, 1);
  if (!(flags >= 0 && flags <= kReplicateAll)) {
    raise(L, "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
  }
  return 0;  // nothing: leat loses no write because a script asked it to
}

static int breakpoint(lua_State* L) {
  lua_pushboolean(L, 0);  // there is no debugger to stop in
  return 1;
}

static int debug(lua_State*) { return 0; }

static int acl_check_cmd(lua_State* L) {
  Interpreter& interpreter = Interpreter::of(L);
  const int count = lua_gettop(L);
  if (count == 0) raise(L, "ERR Please specify at least one argument for this redis lib call");
  if (!interpreter.collect_words(L, count)) {
    raise(L, "ERR Lua redis lib command arguments must be strings or integers");
  }
  switch (interpreter.caller().may_call(Args(interpreter.words()))) {
    case CommandCaller::MayCall::kUnknown:
      raise(L, "ERR Invalid command passed to redis.acl_check_cmd()");
    case CommandCaller::MayCall::kNo:
      lua_pushboolean(L, 0);
      break;
    case CommandCaller::MayCall::kYes:
      lua_pushboolean(L, 1);
      break;
  }
  return 1;
}

struct NamedNumber {
  const char* name;
  int value;
};
constexpr NamedNumber kNumbers[] = {
    {"LOG_DEBUG", 0},  {"LOG_VERBOSE", 1},
    {"LOG_NOTICE", 2}, {"LOG_WARNING", 3},
    {"REPL_NONE", 0},  {"REPL_AOF", 1},
    {"REPL_SLAVE", 2}, {"REPL_REPLICA", 2},
    {"REPL_ALL", 3},   {"REDIS_VERSION_NUM", kVersionNumber},
};

static void set_numbers(lua_State* L, View prefix) {
  for (const NamedNumber& number : kNumbers) {
    if (!View(number.name).starts_with(prefix)) continue;
    lua_pushinteger(L, number.value);
    lua_setfield(L, -2, number.name);
  }
}

static void set_version(lua_State* L) {
  set_numbers(L, "REDIS_");
  push(L, kRedisVersion);
  lua_setfield(L, -2, "REDIS_VERSION");
}

void push_library_api(lua_State* L) {
  lua_newtable(L);
  lua_pushcfunction(L, register_function);
  lua_setfield(L, -2, "register_function");
  lua_pushcfunction(L, log);
  lua_setfield(L, -2, "log");
  set_numbers(L, "LOG_");
  set_version(L);
}

void push_redis_library(lua_State* L, bool of_scripts) {
  static constexpr luaL_Reg kFunctions[] = {
      {"call", call<OnError::kRaise>},
      {"pcall", call<OnError::kReturn>},
      {"status_reply", status_reply},
      {"error_reply", error_reply},
      {"sha1hex", sha1hex},
      {"log", log},
      {"setresp", setresp},
      {"set_repl", set_repl},
      {"acl_check_cmd", acl_check_cmd},
      {nullptr, nullptr},
  };
  static constexpr luaL_Reg kOfScripts[] = {
      {"replicate_commands", replicate_commands},
      {"breakpoint", breakpoint},
      {"debug", debug},
      {nullptr, nullptr},
  };
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  if (of_scripts) luaL_register(L, nullptr, kOfScripts);
  set_numbers(L, "LOG_");
  set_numbers(L, "REPL_");
  set_version(L);
}

}  // namespace leat
