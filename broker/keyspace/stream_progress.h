// SPDX-License-Identifier: Apache-2.0
// stream_progress.h: how far a group has come: the entries it has read of all that were ever added, as far as that can
// be known, and those it has still to read, which is always known.
//
// Used by: XREADGROUP, which keeps the count of entries read while it can; XINFO, which shows it and the lag.
// Always:  - the count of entries read is exact or absent, as Redis documents it. Ids are not numbered, so an entry
//            deleted in the middle takes the count away until a group has come past it;
//          - the lag is exact and never absent: it is no difference of counts. What a group has still to read are the
//            live entries behind its last delivered id, and the stream's chunks, which know how many live entries they
//            hold, tell how many those are: the chunk is found by binary search, the chunks behind it are added up
//            block by block (leaves.h), and the one chunk in question is looked through. So XDEL, XTRIM, XSETID, XGROUP
//            SETID and a group made in the middle of the stream change nothing about it, and it costs no memory.
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
inline uint64_t lag_of(const Stream& stream, const consumers::Group& group) {
  return stream.count_after(group.last_delivered());
}

}  // namespace leat
