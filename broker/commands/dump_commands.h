// SPDX-License-Identifier: Apache-2.0
// dump_commands.h: DUMP and RESTORE; their rows stand in key.cc.
#pragma once

#include "broker/commands/context.h"

namespace leat {

// dump.cc
Outcome dump(Context&, Args);
Outcome restore(Context&, Args);

}  // namespace leat
