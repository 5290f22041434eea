// SPDX-License-Identifier: Apache-2.0
// stream_trim.h: how XADD and XTRIM shorten a stream: MAXLEN or MINID, exactly or nearly, and what the groups keep of
// it. https://redis.io/docs/latest/commands/xtrim/
//
// Used by: XADD and XTRIM.
// Always:  - never fewer entries stay than were asked for; nearly (~) leaves less than kStepMax more, unless LIMIT
//            ends it;
//          - with ACKED only what no group holds goes, the oldest first, and no more than without it.
#pragma once

#include "broker/commands/stream_references.h"

namespace leat {

struct Trim {
  enum class By : uint8_t { kNothing, kLength, kId };
  By by = By::kNothing;
  bool approximate = false;
  std::optional<References> references;
  uint64_t keep = 0;              // MAXLEN
  StreamId min;                   // MINID
  std::optional<uint64_t> limit;  // of entries to drop (with ACKED: to look at); 0: as many as there are
};

// MAXLEN|MINID [=|~] threshold, LIMIT count, KEEPREF|DELREF|ACKED. Moves `i` to the last word it took; false when the
// word is none of these.
Result<bool> parse_trim_word(Args args, size_t& i, Trim& trim);
Status check_trim(const Trim& trim);   // LIMIT wants something to limit
Status check_limit(const Trim& trim);  // … and ~

// How many of the `size` oldest entries go; `older` of them have ids below trim.min.
uint64_t drop_count(const Context& ctx, const Trim& trim, uint64_t size, uint64_t older);

// Whether what goes depends on the groups, or they on it; if not, the oldest drop_count() entries go.
inline bool asks_groups(const Trim& trim, const Stream& stream) {
  return trim.references.value_or(References::kKeep) != References::kKeep && !stream.groups().empty();
}

// Trims the stream, which is there, as it is now; how many entries went.
uint64_t trim_stream(Context& ctx, View key, const Trim& trim);

}  // namespace leat
