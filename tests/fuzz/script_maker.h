// SPDX-License-Identifier: Apache-2.0
// script_maker.h: choices made into Lua: statements and expressions over the libraries that a script has, calls of
// commands with keys of the pool, loops with and without an end, values too large, too deep or of the wrong type.
//
// Used by: scripts_fuzz.
// Always:  - the text is Lua by its grammar; what it does may be anything.
#pragma once

#include "tests/fuzz/request_maker.h"

namespace leat::testing {

class ScriptMaker {
 public:
  ScriptMaker(const RequestMaker& requests, Choices& choices, TimeMs now_ms)
      : requests_(requests), choices_(choices), now_ms_(now_ms) {}

  Bytes script();
  // One that registers the function "made".
  Bytes library();

 private:
  Bytes block(int depth);
  Bytes statement(int depth);
  Bytes expression(int depth);
  Bytes call(int depth);
  Bytes command();
  Bytes table(int depth);
  Bytes string();

  const RequestMaker& requests_;
  Choices& choices_;
  const TimeMs now_ms_;
};

}  // namespace leat::testing
