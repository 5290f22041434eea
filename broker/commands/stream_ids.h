// SPDX-License-Identifier: Apache-2.0
// stream_ids.h: how clients write the ids of stream entries, and how an id, an entry, a run of entries is answered.
//
// Used by: the stream commands.
// Always:  - `ms` alone means seq 0, at the upper end of a range seq UINT64_MAX;
//          - "-" and "+" are ids only where a range (or XGROUP SETID) is meant;
//          - what a cursor shows is written before the next emit, with which it dies.
#pragma once

#include "broker/commands/context.h"
#include "broker/keyspace/stream.h"

namespace leat {

extern const Status kInvalidStreamId;  // ERR Invalid stream ID specified …

Result<StreamId> stream_id_of(View text);          // ms-seq or ms
Result<StreamId> stream_id_or_edge_of(View text);  // - and + too
Result<StreamId> range_start_of(View text);        // and "(" before an id: not the id itself
Result<StreamId> range_end_of(View text);
Result<std::vector<StreamId>> stream_ids_of(Views words);

// What XADD is told: * (neither part is given), ms-* (the first is), ms-seq.
struct NewId {
  std::optional<uint64_t> ms;
  std::optional<uint64_t> seq;
};
Result<NewId> new_id_of(View text);

Bytes id_text(StreamId id);
Replied reply_id(ReplySink& reply, StreamId id);

// [id, [field, value ...]]. `scratch` is there to be reused from entry to entry.
Replied reply_entry(ReplySink& reply, const Stream::Cursor& at, std::vector<View>& scratch);
// [entry ...]: at most `count`, up to `last`; forwards from `at`.
Replied reply_entries(ReplySink& reply, Stream::Cursor at, StreamId last, uint64_t count);

}  // namespace leat
