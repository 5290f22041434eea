// SPDX-License-Identifier: Apache-2.0
// stream_progress.h: how many entries a group has read of all that were ever added, as far as that can be known.
//
// Used by: XREADGROUP, which keeps the count while it can; XINFO, which shows it and the lag.
// Always:  - a count is exact or absent. Ids are not numbered, so an entry deleted in the middle takes the count away
//            until a group has come past it.
// Source:  https://redis.io/docs/latest/commands/xinfo-groups/, "Consumer group lag"
#pragma once

#include "broker/keyspace/stream.h"
#include "schemas/effect.h"

namespace leat {

// Entries added up to and including that id; kEntriesReadUnknown where nobody can tell.
int64_t entries_until(const Stream& stream, StreamId id);

// The group's count after it has read `ids`, which follow its cursor.
int64_t entries_read_after(const Stream& stream, const consumers::Group& group, StreamIds ids);

// Entries that the group has still to read.
std::optional<int64_t> lag_of(const Stream& stream, const consumers::Group& group);

}  // namespace leat
