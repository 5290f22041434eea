// SPDX-License-Identifier: Apache-2.0
// LuaJIT's table library; what shifts elements is ours, so that it respects frozen tables and counts its steps.
#include <algorithm>
#include <iterator>

#include "broker/script/interpreter.h"
#include "broker/script/libraries.h"
#include "broker/script/sandbox.h"

namespace leat {

// table.insert(list, [place,] value)
static int insert(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  refuse_frozen(L, 1);
  const int last = static_cast<int>(lua_objlen(L, 1)) + 1;
  const int count = lua_gettop(L);
  if (count == 2) {
    lua_rawseti(L, 1, last);
    return 0;
  }
  if (count != 3) return luaL_error(L, "wrong number of arguments to 'insert'");
  const int place = luaL_checkint(L, 2);
  if (place < last) Interpreter::of(L).spend(L, static_cast<size_t>(last) - static_cast<size_t>(std::max(place, 1)));
  for (int64_t i = last; i > place && i > 1; --i) {
    lua_rawgeti(L, 1, static_cast<int>(i - 1));
    lua_rawseti(L, 1, static_cast<int>(i));
  }
  lua_rawseti(L, 1, place);
  return 0;
}

// table.remove(list [, place])
static int remove(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  refuse_frozen(L, 1);
  const int size = static_cast<int>(lua_objlen(L, 1));
  const int place = luaL_optint(L, 2, size);
  if (place < 1 || place > size) return 0;
  Interpreter::of(L).spend(L, static_cast<size_t>(size - place));
  lua_rawgeti(L, 1, place);
  for (int i = place; i < size; ++i) {
    lua_rawgeti(L, 1, i + 1);
    lua_rawseti(L, 1, i);
  }
  lua_pushnil(L);
  lua_rawseti(L, 1, size);
  return 1;
}

static int setn(lua_State* L) { return luaL_error(L, "'setn' is obsolete"); }

void push_table_library(lua_State* L) {
  static constexpr const char* kKept[] = {"concat", "foreach", "foreachi", "getn", "maxn", "sort"};
  static constexpr luaL_Reg kOurs[] = {{"insert", insert}, {"remove", remove}, {"setn", setn}, {nullptr, nullptr}};
  lua_getglobal(L, LUA_TABLIBNAME);
  keep_only(L, std::begin(kKept), std::end(kKept));
  luaL_register(L, nullptr, kOurs);
  bound_depth(L, "sort");  // calls what compares
}

}  // namespace leat
