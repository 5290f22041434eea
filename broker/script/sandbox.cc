// SPDX-License-Identifier: Apache-2.0
#include "broker/script/sandbox.h"

#include <algorithm>
#include <iterator>

#include "broker/script/interpreter.h"
#include "broker/script/libraries.h"
#include "broker/script/source.h"

namespace leat {

constexpr char kReadOnly[] = "Attempt to modify a readonly table";
// Its address names, in the registry, the table from each proxy to what it stands for.
static const char kFrozenKey = 0;
static const char kLoadingKey = 0;  // there, too: what a library sees while it is run

// --- freezing

static int refuse_write(lua_State* L) { return luaL_error(L, kReadOnly); }

// Replaces the table on top by its proxy.
static void freeze(lua_State* L) {
  const int real = lua_gettop(L);
  lua_newtable(L);
  const int proxy = real + 1;
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, real);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse_write);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, proxy);

  lua_pushlightuserdata(L, const_cast<char*>(&kFrozenKey));
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_pushvalue(L, proxy);
  lua_pushvalue(L, real);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  lua_remove(L, real);
}

// Pushes what the proxy at `index` stands for; false, and nothing pushed, where it is no proxy.
static bool push_real(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index)) return false;  // by far the most
  lua_pop(L, 1);
  lua_pushlightuserdata(L, const_cast<char*>(&kFrozenKey));
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_pushvalue(L, index);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (lua_istable(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

void refuse_frozen(lua_State* L, int index) {
  if (!push_real(L, index)) return;
  lua_pushstring(L, kReadOnly);
  lua_error(L);
}

static int missing_global(lua_State* L) {
  const char* name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  return luaL_error(L, "Script attempted to access nonexistent global variable '%s'", name);
}

// --- code

namespace {

struct Text {
  View left;
};

// In pieces, so that a script that compiles much, over and over, is stopped.
const char* read_text(lua_State* L, void* state, size_t* size) {
  constexpr size_t kPiece = size_t{64} << 10;
  auto* text = static_cast<Text*>(state);
  const View piece = text->left.substr(0, kPiece);
  text->left.remove_prefix(piece.size());
  *size = piece.size();
  Interpreter& interpreter = Interpreter::of(L);
  if (interpreter.running()) interpreter.spend(L, piece.size());
  return piece.empty() ? nullptr : piece.data();
}

// As messages call a chunk.
Bytes shown_name(View name) {
  if (name.starts_with('@') || name.starts_with('=')) return Bytes(name.substr(1));
  return "[string \"" + Bytes(name.substr(0, std::min(name.find('\n'), size_t{40}))) + "\"]";
}

}  // namespace

static bool compile(lua_State* L, View code, const char* name) {
  Text text{code};
  const LuaMemory::Strict strict(Interpreter::of(L).memory());
  return lua_loadx(L, read_text, &text, name, "t") == 0;
}

// Scanning and compiling cannot be stopped half-way.
static bool fits_source(lua_State* L, View code) {
  if (code.size() <= kSourceBytesMax) return true;
  lua_pushfstring(L, "the text is larger than %d MiB", static_cast<int>(kSourceBytesMax >> 20));
  return false;
}

bool load_text(lua_State* L, View code, const char* name, bool& loops) {
  if (!fits_source(L, code)) return false;
  const SourceScan scan = scan_source(code, shown_name(name));
  loops = scan.loops;
  if (scan.refused.empty()) return compile(L, code, name);
  push(L, scan.refused);
  return false;
}

// LuaJIT makes `return f()` a jump, and an error in f would not know the line it was called from. With a second value
// it is a call; a script has only one, so nothing else changes.
bool load_script(lua_State* L, View code, const char* name, bool& loops) {
  if (!fits_source(L, code)) return false;
  const SourceScan scan = scan_source(code, shown_name(name));
  if (scan.refused.empty() && !scan.returns.empty()) {
    Bytes calling;
    size_t done = 0;
    for (const size_t end : scan.returns) {
      calling.append(code.substr(done, end - done)).append(",nil");
      done = end;
    }
    calling.append(code.substr(done));
    loops = scan.loops;
    if (compile(L, calling, name)) return true;
    lua_pop(L, 1);  // a syntax error: told in the words of the text as it was
  }
  return load_text(L, code, name, loops);
}

// The function, or nil and the message.
static int loaded(lua_State* L, View code, const char* name) {
  Interpreter::of(L).arm();
  bool loops;
  if (load_text(L, code, name, loops)) return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

static int load_string(lua_State* L) {
  luaL_checkstring(L, 1);
  const View code = view_at(L, 1);
  return loaded(L, code, luaL_optstring(L, 2, code.data()));
}

// load(function [, name]): the pieces are joined first, so that the scan sees the whole.
static int load_pieces(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  const char* name = luaL_optstring(L, 2, "=(load)");
  lua_settop(L, 2);
  lua_newtable(L);
  lua_pushliteral(L, "");
  for (int pieces = 0;;) {
    // The reader may be a C function: no instruction is counted.
    Interpreter::of(L).spend(L, Interpreter::kStepsPerCall);
    lua_pushvalue(L, 1);
    {
      const Interpreter::Nested nested(L);
      lua_call(L, 0, 1);
    }
    if (lua_isnil(L, -1) || (lua_isstring(L, -1) && view_at(L, -1).empty())) break;
    if (!lua_isstring(L, -1)) return luaL_error(L, "reader function must return a string");
    lua_rawseti(L, 3, ++pieces);
  }
  lua_getfield(L, lua_upvalueindex(1), "concat");
  lua_pushvalue(L, 3);
  lua_call(L, 1, 1);
  return loaded(L, view_at(L, -1), name);
}

// --- base functions that must know proxies, or must not do all that Lua's do

static int set_metatable(lua_State* L) {
  const int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argcheck(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
  refuse_frozen(L, 1);
  if (luaL_getmetafield(L, 1, "__metatable")) return luaL_error(L, "cannot change a protected metatable");
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int raw_set(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  refuse_frozen(L, 1);
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 1;
}

static int raw_get(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  if (push_real(L, 1)) lua_replace(L, 1);
  lua_rawget(L, 1);
  return 1;
}

static int next_pair(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (push_real(L, 1)) lua_replace(L, 1);
  if (lua_next(L, 1)) return 2;
  lua_pushnil(L);
  return 1;
}

// Upvalue: LuaJIT's own next, for which its loops have a short cut. Of a frozen table a copy is walked, so that no
// script gets hold of the table itself.
static int pairs(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  if (push_real(L, 1)) {
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, 2) != 0;) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, 3);
    }
    lua_replace(L, 1);
    lua_settop(L, 1);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_pushnil(L);
  return 3;
}

// Upvalue: LuaJIT's own tostring, which turns into its __tostring without an instruction in between: where that is
// tostring again, nothing would ever count the loop.
static int to_string(lua_State* L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  if (lua_type(L, 1) == LUA_TSTRING) return 1;
  const bool own = luaL_getmetafield(L, 1, "__tostring") != 0;
  if (!own) lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  const Interpreter::Nested nested(L);
  lua_call(L, 1, 1);
  return 1;
}

// An error table with a text arrives as that text: scripts written for older servers compare strings.
static int protected_call(lua_State* L) {
  luaL_checkany(L, 1);
  const Interpreter::Nested nested(L);
  const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  if (status != 0 && lua_istable(L, -1)) {
    lua_pushliteral(L, "err");
    lua_rawget(L, -2);
    if (lua_isstring(L, -1))
      lua_replace(L, -2);
    else
      lua_pop(L, 1);
  }
  lua_pushboolean(L, status == 0);
  lua_insert(L, 1);
  return lua_gettop(L);
}

// Upvalue: the script's handler. It runs where the error was raised; for a kill that is within the hook, where no
// instruction is counted and a loop would never end.
static int handle_error(lua_State* L) {
  if (Interpreter::of(L).killed()) return 1;
  const Interpreter::Nested nested(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static int protected_call_with_handler(lua_State* L) {
  luaL_checkany(L, 2);
  const Interpreter::Nested nested(L);
  lua_settop(L, 2);
  lua_pushcclosure(L, handle_error, 1);
  lua_insert(L, 1);
  const int status = lua_pcall(L, 0, LUA_MULTRET, 1);
  lua_pushboolean(L, status == 0);
  lua_replace(L, 1);
  return lua_gettop(L);
}

// Only what changes nothing for other scripts.
static int collect_garbage(lua_State* L) {
  static constexpr const char* kOptions[] = {"collect", "stop",     "restart",    "count",
                                             "step",    "setpause", "setstepmul", nullptr};
  const View option = kOptions[luaL_checkoption(L, 1, "collect", kOptions)];
  const int argument = luaL_optint(L, 2, 0);
  if (option == "count") {
    lua_pushnumber(L, static_cast<double>(Interpreter::of(L).memory().bytes()) / 1024);
    return 1;
  }
  if (option == "step") {
    Interpreter::of(L).spend(L, Interpreter::of(L).memory().bytes() / 16);  // with a large argument a whole cycle
    lua_pushboolean(L, lua_gc(L, LUA_GCSTEP, argument));
    return 1;
  }
  if (option == "collect") {
    Interpreter::of(L).spend(L, Interpreter::of(L).memory().bytes() / 16);
    lua_gc(L, LUA_GCCOLLECT, 0);
  }
  lua_pushinteger(L, 0);
  return 1;
}

static int memory_kb(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(Interpreter::of(L).memory().bytes() / 1024));
  return 1;
}

// --- putting the world together

static void open_library(lua_State* L, lua_CFunction open, const char* name) {
  lua_pushcfunction(L, open);
  lua_pushstring(L, name);
  lua_call(L, 1, 0);
}

static void push_base_functions(lua_State* L) {
  static constexpr const char* kKept[] = {"assert",   "error",    "getmetatable", "ipairs", "rawequal", "select",
                                          "tonumber", "tostring", "type",         "unpack", "_VERSION"};
  static constexpr struct {
    const char* name;
    const char* original;
    lua_CFunction function;
  } kWrapped[] = {{"pairs", "next", pairs}, {"tostring", "tostring", to_string}};
  static constexpr luaL_Reg kOurs[] = {
      {"pcall", protected_call},
      {"xpcall", protected_call_with_handler},
      {"next", next_pair},
      {"rawget", raw_get},
      {"rawset", raw_set},
      {"setmetatable", set_metatable},
      {"loadstring", load_string},
      {"gcinfo", memory_kb},
      {"collectgarbage", collect_garbage},
      {nullptr, nullptr},
  };
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  keep_only(L, std::begin(kKept), std::end(kKept));
  luaL_register(L, nullptr, kOurs);
  for (const auto& wrapped : kWrapped) {
    lua_getglobal(L, wrapped.original);
    lua_pushcclosure(L, wrapped.function, 1);
    lua_setfield(L, -2, wrapped.name);
  }
  lua_getglobal(L, LUA_TABLIBNAME);
  lua_pushcclosure(L, load_pieces, 1);
  lua_setfield(L, -2, "load");
}

// Upvalue: LuaJIT's own, which negates a width that is negative, and loses the digits of the one that has no positive.
static int bit_tohex(lua_State* L) {
  constexpr int kDigits = 8;
  if (lua_gettop(L) >= 2) {
    lua_pushinteger(L, std::clamp<lua_Integer>(luaL_checkinteger(L, 2), -kDigits, kDigits));
    lua_replace(L, 2);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

static void push_bit_library(lua_State* L) {
  lua_getglobal(L, LUA_BITLIBNAME);
  lua_getfield(L, -1, "tohex");
  lua_pushcclosure(L, bit_tohex, 1);
  lua_setfield(L, -2, "tohex");
}

// getmetatable("") shows scripts a frozen copy; methods go straight to the functions.
static void protect_strings(lua_State* L) {
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  const int metatable = lua_gettop(L);
  push_string_library(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, metatable, "__index");
  freeze(L);
  lua_createtable(L, 0, 1);
  lua_insert(L, -2);
  lua_setfield(L, -2, "__index");
  freeze(L);
  lua_setfield(L, metatable, "__metatable");
  lua_pop(L, 2);
}

// Reading what is not in the table on top raises.
static void refuse_missing(lua_State* L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, missing_global);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

static void keep_globals_of_loading(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&kLoadingKey));
  lua_newtable(L);
  push_library_api(L);
  refuse_missing(L);
  freeze(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "redis");
  lua_setfield(L, -2, "server");
  refuse_missing(L);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void show_globals(lua_State* L, Globals globals) {
  lua_getmetatable(L, LUA_GLOBALSINDEX);
  if (globals == Globals::kAll) {
    lua_pushvalue(L, Interpreter::kGlobals);
  } else {
    lua_pushlightuserdata(L, const_cast<char*>(&kLoadingKey));
    lua_rawget(L, LUA_REGISTRYINDEX);
  }
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void open_sandbox(lua_State* L, Interpreter::Runs runs) {
  open_library(L, luaopen_base, "");
  open_library(L, luaopen_string, LUA_STRLIBNAME);
  open_library(L, luaopen_table, LUA_TABLIBNAME);
  open_library(L, luaopen_math, LUA_MATHLIBNAME);
  open_library(L, luaopen_bit, LUA_BITLIBNAME);

  lua_pushlightuserdata(L, const_cast<char*>(&kFrozenKey));
  lua_newtable(L);
  lua_rawset(L, LUA_REGISTRYINDEX);

  static constexpr struct {
    const char* name;
    void (*push)(lua_State*);
  } kLibraries[] = {
      {"cjson", push_json_library},          {"cmsgpack", push_msgpack_library},
      {"struct", push_struct_library},       {"bit", push_bit_library},    {"string", push_string_library},
      {"table", push_table_library},         {"math", push_math_library},  {"os", push_os_library},
      {"coroutine", push_coroutine_library},
  };
  push_base_functions(L);
  push_redis_library(L, runs == Interpreter::Runs::kScripts);
  freeze(L);
  lua_setfield(L, -2, "redis");
  for (const auto& library : kLibraries) {
    library.push(L);
    freeze(L);
    lua_setfield(L, -2, library.name);
  }
  lua_getfield(L, -1, "redis");
  lua_setfield(L, -2, "server");
  protect_strings(L);

  if (runs == Interpreter::Runs::kFunctions) keep_globals_of_loading(L);
  refuse_missing(L);
  lua_pushvalue(L, -1);
  freeze(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "_G");
  lua_replace(L, LUA_GLOBALSINDEX);
}

}  // namespace leat
