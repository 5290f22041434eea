// SPDX-License-Identifier: Apache-2.0
// dump_writer.h: writes a value as RESTORE reads it, here and in Redis.
//
// Used by: DUMP.
// Always:  - it is laid out as the oldest Redis that can hold all of the value reads it, and says that version: 2.6 for
//            all but streams, 5 for streams that never lost an entry, 7.0 for the others, 7.4 for fields
//            with lifetimes;
//          - it is written straight behind `out`; nothing of the value is copied elsewhere but a node of a stream.
#pragma once

#include "broker/keyspace/keyspace.h"
#include "broker/keyspace/stream.h"
#include "broker/rdb/output.h"

namespace leat::rdb {

// Fields of a hash that are due by then are left out.
void append_dump(Bytes& out, const Database& database, const Found& found, TimeMs now_ms);

// Behind the layout. The streams' part, in stream_writer.cc. `counted`: with what Redis 7.0 added.
bool needs_counts(const Stream& stream);
void write_stream(Output& to, const Stream& stream, bool counted);

}  // namespace leat::rdb
