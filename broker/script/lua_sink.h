// SPDX-License-Identifier: Apache-2.0
// lua_sink.h: a command's reply, laid straight onto the stack of the script that asked.
//
// Used by: redis.call and redis.pcall.
// Always:  - after one whole reply there is exactly one more value on the stack;
//          - a null is false under RESP2 and nil under RESP3; a status is {ok = …}, an error {err = …};
//          - RESP3's types, where the script asked for them: {map = …}, {set = {[member] = true}}, {double = …},
//            {verbatim_string = {format = …, string = …}};
//          - writing never raises: its caller is lenient (lua_memory.h). Over the bound strings become false, so that
//            a reply of millions cannot grow the state much further.
// Source:  https://redis.io/docs/interact/programmability/lua-api/#data-type-conversion
#pragma once

#include <luajit-2.1/lua.hpp>
#include <vector>

#include "broker/protocol/numbers.h"
#include "broker/protocol/reply_sink.h"
#include "broker/script/lua_memory.h"

namespace leat {

class LuaSink final : public ReplySink {
 public:
  explicit LuaSink(const LuaMemory& memory) : memory_(memory) {}  // must outlive this

  void begin(lua_State* L, int protocol) {
    lua_ = L;
    resp3_ = protocol == 3;
    failed_ = false;
    frames_.clear();
  }
  bool failed() const { return failed_; }            // the reply itself is an error
  bool complete() const { return frames_.empty(); }

  Replied simple(View text) override;
  Replied error(View text) override;
  using ReplySink::error;
  Replied integer(int64_t value) override;
  Replied bulk(View bytes) override;
  Replied null() override;
  Replied null_array() override;
  Replied real(double value) override;
  Replied plain_real(double value) override { return resp3() ? real(value) : bulk(long_real_text(value)); }
  Replied boolean(bool value) override;
  Replied verbatim_as(View format, View text) override;
  Replied array(size_t count) override;
  Replied map(size_t pairs) override;
  Replied set(size_t count) override;
  Replied push(size_t count) override;
  Mark reserve_array() override;
  void fill_array(Mark mark, size_t count) override;
  bool resp3() const override { return resp3_; }

 private:
  enum class Kind : uint8_t { kArray, kMap, kSet };
  struct Frame {  // a container whose table is on the stack, below the key it may wait with
    Kind kind;
    size_t count;
    size_t placed;
  };
  Replied open(Kind kind, size_t count);
  Replied place();
  Replied field(const char* name, View text);
  void store(Frame& frame);
  void wrap(Kind kind);

  const LuaMemory& memory_;
  lua_State* lua_ = nullptr;
  bool resp3_ = false;
  bool failed_ = false;
  std::vector<Frame> frames_;
};

}  // namespace leat
