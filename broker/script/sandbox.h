// SPDX-License-Identifier: Apache-2.0
// sandbox.h: the world a script sees: globals it can read and never change, and no way to anything else.
//
// Used by: the interpreter, once.
// Always:  - a frozen table is an empty proxy before the real one, which no script ever holds: reading goes through
//            __index, writing raises, and rawset, setmetatable and table.insert know proxies;
//          - reading a global that does not exist raises;
//          - code comes in as text alone, and only after the scan (source.h).
#pragma once

#include <luajit-2.1/lua.hpp>

#include "broker/script/interpreter.h"
#include "schemas/bytes.h"

namespace leat {

// Replaces the globals of a fresh state; leaves the table behind the frozen _G on the stack, where KEYS and ARGV go.
void open_sandbox(lua_State* L, Interpreter::Runs runs);

// What stands behind the frozen _G from now on, also for code that was compiled before: all, or what a library may see
// while it registers its functions. Only where functions run.
enum class Globals : uint8_t { kAll, kOfLoading };
void show_globals(lua_State* L, Globals globals);

// Raises where the value at `index` is frozen.
void refuse_frozen(lua_State* L, int index);

// Compiles text; pushes the function, or the message and returns false. `loops` tells whether it may run long.
bool load_text(lua_State* L, View code, const char* name, bool& loops);

// The same for a script, of whose values only the first counts.
bool load_script(lua_State* L, View code, const char* name, bool& loops);

}  // namespace leat
