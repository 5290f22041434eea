// SPDX-License-Identifier: Apache-2.0
// pattern.h: Lua patterns, matched a step at a time.
//
// Used by: the string library. LuaJIT's own matcher cannot be stopped, and `.-.-.-b` on a long subject runs for days.
// Always:  - semantics of Lua 5.1, with zero bytes allowed in subject and pattern;
//          - every step is counted, so a runaway match dies like a runaway loop; recursion is bounded.
// Source:  https://www.lua.org/manual/5.1/manual.html#5.4.1
#pragma once

#include <array>

#include "broker/script/interpreter.h"

namespace leat {

class Pattern {
 public:
  static constexpr int kCapturesMax = 32;

  // Borrows both; `pattern` is without its anchor. Everything may raise.
  Pattern(lua_State* L, View subject, View pattern);

  // The end of a match that begins at `from`, or null.
  const char* match(const char* from);

  // Pushes the captures, the whole match where there are none; returns how many.
  int push_captures(const char* from, const char* end);
  // The same for find: nothing where there are none.
  int push_own_captures();
  // Capture `index` from 0, or the whole match where there are none.
  void push_capture(int index, const char* from, const char* end);

 private:
  struct Capture {
    const char* start;
    ptrdiff_t size;  // or one of the two below
  };
  static constexpr ptrdiff_t kOpen = -1;
  static constexpr ptrdiff_t kPosition = -2;

  const char* step(const char* s, const char* p);
  const char* class_end(const char* p);
  bool in_set(int c, const char* p, const char* last) const;
  bool one(const char* s, const char* p, const char* end);
  const char* balance(const char* s, const char* p);
  const char* most(const char* s, const char* p, const char* end);
  const char* fewest(const char* s, const char* p, const char* end);
  const char* frontier(const char* s, const char* p);
  const char* start_capture(const char* s, const char* p, ptrdiff_t size);
  const char* end_capture(const char* s, const char* p);
  const char* repeat_capture(const char* s, int digit);
  int captured(int digit);

  lua_State* lua_;
  Interpreter& interpreter_;
  const char* begin_;
  const char* end_;
  const char* pattern_;
  const char* pattern_end_;
  int depth_ = 0;
  int level_ = 0;  // captures begun
  std::array<Capture, kCapturesMax> captures_;
};

}  // namespace leat
