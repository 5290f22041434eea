// SPDX-License-Identifier: Apache-2.0
// interpreter.h: one Lua state, bounded in memory and time, and the script that runs in it.           [LuaJIT]
//
// Used by: the script host, which keeps the cache, and the function host; the libraries, which find it from
//          a lua_State.
// Always:  - one script at a time; between scripts the stack holds the two fixed slots and nothing else;
//          - a Lua error never passes through the house: its calls are made lenient (lua_memory.h), and what a script
//            raises ends in run();
//          - once killed, every further instruction raises again, so no pcall of the script's can keep it alive;
//          - the house gets a look in every some ten milliseconds, whatever the instructions between cost.
#pragma once

#include <luajit-2.1/lua.hpp>
#include <vector>

#include "broker/script/library.h"
#include "broker/script/lua_memory.h"
#include "broker/script/lua_sink.h"
#include "broker/script/script_host.h"
#include "broker/script/sha1.h"

namespace leat {

class Interpreter {
 public:
  enum class Runs : uint8_t { kScripts, kFunctions };
  Interpreter(size_t memory_bytes_max, uint64_t seed, Runs runs);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  static Interpreter& of(lua_State* L) {
    void* self;
    lua_getallocf(L, &self);
    return *static_cast<Interpreter*>(self);
  }

  // A compiled script; lives until it is forgotten.
  struct Function {
    int reference = 0;
    bool loops = false;
  };
  Result<Function> compile(View code);
  // What is kept for good may take half of the memory, or soon nothing could run.
  bool leaves_room();

  Status run(Function function, View sha, const ScriptCall& call, CommandCaller& caller, ReplySink& reply);

  // What a library registers when it is run goes to `functions`, also when it fails: forget() each.
  Status run_library(View code, std::vector<LibraryFunction>& functions, CommandCaller& caller);
  Status run_function(const LibraryFunction& function, const ScriptCall& call, CommandCaller& caller, ReplySink& reply);
  void forget(int reference) { luaL_unref(lua_, LUA_REGISTRYINDEX, reference); }

  // For the libraries, while a script runs.
  CommandCaller& caller() { return *caller_; }
  LuaMemory& memory() { return memory_; }
  LuaSink& sink() { return sink_; }
  Sha1& sha1() { return sha1_; }
  Bytes& scratch() { return scratch_; }
  bool running() const { return caller_ != nullptr; }
  std::vector<LibraryFunction>* registered() { return registered_; }  // nullptr: no library is being run
  bool killed() const { return killed_; }
  int protocol() const { return protocol_; }
  void set_protocol(int protocol);
  void change_json_settings() { json_settings_changed_ = true; }  // cjson's are everybody's again after the script
  uint32_t next_random();  // as Redis': 31 bits of a 48-bit generator
  void seed_random(uint32_t seed);
  // The words of redis.call, views into the strings on the stack; false where one is neither string nor number.
  bool collect_words(lua_State* L, int count);
  Views words() const { return words_; }

  // What a C function does that loops by itself: it counts its steps and so gives the house a look in. May raise.
  void spend(lua_State* L, size_t steps) {
    if ((steps_left_ -= static_cast<int64_t>(steps)) < 0) poll(L);
  }
  static constexpr size_t kStepsPerCall = 100;  // what calling a function from C counts for
  void arm();  // from here on instructions are counted: the script has made itself code that may loop
  // Raises "not enough memory" where a lenient stretch went over the bound and collecting does not help.
  void require_memory(lua_State* L);

  // Around every call from C back into Lua: bounds the depth of the C stack, as Lua 5.1 does. May raise.
  class Nested {
   public:
    explicit Nested(lua_State* L);
    ~Nested() { --interpreter_.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    Interpreter& interpreter_;
  };

  // Stack slots that stay for good.
  static constexpr int kGlobals = 1;  // the table behind the frozen _G
  static constexpr int kOnError = 2;

 private:
  static void* allocate(void* self, void* old, size_t old_size, size_t size) {
    auto* interpreter = static_cast<Interpreter*>(self);
    if (size > interpreter->largest_block_) interpreter->hold_larger(size);
    return interpreter->memory_.reallocate(old, old_size, size);
  }
  static void on_count(lua_State* L, lua_Debug*);
  static int on_error(lua_State* L);

  void begin(bool counted, CommandCaller& caller);
  void end();
  void poll(lua_State* L);
  void count_instructions(int every);
  void hold_larger(size_t block);
  void drop_garbage();
  [[noreturn]] void kill(lua_State* L);
  void collect_if_tight(lua_State* L);
  void push_list(Views values);
  void set_list(const char* name, Views values);
  Status finish(int status, View name, ReplySink& reply);
  Bytes raised(int status) const;
  Status failure(int status, View name) const;

  LuaMemory memory_;
  // That the running script took, at least kLargeBlock; without one, nothing is larger.
  size_t largest_block_ = SIZE_MAX;
  lua_State* lua_;  // allocates from its first moment: what the allocator looks at comes before it
  LuaSink sink_;
  Sha1 sha1_;
  Bytes scratch_;
  std::vector<View> words_;
  std::vector<char> number_text_;
  Bytes error_source_;
  int error_line_ = 0;
  int function_line_ = -1;  // where the function that runs begins
  std::vector<LibraryFunction>* registered_ = nullptr;

  CommandCaller* caller_ = nullptr;
  int64_t steps_left_ = 0;
  uint64_t random_;             // math.random goes on from script to script
  uint64_t random_before_ = 0;  // and from here, when this one calls math.randomseed
  int protocol_ = 2;
  int depth_ = 0;
  int counting_ = 0;  // the hook's interval; 0 when there is none
  bool killed_ = false;
  bool seeded_ = false;  // by the script that runs
  bool json_settings_changed_ = false;
  size_t collected_bytes_ = 0;
  size_t kept_bytes_ = 0;  // after the last collection between scripts
};

// Raises {err = text}, which is how the house's own errors travel through Lua.
[[noreturn]] void raise(lua_State* L, View text);
inline View view_at(lua_State* L, int index) {  // of a string that stays on the stack
  size_t size;
  const char* bytes = lua_tolstring(L, index, &size);
  return bytes == nullptr ? View() : View(bytes, size);
}
inline void push(lua_State* L, View text) { lua_pushlstring(L, text.data(), text.size()); }

}  // namespace leat
