// SPDX-License-Identifier: Apache-2.0
// help.h: "X HELP" for every container: made from the table's rows, so that it cannot be out of date.
#pragma once

#include "broker/commands/context.h"

namespace leat {

Outcome subcommand_help(Context& ctx, Args args);

}  // namespace leat
