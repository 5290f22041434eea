// SPDX-License-Identifier: Apache-2.0
// LuaJIT's table library; what moves elements is ours, so that it respects frozen tables and counts its steps.
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

namespace {

// Lua 5.1's quicksort, comparison for comparison: scripts see which of equals comes first. LuaJIT's is the same, but
// cannot be stopped, and a table made to be slow for it takes the square of its length.
class Sorter {
 public:
  explicit Sorter(lua_State* L) : lua_(L), interpreter_(Interpreter::of(L)), has_order_(!lua_isnil(L, kOrder)) {}

  void sort(int low, int high) {
    while (low < high) {
      arrange(low, high);
      if (high - low == 1) return;
      const int middle = low + (high - low) / 2;
      if (!arrange(low, middle)) arrange(middle, high);
      if (high - low == 2) return;
      const int border = split(low, middle, high);
      if (border - low < high - border) {  // the shorter part goes deeper, so that depth is logarithmic
        sort(low, border - 1);
        low = border + 1;
      } else {
        sort(border + 1, high);
        high = border - 1;
      }
    }
  }

 private:
  static constexpr int kTable = 1;
  static constexpr int kOrder = 2;
  static constexpr size_t kBytesPerStep = 16;  // compared

  // Swaps the two where the second is less; returns whether it did.
  bool arrange(int first, int second) {
    lua_rawgeti(lua_, kTable, first);
    lua_rawgeti(lua_, kTable, second);
    const bool swapped = less(-1, -2);
    lua_pop(lua_, 2);
    if (swapped) swap(first, second);
    return swapped;
  }

  // Moves what is less than the middle element below it, what is greater above; returns where it comes to lie.
  int split(int low, int middle, int high) {
    lua_rawgeti(lua_, kTable, middle);
    swap(middle, high - 1);
    int up = low;
    int down = high - 1;
    for (;;) {
      while (less_than_top(++up)) check_order(up < high);
      while (top_less_than(--down)) check_order(down > low);
      if (down < up) break;
      swap(up, down);
    }
    lua_pop(lua_, 1);
    swap(high - 1, up);
    return up;
  }

  void check_order(bool holds) {
    if (!holds) luaL_error(lua_, "invalid order function for sorting");
  }

  bool less_than_top(int at) {
    lua_rawgeti(lua_, kTable, at);
    const bool found = less(-1, -2);
    lua_pop(lua_, 1);
    return found;
  }

  bool top_less_than(int at) {
    lua_rawgeti(lua_, kTable, at);
    const bool found = less(-2, -1);
    lua_pop(lua_, 1);
    return found;
  }

  bool less(int a, int b) {
    if (!has_order_) {
      const size_t bytes = lua_type(lua_, a) == LUA_TSTRING ? lua_objlen(lua_, a) : 0;
      interpreter_.spend(lua_, 4 + bytes / kBytesPerStep);
      return lua_lessthan(lua_, a, b) != 0;
    }
    interpreter_.spend(lua_, Interpreter::kStepsPerCall);
    lua_pushvalue(lua_, kOrder);
    lua_pushvalue(lua_, a - 1);
    lua_pushvalue(lua_, b - 2);
    lua_call(lua_, 2, 1);
    const bool found = lua_toboolean(lua_, -1) != 0;
    lua_pop(lua_, 1);
    return found;
  }

  void swap(int a, int b) {
    lua_rawgeti(lua_, kTable, a);
    lua_rawgeti(lua_, kTable, b);
    lua_rawseti(lua_, kTable, a);
    lua_rawseti(lua_, kTable, b);
  }

  lua_State* lua_;
  Interpreter& interpreter_;
  const bool has_order_;
};

}  // namespace

// table.sort(list [, order])
static int sort(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  const Interpreter::Nested nested(L);
  Sorter(L).sort(1, static_cast<int>(lua_objlen(L, 1)));
  return 0;
}

static int setn(lua_State* L) { return luaL_error(L, "'setn' is obsolete"); }

void push_table_library(lua_State* L) {
  static constexpr const char* kKept[] = {"concat", "foreach", "foreachi", "getn", "maxn"};
  static constexpr luaL_Reg kOurs[] = {
      {"insert", insert}, {"remove", remove}, {"setn", setn}, {"sort", sort}, {nullptr, nullptr}};
  lua_getglobal(L, LUA_TABLIBNAME);
  keep_only(L, std::begin(kKept), std::end(kKept));
  luaL_register(L, nullptr, kOurs);
}

}  // namespace leat
