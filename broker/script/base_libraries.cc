// SPDX-License-Identifier: Apache-2.0
// math, os and coroutine: LuaJIT's, less what a script must not have.
#include <cmath>
#include <ctime>
#include <iterator>

#include "broker/script/interpreter.h"
#include "broker/script/libraries.h"

namespace leat {

void keep_only(lua_State* L, const char* const* names, const char* const* names_end) {
  lua_newtable(L);
  for (; names != names_end; ++names) {
    lua_getfield(L, -2, *names);
    CHECK(!lua_isnil(L, -1));
    lua_setfield(L, -2, *names);
  }
  lua_remove(L, -2);
}

// Upvalue: the address of the function. Called as a part of this one, it sees the same arguments.
static int call_bounded(lua_State* L) {
  const Interpreter::Nested nested(L);
  return reinterpret_cast<lua_CFunction>(lua_touserdata(L, lua_upvalueindex(1)))(L);
}

void bound_depth(lua_State* L, const char* name) {
  lua_getfield(L, -1, name);
  const lua_CFunction function = lua_tocfunction(L, -1);
  CHECK(function != nullptr);
  lua_pop(L, 1);
  lua_pushlightuserdata(L, reinterpret_cast<void*>(function));
  lua_pushcclosure(L, call_bounded, 1);
  lua_setfield(L, -2, name);
}

// --- math: what is drawn goes on from script to script, as in Redis since 7.0

static double random_fraction(lua_State* L) {
  return static_cast<double>(Interpreter::of(L).next_random() % INT32_MAX) / INT32_MAX;
}

static int random_number(lua_State* L) {
  const double fraction = random_fraction(L);
  const int count = lua_gettop(L);
  if (count == 0) {
    lua_pushnumber(L, fraction);
    return 1;
  }
  if (count > 2) return luaL_error(L, "wrong number of arguments");
  const int64_t low = count == 1 ? 1 : luaL_checkint(L, 1);
  const int64_t high = luaL_checkint(L, count);
  luaL_argcheck(L, low <= high, count, "interval is empty");
  lua_pushnumber(L, std::floor(fraction * static_cast<double>(high - low + 1)) + static_cast<double>(low));
  return 1;
}

static int seed_random(lua_State* L) {
  Interpreter::of(L).seed_random(static_cast<uint32_t>(luaL_checkint(L, 1)));
  return 0;
}

void push_math_library(lua_State* L) {
  static constexpr const char* kKept[] = {
      "abs", "acos",  "asin", "atan", "atan2", "ceil", "cos", "cosh", "deg",  "exp",  "floor", "fmod", "frexp", "ldexp",
      "log", "log10", "max",  "min",  "modf",  "pow",  "rad", "sin",  "sinh", "sqrt", "tan",   "tanh", "pi",    "huge"};
  static constexpr luaL_Reg kOurs[] = {{"random", random_number}, {"randomseed", seed_random}, {nullptr, nullptr}};
  lua_getglobal(L, LUA_MATHLIBNAME);
  keep_only(L, std::begin(kKept), std::end(kKept));
  luaL_register(L, nullptr, kOurs);
  lua_getfield(L, -1, "fmod");
  lua_setfield(L, -2, "mod");  // its name in Lua 5.0, which Redis still has
}

// --- os

static int cpu_seconds(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
  return 1;
}

void push_os_library(lua_State* L) {
  static constexpr luaL_Reg kOurs[] = {{"clock", cpu_seconds}, {nullptr, nullptr}};
  lua_newtable(L);
  luaL_register(L, nullptr, kOurs);
}

// --- coroutine. LuaJIT resumes without counting how deep it is on the C stack: coroutines that start coroutines would
// run through its end. So resuming is ours.

// Resumes `thread` with the `count` values on top of L; its results or its error go on top of L. Negative on error.
static int resume_thread(lua_State* L, lua_State* thread, int count) {
  const int status = lua_status(thread);
  if (status != LUA_YIELD && (status != 0 || lua_gettop(thread) == 0)) {
    lua_pushliteral(L, "cannot resume dead coroutine");
    return -1;
  }
  if (!lua_checkstack(thread, count)) luaL_error(L, "too many arguments to resume");
  lua_xmove(L, thread, count);
  const Interpreter::Nested nested(L);
  const int outcome = lua_resume(thread, count);
  if (outcome != 0 && outcome != LUA_YIELD) {
    lua_xmove(thread, L, 1);
    return -1;
  }
  const int results = lua_gettop(thread);
  if (!lua_checkstack(L, results + 1)) luaL_error(L, "too many results to resume");
  lua_xmove(thread, L, results);
  return results;
}

static bool is_running(lua_State* L, lua_State* thread) {
  if (thread == L) return true;
  lua_Debug at;
  return lua_status(thread) == 0 && lua_getstack(thread, 0, &at) == 1;  // it resumed somebody
}

static int resume(lua_State* L) {
  lua_State* thread = lua_tothread(L, 1);
  luaL_argcheck(L, thread != nullptr, 1, "coroutine expected");
  int results;
  if (is_running(L, thread)) {
    lua_pushliteral(L, "cannot resume non-suspended coroutine");
    results = -1;
  } else {
    results = resume_thread(L, thread, lua_gettop(L) - 1);
  }
  lua_pushboolean(L, results >= 0);
  lua_insert(L, results >= 0 ? -(results + 1) : -2);
  return results >= 0 ? results + 1 : 2;
}

static int resume_wrapped(lua_State* L) {
  lua_State* thread = lua_tothread(L, lua_upvalueindex(1));
  if (is_running(L, thread)) return luaL_error(L, "cannot resume non-suspended coroutine");
  const int results = resume_thread(L, thread, lua_gettop(L));
  if (results >= 0) return results;
  if (lua_isstring(L, -1)) {  // where it was resumed, as Lua does
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int wrap(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State* thread = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, thread, 1);
  lua_pushcclosure(L, resume_wrapped, 1);
  return 1;
}

void push_coroutine_library(lua_State* L) {
  static constexpr const char* kKept[] = {"create", "running", "status", "yield"};
  static constexpr luaL_Reg kOurs[] = {{"resume", resume}, {"wrap", wrap}, {nullptr, nullptr}};
  lua_getglobal(L, LUA_COLIBNAME);
  keep_only(L, std::begin(kKept), std::end(kKept));
  luaL_register(L, nullptr, kOurs);
}

}  // namespace leat
