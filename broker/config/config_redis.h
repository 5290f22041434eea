// SPDX-License-Identifier: Apache-2.0
// config_redis.h: the names of Redis 7.4 that leat has no setting of its own for, so that CONFIG knows them all.
//
// Used by: config.cc, for its one table of keys.
// Always:  - what only tunes Redis' own works (how it rewrites, defragments …) is remembered and does nothing;
//          - what would promise something that leat does not do (replication …) has one value, and refuses others;
//          - a value just read can be set again.
#pragma once

#include "broker/config/config.h"

namespace leat {

void append_redis_keys(std::vector<ConfigKey>& keys);

}  // namespace leat
