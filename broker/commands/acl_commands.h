// SPDX-License-Identifier: Apache-2.0
// acl_commands.h: ACL's sub-commands about tokens, whose rows stand in acl.cc, and what they share with the others.
#pragma once

#include "broker/commands/context.h"

namespace leat {

Outcome acl_gentoken(Context&, Args);
Outcome acl_resttoken(Context&, Args);
Outcome acl_tokens(Context&, Args);

// Users are of the log: while it is read nobody may change them.
Status may_change_users(const Context& ctx);
// Into the log, and in force at once: connections end that may not go on as they are.
void put_user(Context& ctx, access::User user);

}  // namespace leat
