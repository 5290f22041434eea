// SPDX-License-Identifier: Apache-2.0
// script_host.h: one Lua state that runs users' scripts, and the cache of what it has compiled.      [LuaJIT]
//
// Used by: the EVAL family's handlers. What a script may ask of the house comes through CommandCaller, so this room
//          knows no command and no key type.
// Always:  - Lua 5.1 semantics through LuaJIT with its compiler off, so a count hook can stop a runaway script;
//          - globals are frozen, there is no way to bytecode, to ffi, to files, or out of the memory bound;
//          - a body is hashed (SHA-1) and compiled once; the cache is shared by all connections;
//          - what SCRIPT LOAD brought stays until it is flushed; of what EVAL brought, the last used 500, as in Redis
//            7.4: else who writes its arguments into its scripts would fill the memory of all;
//          - a script that raises leaves the state as it was (the stack, the globals), and what it wrote is
//            its caller's.
// Source:  https://redis.io/docs/interact/programmability/eval-intro/ and …/lua-api/
#pragma once

#include <memory>
#include <optional>

#include "broker/protocol/args.h"
#include "broker/protocol/reply_sink.h"
#include "broker/script/source.h"

namespace leat {

// What a running script asks of the house. Implemented by ScriptCaller and LibraryWatch.
class CommandCaller {
 public:
  virtual ~CommandCaller() = default;
  // redis.call: runs one command at the script's frozen time; its reply, an error included, goes to `reply`.
  virtual void call(Args args, ReplySink& reply) = 0;
  virtual void set_protocol(int protocol) = 0;   // redis.setresp
  // Called every so many instructions, also deep in a loop: pumps the sockets once the script is slow (BUSY), and
  // returns false when the script is to die (SCRIPT KILL, shutdown).
  virtual bool keep_running() = 0;
  virtual void log(View level, View text) = 0;   // redis.log: "debug", "verbose", "notice", "warning"
  // redis.acl_check_cmd: whether the user who runs the script may run this.
  enum class MayCall { kUnknown, kNo, kYes };
  virtual MayCall may_call(Args) { return MayCall::kYes; }
  // What it is about to return is an error.
  virtual void returns_error(View) {}
  // Whether numbers among the words of a command lose their fraction, as they do at Upstash.
  virtual bool cuts_fractions() const { return false; }
};

struct ScriptCall {
  Views keys;
  Views args;
  bool read_only = false;  // EVAL_RO; the executor refuses writes, this only sets what scripts can ask
};

class ScriptHost {
 public:
  struct Options {
    size_t memory_bytes_max = size_t{256} << 20;
    uint64_t seed = 0;  // of math.random
  };
  explicit ScriptHost(Options options);
  ~ScriptHost();

  // SHA-1 of the body as 40 lower-case hex digits, valid until flush or another load; compiles it unless it is known. A
  // syntax error, or a bad shebang, is the client's.
  enum class Keep : uint8_t { kUntilFlush, kWhileUsed };
  Result<View> load(View body, Keep keep = Keep::kUntilFlush);
  bool knows(View sha) const;         // any case
  std::optional<ScriptFlags> flags(View sha) const;  // of the shebang line; the executor acts on them
  void flush();                       // SCRIPT FLUSH: forgets all; not while a script runs
  size_t scripts() const;
  uint64_t evicted() const;           // to make room for others, since it was last counted anew
  void count_evicted_anew();
  size_t memory() const;              // of the Lua state
  size_t cache_memory() const;

  // Runs a loaded script; its value goes to `reply` exactly once if the status is fine, else nothing was written and
  // the status is the error reply ("ERR …" with the script's sha and line, as Redis words it).
  // A sha that is not known: "NOSCRIPT No matching script. Please use EVAL.".
  Status run(View sha, const ScriptCall& call, CommandCaller& caller, ReplySink& reply);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace leat
