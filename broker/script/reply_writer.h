// SPDX-License-Identifier: Apache-2.0
// reply_writer.h: what a script returned, as a reply.
//
// Used by: the interpreter, when a script has ended.
// Always:  - exactly one reply: numbers lose their fraction, arrays end at the first nil, false and nil are null, and
//            what Redis has no type for (functions, threads) is null;
//          - no metamethod runs, nothing raises, and nesting is bounded.
// Source:  https://redis.io/docs/interact/programmability/lua-api/#data-type-conversion
#pragma once

#include <luajit-2.1/lua.hpp>

#include <optional>

#include "broker/protocol/reply_sink.h"

namespace leat {

// The text of the error that the value on top of the stack is, if it is one; it dies with that.
std::optional<View> error_in(lua_State* L);

// Writes the value on top of the stack, unless it would be larger than `bytes_max`: then nothing, and returns false.
// `protocol` is what the script set with redis.setresp: under 3 its booleans are booleans.
bool write_reply(lua_State* L, ReplySink& reply, int protocol, size_t bytes_max);

}  // namespace leat
