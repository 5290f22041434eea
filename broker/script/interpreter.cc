// SPDX-License-Identifier: Apache-2.0
#include "broker/script/interpreter.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "broker/protocol/numbers.h"
#include "broker/script/libraries.h"
#include "broker/script/reply_writer.h"
#include "broker/script/sandbox.h"
#include "broker/script/source.h"

namespace leat {

constexpr int kInstructionsPerPoll = 2000;    // some microseconds: the price of the look-in disappears beside them
constexpr int64_t kStepsPerPoll = 1'000'000;  // of C loops; a step is a few nanoseconds
// One instruction may copy or compare a whole string. So the larger the blocks a script holds, the fewer instructions
// pass between two polls: they touch no more bytes than that many of the smallest that counts as large, a tenth of
// a second.
constexpr size_t kLargeBlock = size_t{256} << 10;
constexpr size_t kBytesPerPoll = kLargeBlock * kInstructionsPerPoll;
constexpr int kNestedMax = 195;               // PUC Lua's LUAI_MAXCCALLS is 200
constexpr uint64_t kRandomMask = 0xFFFFFFFFFFFF;  // 48 bits
constexpr size_t kNumberTextMax = 32;         // of a double at most 25: "-0.00012345678901234567"
// Percent of what lives. The heap of short scripts is small and would be marked again and again: with LuaJIT's 200 that
// is a quarter of their time. (Each allocation pays its part of collecting: no step between scripts is needed.)
constexpr int kGarbagePerCollection = 400;
constexpr size_t kScratchKeptMax = size_t{1} << 20;
constexpr char kChunkName[] = "@user_script";
constexpr char kLibraryChunkName[] = "@user_function";

void raise(lua_State* L, View text) {
  lua_createtable(L, 0, 1);
  push(L, text);
  lua_setfield(L, -2, "err");
  lua_error(L);
  __builtin_unreachable();
}

Interpreter::Interpreter(size_t memory_bytes_max, uint64_t seed, Runs runs)
    : memory_(memory_bytes_max), lua_(lua_newstate(allocate, this)), sink_(memory_), random_(seed & kRandomMask) {
  CHECK(lua_ != nullptr);
  luaJIT_setmode(lua_, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  lua_gc(lua_, LUA_GCSETPAUSE, kGarbagePerCollection);
  open_sandbox(lua_, runs);
  lua_pushcfunction(lua_, on_error);
  CHECK(lua_gettop(lua_) == kOnError);
}

Interpreter::~Interpreter() { lua_close(lua_); }

Result<Interpreter::Function> Interpreter::compile(View code) {
  Function function;
  if (!load_script(lua_, code, kChunkName, function.loops)) {
    const Bytes message(view_at(lua_, -1));
    lua_pop(lua_, 1);
    return Status::error("ERR Error compiling script (new function): " + message);
  }
  function.reference = luaL_ref(lua_, LUA_REGISTRYINDEX);
  return function;
}

bool Interpreter::leaves_room() {
  const size_t kept_max = memory_.bytes_max() / 2;
  if (memory_.bytes() > kept_max) lua_gc(lua_, LUA_GCCOLLECT, 0);
  return memory_.bytes() <= kept_max;
}

Status Interpreter::run(Function function, View sha, const ScriptCall& call, CommandCaller& caller, ReplySink& reply) {
  CHECK(caller_ == nullptr);
  begin(function.loops, caller);
  set_list("KEYS", call.keys);
  set_list("ARGV", call.args);
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, function.reference);
  memory_.enter_script();
  const int status = lua_pcall(lua_, 0, 1, kOnError);
  memory_.leave_script();
  Status result = finish(status, sha, reply);
  end();
  return result;
}

// While it is run another table stands behind the globals (sandbox.h).
Status Interpreter::run_library(View code, std::vector<LibraryFunction>& functions, CommandCaller& caller) {
  CHECK(caller_ == nullptr);
  bool loops;
  if (!load_script(lua_, code, kLibraryChunkName, loops)) {
    const Bytes message(view_at(lua_, -1));
    lua_pop(lua_, 1);
    return Status::error("ERR Error compiling function: " + message);
  }
  begin(true, caller);
  registered_ = &functions;
  show_globals(lua_, Globals::kOfLoading);
  memory_.enter_script();
  const int status = lua_pcall(lua_, 0, 0, kOnError);
  memory_.leave_script();
  show_globals(lua_, Globals::kAll);
  registered_ = nullptr;
  Status result;
  if (killed_) result = Status::error("ERR Error registering functions: ERR FUNCTION LOAD timeout");
  else if (status != 0) result = Status::error("ERR Error registering functions: " + raised(status));
  end();
  if (result.ok() && !leaves_room()) result = Status::error("ERR Error registering functions: ERR not enough memory");
  return result;
}

Status Interpreter::run_function(const LibraryFunction& function, const ScriptCall& call, CommandCaller& caller,
                                 ReplySink& reply) {
  CHECK(caller_ == nullptr);
  begin(true, caller);
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, function.reference);
  lua_Debug at;
  lua_pushvalue(lua_, -1);
  lua_getinfo(lua_, ">S", &at);
  function_line_ = at.linedefined;
  push_list(call.keys);
  push_list(call.args);
  memory_.enter_script();
  const int status = lua_pcall(lua_, 2, 1, kOnError);
  memory_.leave_script();
  Status result = finish(status, function.name, reply);
  end();
  return result;
}

