// SPDX-License-Identifier: Apache-2.0
// library.h: a library of functions: its text, and what that registered when it was run.
//
// Used by: the function host, which keeps them; the FUNCTION family, which lists them.
// Always:  - names of functions are unique in any case among all libraries that are kept, but for a library's own;
//          - a reference names a value in the Lua state that the library was run in, and is given back with
//            the library.
#pragma once

#include <optional>
#include <vector>

#include "broker/script/source.h"

namespace leat {

struct LibraryFunction {
  Bytes name;
  std::optional<Bytes> description;
  ScriptFlags flags;
  int reference = 0;
};

struct Library {
  Bytes name;
  Bytes code;  // the whole text
  std::vector<LibraryFunction> functions;  // by name
};

}  // namespace leat
