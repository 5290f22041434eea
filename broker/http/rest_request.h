// SPDX-License-Identifier: Apache-2.0
// rest_request.h: what a target asks for, and the requests that it becomes.
//
// Used by: RestSession.
// Source:  ../shared/REST.md 1.1, section 3; docs/rest.md for /consume
#pragma once

#include "broker/http/http_reader.h"
#include "broker/http/json_rows.h"
#include "broker/http/target.h"

namespace leat {

enum class RestKind : uint8_t {
  kCommand,      // one, in the path or in the body
  kRows,         // /pipeline
  kTransaction,  // /multi-exec
  kMessages,     // /subscribe, /psubscribe, /monitor: a stream of events
  kEntries,      // /consume: the same, of a stream's entries
  kHealth,
  kMetrics,
  kWelcome,      // GET /
  kPreflight,    // OPTIONS
};
RestKind kind_of(HttpMethod method, const Target& target);

// The words of the path; a body is one more, and each pair of the query two.
std::optional<Refusal> read_path(const Target& target, View body, const JsonRows::Limits& limits, Rows& rows);

// A member of a group who reads /consume/{key}?group=…&consumer=…[&count=…][&claim=…].
struct Consumer {
  Bytes key, group, name;
  Bytes count;     // entries of one answer
  Bytes claim_ms;  // whoever holds an entry for longer, it is delivered again, to this one; empty: nobody loses one
  Bytes from;      // ">": what nobody has. Else an id: what is held by it behind that one comes first
};
std::optional<Refusal> read_consumer(const Target& target, const std::optional<Bytes>& last_event_id,
                                     Consumer& consumer);
Rows next_entries(const Consumer& consumer);  // XREADGROUP

}  // namespace leat
