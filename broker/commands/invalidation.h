// SPDX-License-Identifier: Apache-2.0
// invalidation.h: clients that keep copies of keys (tracking.h) are told which of them have changed.
//
// Used by: the executor, when a command has run; CLIENT TRACKING.
// Always:  - a message carries the stamp of the change: nobody drops a copy for what a crash could take back;
//          - in RESP3 it is a push "invalidate"; to a RESP2 client that listens to __redis__:invalidate, a message.
// Source:  https://redis.io/docs/latest/develop/reference/client-side-caching/
#pragma once

#include "broker/commands/context.h"

namespace leat {

// What the command read is remembered for its client, if that tracks.
void remember_reads(Context& ctx, Args args);
// `self`: whose command has changed something; null: nobody's.
void send_invalidations(Rooms& rooms, const Client* self, const Stamp& stamp);
void stop_tracking(Rooms& rooms, Client& client);  // idempotent

}  // namespace leat
