// SPDX-License-Identifier: Apache-2.0
// source.h: what a script's text says before Lua reads it.
//
// Used by: the script cache and the libraries of functions (the first line), and whoever compiles (the scan).
// Always:  - line numbers of the chunk are those of the text, also behind a shebang;
//          - the scan knows Lua's tokens: what stands in a string or a comment is not code.
// Source:  https://redis.io/docs/interact/programmability/eval-intro/#eval-flags
#pragma once

#include <vector>

#include "schemas/bytes.h"
#include "schemas/status.h"

namespace leat {

// What `#!lua flags=…` says, or redis.register_function{flags = …}; the executor acts on it.
struct ScriptFlags {
  bool declared = false;  // a function's, or there was a shebang: without one Redis keeps its older, laxer rules
  bool no_writes = false;
  bool allow_oom = false;
  bool allow_stale = false;
  bool no_cluster = false;
  bool allow_cross_slot_keys = false;
  bool allow_key_locking = false;  // no flag of Redis', but published clients send it
};
// False where there is no flag of that name.
bool set_flag(ScriptFlags& flags, View name);
std::vector<View> names_of(const ScriptFlags& flags);

struct ScriptSource {
  ScriptFlags flags;
  View code;  // without the shebang, with the line break after it
};
Result<ScriptSource> read_shebang(View body);

// The first line of a library: `#!lua name=mylib`.
struct LibrarySource {
  Bytes name;
  View code;  // without that line, with the line break after it
};
Result<LibrarySource> read_library(View text);
// Letters, digits and underscores: what a library or a function may be called.
bool is_library_name(View name);
constexpr View kBadLibraryName =  // Redis' words for a function's name, too
    "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";

constexpr size_t kSourceBytesMax = size_t{16} << 20;  // compiled within half a second; no script by hand comes near

struct SourceScan {
  // empty, or why it must not be compiled: "NAME:3: malformed number near '1LL'"; or takes too long to.
  Bytes refused;
  bool loops = false;  // may run an instruction twice: has a loop, a function or a label
  std::vector<size_t> returns;  // where each `return …` of the chunk itself, outside its functions, ends
};
// `name` is how messages call the chunk.
SourceScan scan_source(View code, View name);

}  // namespace leat