// The value on top is what the script returned, or what it raised.
Status Interpreter::finish(int status, View name, ReplySink& reply) {
  if (status != 0 || killed_) return failure(status, name);
  if (const auto error = error_in(lua_)) caller_->returns_error(*error);
  if (write_reply(lua_, reply, protocol_, memory_.bytes_max())) return Status::fine();
  return Status::error(
      "ERR the reply is larger than what scripts may hold (script.memory_bytes) script: " + Bytes(name) + ".");
}

void Interpreter::begin(bool counted, CommandCaller& caller) {
  caller_ = &caller;
  protocol_ = 2;
  killed_ = false;
  depth_ = 0;
  steps_left_ = kStepsPerPoll;
  collected_bytes_ = 0;
  error_source_.clear();
  function_line_ = -1;
  random_before_ = random_;
  seeded_ = false;
  count_instructions(counted ? kInstructionsPerPoll : 0);
  largest_block_ = kLargeBlock;
}

void Interpreter::end() {
  lua_settop(lua_, kOnError);
  for (const char* name : {"KEYS", "ARGV"}) {  // what a client sent is not kept for the next
    lua_pushnil(lua_);
    lua_setfield(lua_, kGlobals, name);
  }
  if (scratch_.capacity() > kScratchKeptMax) Bytes().swap(scratch_);
  largest_block_ = SIZE_MAX;
  if (seeded_) random_ = random_before_;
  if (json_settings_changed_) reset_json_settings(lua_);
  json_settings_changed_ = false;
  drop_garbage();
  caller_ = nullptr;
}

// What a big script leaves is not the next one's burden. What is kept for good, compiled scripts above all, is not
// looked through again after each.
void Interpreter::drop_garbage() {
  kept_bytes_ = std::min(kept_bytes_, memory_.bytes());
  const size_t max = memory_.bytes_max();
  if (memory_.bytes() < std::max(max / 4, kept_bytes_ + max / 16)) return;
  lua_gc(lua_, LUA_GCCOLLECT, 0);
  kept_bytes_ = memory_.bytes();
}

void Interpreter::push_list(Views values) {
  lua_createtable(lua_, static_cast<int>(values.size()), 0);
  int index = 0;
  for (const View value : values) {
    push(lua_, value);
    lua_rawseti(lua_, -2, ++index);
  }
}

void Interpreter::set_list(const char* name, Views values) {
  push_list(values);
  lua_setfield(lua_, kGlobals, name);
}

// --- errors

// Called where the error was raised: notes the place, which is gone once the stack is unwound.
int Interpreter::on_error(lua_State* L) {
  Interpreter& self = of(L);
  lua_Debug at;
  for (int level = 1; lua_getstack(L, level, &at) == 1; ++level) {
    lua_getinfo(L, "Sl", &at);
    if (at.currentline < 0) continue;  // a C function
    self.error_source_ = at.source[0] == '@' ? at.source : at.short_src;
    self.error_line_ = at.currentline;
    return 1;
  }
  if (self.function_line_ < 0) return 1;
  // `return f()` left no trace of who called: then it is as near as can be told.
  self.error_source_ = kLibraryChunkName;
  self.error_line_ = self.function_line_;
  return 1;
}

// What a script raises goes through several hands, and is for people to read.
static Bytes cut_text(lua_State* L) {
  constexpr size_t kErrorTextMax = size_t{16} << 10;
  return Bytes(view_at(L, -1).substr(0, kErrorTextMax));
}

static Bytes error_text(lua_State* L) {
  switch (lua_type(L, -1)) {
    case LUA_TSTRING:
    case LUA_TNUMBER:
      return "ERR " + cut_text(L);
    case LUA_TNIL:
      return "ERR nil";
    case LUA_TBOOLEAN:
      return lua_toboolean(L, -1) ? "ERR true" : "ERR false";
    case LUA_TTABLE: {
      lua_pushliteral(L, "err");
      lua_rawget(L, -2);
      const bool known = lua_type(L, -1) == LUA_TSTRING;
      Bytes text = known ? cut_text(L) : "ERR unknown error";
      lua_pop(L, 1);
      return text;
    }
    default:
      return "ERR unknown error";
  }
}

