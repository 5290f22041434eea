// SPDX-License-Identifier: Apache-2.0
// function_host.h: the libraries of functions that can be called, and the Lua state that they live in.  [LuaJIT]
//
// Used by: the FUNCTION family; the broker when it starts. Which libraries there are is the keyspace's to know: what is
//          here is made from their texts, and follows what was applied.
// Always:  - apart from scripts: another Lua state, under the same rules (script_host.h), made with the first library;
//          - while a library is run to register its functions it sees `redis` alone, and of that only what registers
//            and logs: it can read nothing and write nothing;
//          - a library that was read but not put leaves nothing behind.
// Source:  https://redis.io/docs/latest/develop/interact/programmability/functions-intro/
#pragma once

#include <map>
#include <memory>
#include <unordered_map>

#include "broker/script/library.h"
#include "broker/script/script_host.h"

namespace leat {

class FunctionHost {
 public:
  struct Options {
    size_t memory_bytes_max = size_t{256} << 20;
    uint64_t seed = 0;  // of math.random
  };
  explicit FunctionHost(Options options);
  ~FunctionHost();

  using Libraries = std::map<Bytes, std::shared_ptr<const Library>, std::less<>>;
  const Libraries& libraries() const { return libraries_; }
  size_t functions() const { return by_name_.size(); }
  const LibraryFunction* find(View function) const;  // in any case; until its library goes

  // Runs the text, which is the client's to have got right; `house` says how long that may take (keep_running).
  Result<std::shared_ptr<const Library>> read(View text, CommandCaller& house);
  // The same without what comes of running it: a text that this version cannot run is still there, and is not lost.
  static std::shared_ptr<const Library> unusable(View name, View text);
  void put(std::shared_ptr<const Library> library);  // in the place of the one of its name, if there is one
  void drop(View name);
  void clear();  // drops all
  void flush();  // the same, and with the Lua state all goes that libraries could have left in it; not while one runs

  // Its value goes to `reply` exactly once if the status is fine, else nothing was written.
  Status run(const LibraryFunction& function, const ScriptCall& call, CommandCaller& house, ReplySink& reply);

  size_t memory() const;        // of the Lua state
  size_t cache_memory() const;  // of the texts

 private:
  // Functions are called by their names in any case, as in Redis.
  struct AnyCaseHash {
    size_t operator()(View name) const;
  };
  struct AnyCaseEqual {
    bool operator()(View a, View b) const;
  };
  std::shared_ptr<class Interpreter> lua();

  const Options options_;
  std::shared_ptr<Interpreter> lua_;
  Libraries libraries_;
  std::unordered_map<View, const LibraryFunction*, AnyCaseHash, AnyCaseEqual> by_name_;
};

}  // namespace leat
