// SPDX-License-Identifier: Apache-2.0
// rest_manners.h: what is different for who asks over REST: which commands are not for him, and how long he may wait.
//
// Used by: the executor, for clients with a RestCaller; handlers whose behaviour at Upstash differs ask by_rest().
// Source:  the table of docs/rest.md
#pragma once

#include "broker/client.h"
#include "broker/commands/context.h"

namespace leat {

// Whether the request is the door's own: a row of somebody's /multi-exec that says EXEC is not.
inline bool is_own(const Client& client) { return client.replies >= client.rest->own_from; }
// Commands that are about a connection, which a caller over REST has none of; and names that there are not.
Status rest_refusal(const Client& client, const Command* command, Args args);
// NOPERM as Upstash words it: a token tells no name.
Status rest_words(const Client& client, const Status& forbidden);
// Whether words are enough over REST that are too few for Redis: UNLINK without a key.
bool rest_takes(const Command& command, Args args);
// A proxy in between gives up what takes for ever: the wait ends as if its time had come.
void shorten(Wait& wait, const RestCaller& caller, TimeMs arrived_ms);

inline bool by_rest(const Context& ctx) { return ctx.client.rest != nullptr; }

}  // namespace leat
