// SPDX-License-Identifier: Apache-2.0
// help.h: "X HELP" for every container: made from the table's rows, so that it cannot be out of date.
#pragma once

#include "broker/commands/context.h"

namespace leat {

Outcome subcommand_help(Context& ctx, Args args);
// Of a sub-command with words that are too many or none of its own.
Status subcommand_error(Args args);

}  // namespace leat
