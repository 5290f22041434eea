// SPDX-License-Identifier: Apache-2.0
// stream_commands.h: stream handlers that have files of their own; their rows stand in stream.cc and stream_group.cc.
#pragma once

#include "broker/commands/context.h"

namespace leat {

Outcome xackdel(Context&, Args);  // stream_delete.cc
Outcome xdelex(Context&, Args);
Outcome xcfgset(Context&, Args);  // stream_producers.cc
Outcome xread(Context&, Args);  // stream_read.cc
Outcome xreadgroup(Context&, Args);
Outcome xinfo_consumers(Context&, Args);  // stream_info.cc
Outcome xinfo_groups(Context&, Args);
Outcome xinfo_stream(Context&, Args);

// XGROUP and XINFO say this where an option or the number of words is wrong.
Status subcommand_syntax_error(Args args);

// As NOGROUP names a key or a group: up to a zero byte, as Redis has it.
inline Bytes name_in_error(View name) { return Bytes(name.substr(0, name.find('\0'))); }

}  // namespace leat
