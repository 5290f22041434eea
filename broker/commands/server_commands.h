// SPDX-License-Identifier: Apache-2.0
// server_commands.h: INFO, COMMAND and CONFIG, in files of their own; their rows stand with the server family's.
#pragma once

#include "broker/commands/context.h"

namespace leat {

Outcome info(Context&, Args);                      // info.cc

Outcome command_all(Context&, Args);               // command_info.cc
Outcome command_count(Context&, Args);
Outcome command_getkeys(Context&, Args);
Outcome command_getkeysandflags(Context&, Args);
Outcome command_info(Context&, Args);
Outcome command_list(Context&, Args);

Outcome command_docs(Context&, Args);              // command_docs.cc

Outcome config_container(Context&, Args);          // config_commands.cc
Outcome config_get(Context&, Args);
Outcome config_resetstat(Context&, Args);
Outcome config_rewrite(Context&, Args);
Outcome config_set(Context&, Args);

// What became of the keys of a class.
ClassStats stats_of_class(const Rooms& rooms, ClassId id);

}  // namespace leat
