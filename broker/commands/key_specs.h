// SPDX-License-Identifier: Apache-2.0
// key_specs.h: what a command does to each of its keys, in Redis' words, and where they stand, as COMMAND INFO
// tells it.
//
// Used by: command_info.cc.
// Source:  https://redis.io/docs/latest/develop/reference/key-specs/
#pragma once

#include "broker/commands/command.h"

namespace leat {

// "RW access update" …: of the key that is the `ordinal`th of a request.
View key_flags(const Command& command, size_t ordinal);
// The same of one request: SET reads only with GET.
View key_flags(const Command& command, size_t ordinal, Args request);
// One specification for keys that are treated alike.
void tell_key_specs(ReplySink& reply, const Command& command);

}  // namespace leat
