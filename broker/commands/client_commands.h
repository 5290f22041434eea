// SPDX-License-Identifier: Apache-2.0
// client_commands.h: CLIENT's sub-commands; their rows stand with the connection family's.
#pragma once

#include "broker/commands/context.h"

namespace leat {

Outcome client_caching(Context&, Args);
Outcome client_container(Context&, Args);
Outcome client_durability(Context&, Args);
Outcome client_getname(Context&, Args);
Outcome client_getredir(Context&, Args);
Outcome client_id(Context&, Args);
Outcome client_info(Context&, Args);
Outcome client_kill(Context&, Args);
Outcome client_list(Context&, Args);
Outcome client_no_evict(Context&, Args);
Outcome client_no_touch(Context&, Args);
Outcome client_pause(Context&, Args);
Outcome client_reply(Context&, Args);
Outcome client_setinfo(Context&, Args);
Outcome client_setname(Context&, Args);
Outcome client_tracking(Context&, Args);
Outcome client_trackinginfo(Context&, Args);
Outcome client_unblock(Context&, Args);
Outcome client_unpause(Context&, Args);

// One line of CLIENT LIST, without its end.
Bytes client_line(const Rooms& rooms, const Client& client);
// Those of all clients that are doomed: also what they still have in a transaction is nobody's.
void end_connections(Context& ctx, const std::function<bool(const Client&)>& doomed);
// Closes the connection; the one that asks for it still hears the answer.
void end_connection(Context& ctx, Client& client);

// Names and versions go into CLIENT LIST, which is split at blanks and line ends.
Status check_client_word(View what, View word);

}  // namespace leat
