// SPDX-License-Identifier: Apache-2.0
// dump_commands.h: DUMP, RESTORE and MIGRATE; their rows stand in key.cc.
#pragma once

#include "broker/commands/context.h"

namespace leat {

// dump.cc
Outcome dump(Context&, Args);
Outcome restore(Context&, Args);

// migrate.cc
Outcome migrate(Context&, Args);

}  // namespace leat