constexpr char kKilled[] = "ERR Script killed by user with SCRIPT KILL...";

// The value on top is what was raised.
Bytes Interpreter::raised(int status) const {
  if (killed_) return kKilled;
  return status == LUA_ERRMEM ? Bytes("ERR not enough memory") : error_text(lua_);
}

Status Interpreter::failure(int status, View name) const {
  Bytes text = raised(status);
  text.append(" script: ").append(name);
  if (!error_source_.empty()) text.append(", on ").append(error_source_ + ":" + std::to_string(error_line_));
  return Status::error(text + ".");
}

// --- bounds

void Interpreter::count_instructions(int every) {
  if (counting_ == every) return;  // switching costs more than a short script
  counting_ = every;
  lua_sethook(lua_, every > 0 ? on_count : nullptr, every > 0 ? LUA_MASKCOUNT : 0, every);
}

void Interpreter::arm() {
  if (counting_ == 0) count_instructions(kInstructionsPerPoll);
}

// Called from within the allocator, where nothing may be raised, but a hook may be set.
void Interpreter::hold_larger(size_t block) {
  largest_block_ = block;
  const int every = static_cast<int>(std::max<size_t>(kBytesPerPoll / block, 1));
  if (counting_ == 0 || every < counting_) count_instructions(every);
}

void Interpreter::on_count(lua_State* L, lua_Debug*) {
  Interpreter& self = of(L);
  self.collect_if_tight(L);
  self.poll(L);
}

void Interpreter::poll(lua_State* L) {
  steps_left_ = kStepsPerPoll;
  if (killed_ || !caller_->keep_running()) kill(L);
}

void Interpreter::kill(lua_State* L) {
  killed_ = true;
  count_instructions(1);
  raise(L, kKilled);
}

// LuaJIT does not collect when an allocation fails, and lets garbage grow to as much as what lives.
void Interpreter::collect_if_tight(lua_State* L) {
  if (memory_.bytes() < memory_.bytes_max() / 2) return;
  if (memory_.bytes() < collected_bytes_ + memory_.bytes_max() / 8) return;
  lua_gc(L, LUA_GCCOLLECT, 0);
  collected_bytes_ = memory_.bytes();
}

void Interpreter::require_memory(lua_State* L) {
  if (!memory_.exceeded()) return;
  lua_gc(L, LUA_GCCOLLECT, 0);
  if (memory_.exceeded()) raise(L, "ERR not enough memory");
}

Interpreter::Nested::Nested(lua_State* L) : interpreter_(of(L)) {
  if (interpreter_.depth_ >= kNestedMax) luaL_error(L, "C stack overflow");
  ++interpreter_.depth_;
}

// --- for the libraries

void Interpreter::set_protocol(int protocol) {
  protocol_ = protocol;
  caller_->set_protocol(protocol);
}

// The generator of Redis' rand.c, which is that of drand48.
void Interpreter::seed_random(uint32_t seed) {
  random_ = uint64_t{seed} << 16 | 0x330E;
  seeded_ = true;
}

uint32_t Interpreter::next_random() {
  random_ = (random_ * 0x5DEECE66DULL + 0xB) & kRandomMask;
  return static_cast<uint32_t>(random_ >> 17);
}

// As scores are printed: integral numbers as integers, so that a command that reads an integer takes them.
static size_t write_number(char* to, double number) {
  if (number == 0) return *to = '0', 1;  // not "-0"
  return write_real(to, number);
}

bool Interpreter::collect_words(lua_State* L, int count) {
  words_.resize(static_cast<size_t>(count));
  size_t number_bytes = 0;
  for (int i = 1; i <= count; ++i) {
    View& word = words_[static_cast<size_t>(i - 1)];
    const int type = lua_type(L, i);
    if (type == LUA_TSTRING) {
      word = view_at(L, i);
    } else if (type == LUA_TNUMBER) {
      const size_t room = static_cast<size_t>(count) * kNumberTextMax;
      if (number_text_.size() < room) number_text_.resize(room);  // at the first number, for all: views point into it
      char* const to = number_text_.data() + number_bytes;
      const double number = lua_tonumber(L, i);
      word = View(to, write_number(to, caller_->cuts_fractions() ? std::trunc(number) : number));
      number_bytes += kNumberTextMax;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace leat
