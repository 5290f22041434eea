// SPDX-License-Identifier: Apache-2.0
// libraries.h: what scripts can call, one table a library.
//
// Used by: the sandbox, which freezes each table and puts it among the globals.
// Always:  - each pushes one table of functions that raise Lua errors and nothing else;
//          - a function that may run long without a Lua instruction spends steps (interpreter.h).
#pragma once

#include <luajit-2.1/lua.hpp>

namespace leat {

void push_redis_library(lua_State* L, bool of_scripts);  // which have some that functions lack
void push_library_api(lua_State* L);                     // `redis`, as a library sees it that registers its functions
int register_function(lua_State* L);                     // of the latter
void push_json_library(lua_State* L);     // cjson
void reset_json_settings(lua_State* L);   // to what they are without a script
void push_msgpack_library(lua_State* L);  // cmsgpack
void push_struct_library(lua_State* L);
void push_string_library(lua_State* L);   // builtin, with searching of our own
void push_table_library(lua_State* L);
void push_math_library(lua_State* L);
void push_os_library(lua_State* L);       // the clock alone
void push_coroutine_library(lua_State* L);

// A table of the named functions of the table on top, which it replaces.
void keep_only(lua_State* L, const char* const* names, const char* const* names_end);

// In the table on top: the named function of LuaJIT's, which may call back into Lua, counts as one call deeper.
void bound_depth(lua_State* L, const char* name);

}  // namespace leat
