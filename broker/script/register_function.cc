// SPDX-License-Identifier: Apache-2.0
// redis.register_function: how a library says what can be called.
#include "broker/protocol/words.h"
#include "broker/script/interpreter.h"
#include "broker/script/libraries.h"

namespace leat {

namespace {

// The value on top: a list of flags.
void read_flags(lua_State* L, ScriptFlags& flags) {
  if (!lua_istable(L, -1)) {
    raise(L, "ERR flags argument to redis.register_function must be a table representing function flags");
  }
  for (int at = 1;; ++at) {
    lua_rawgeti(L, -1, at);
    if (lua_isnil(L, -1)) break;
    const Bytes name = lower(lua_isstring(L, -1) ? view_at(L, -1) : View());
    if (!set_flag(flags, name)) raise(L, "ERR unknown flag given");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

size_t weight(const LibraryFunction& function) {
  return sizeof function + function.name.size() + (function.description ? function.description->size() : 0);
}

struct Given {
  LibraryFunction function;
  bool named = false;
};

// The value on top belongs to the argument of that name; a callback goes to the slot `callback`.
void read_argument(lua_State* L, View name, Given& given, int callback) {
  if (same_word(name, "function_name")) {
    if (!lua_isstring(L, -1)) raise(L, "ERR function_name argument given to redis.register_function must be a string");
    given.function.name = view_at(L, -1);
    given.named = true;
  } else if (same_word(name, "description")) {
    if (!lua_isstring(L, -1)) raise(L, "ERR description argument given to redis.register_function must be a string");
    given.function.description = view_at(L, -1);
  } else if (same_word(name, "callback")) {
    if (!lua_isfunction(L, -1)) raise(L, "ERR callback argument given to redis.register_function must be a function");
    lua_pushvalue(L, -1);
    lua_replace(L, callback);
  } else if (same_word(name, "flags")) {
    read_flags(L, given.function.flags);
  } else {
    raise(L, "ERR unknown argument given to redis.register_function");
  }
}

// Both leave the callback on top.
void read_named(lua_State* L, Given& given) {
  if (!lua_istable(L, 1)) {
    raise(
        L,
        "ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named "
        "arguments).");
  }
  constexpr int kCallback = 2;
  lua_pushnil(L);
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_settop(L, kCallback + 1)) {
    if (!lua_isstring(L, -2)) raise(L, "ERR named argument key given to redis.register_function is not a string");
    const bool is_text = lua_type(L, -2) == LUA_TSTRING;  // a number must stay one: lua_next looks it up again
    const Bytes name(is_text ? view_at(L, -2) : View());
    lua_pushvalue(L, -1);  // which may be turned into a text
    read_argument(L, name, given, kCallback);
  }
  if (!given.named) raise(L, "ERR redis.register_function must get a function name argument");
  if (lua_isnil(L, kCallback)) raise(L, "ERR redis.register_function must get a callback argument");
}

void read_plain(lua_State* L, Given& given) {
  if (!lua_isstring(L, 1)) raise(L, "ERR first argument to redis.register_function must be a string");
  if (!lua_isfunction(L, 2)) raise(L, "ERR second argument to redis.register_function must be a function");
  given.function.name = view_at(L, 1);
}

}  // namespace

// redis.register_function(name, callback), or {function_name = …, callback = …, description = …, flags = {…}}
int register_function(lua_State* L) {
  std::vector<LibraryFunction>* const registered = Interpreter::of(L).registered();
  if (registered == nullptr) raise(L, "ERR redis.register_function can only be called on FUNCTION LOAD command");
  const int count = lua_gettop(L);
  if (count < 1 || count > 2) raise(L, "ERR wrong number of arguments to redis.register_function");
  Given given;
  given.function.flags.declared = true;
  count == 1 ? read_named(L, given) : read_plain(L, given);
  if (!is_library_name(given.function.name)) raise(L, kBadLibraryName);
  size_t bytes = weight(given.function);  // beside the Lua state, and bounded as it is
  for (const LibraryFunction& other : *registered) {
    if (other.name == given.function.name) raise(L, "ERR Function already exists in the library");
    bytes += weight(other);
  }
  if (bytes > Interpreter::of(L).memory().left()) raise(L, "ERR not enough memory");
  given.function.reference = luaL_ref(L, LUA_REGISTRYINDEX);
  registered->push_back(std::move(given.function));
  return 0;
}

}  // namespace leat
