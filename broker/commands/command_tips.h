// SPDX-License-Identifier: Apache-2.0
// command_tips.h: what proxies and clients of several servers may want to know of a command, in Redis' words.
//
// Used by: command_info.cc.
// Source:  https://redis.io/docs/latest/develop/reference/command-tips/
#pragma once

#include "schemas/bytes.h"

namespace leat {

// With blanks between; empty of most. By the name in capitals.
View tips_of(View command);

}  // namespace leat
