// SPDX-License-Identifier: Apache-2.0
// publish.h: a message goes to all who listen to its channel.
//
// Used by: PUBLISH and SPUBLISH; the executor, for keyspace events.
// Always:  - each receiver's copy carries the publisher's stamp: nobody hears of what a crash could take back;
//          - who publishes to himself, or is in the middle of a reply for another reason, gets it behind that reply.
#pragma once

#include "broker/rooms.h"

namespace leat {

// `self`: whose request publishes; null: nobody's. Returns how many got it.
int64_t publish(Rooms& rooms, const Client* self, const Stamp& stamp, View channel, View message);
int64_t publish_to_shard(Rooms& rooms, const Client* self, const Stamp& stamp, View channel, View message);

}  // namespace leat
