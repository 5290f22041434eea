// SPDX-License-Identifier: Apache-2.0
// ids.h: the numbers that name things. One word, one meaning (STYLE.md, Names).
#pragma once

#include <compare>
#include <cstdint>

namespace leat {

using Index = uint64_t;    // a record's number in the log; contiguous from 1, 0 is "before everything"
using Ticket = uint64_t;   // a client's number, never reused while the process lives
using DbIndex = uint16_t;  // a logical database, 0 to 15
using ValueId = uint64_t;  // names a large value; permanent, never reused; 0 is none
using ChunkId = uint64_t;  // names a chunk and its row in a snapshot; permanent, never reused
using TimeMs = int64_t;    // milliseconds; broker time since the Unix epoch unless the name says monotonic

// The id of a stream entry: milliseconds, then a sequence number within them. https://redis.io/docs/data-types/streams/
struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;
  friend auto operator<=>(const StreamId&, const StreamId&) = default;

  bool is_zero() const { return ms == 0 && seq == 0; }
  bool is_max() const { return ms == UINT64_MAX && seq == UINT64_MAX; }
  // The next id; the largest id has none and stays as it is.
  StreamId next() const {
    if (seq != UINT64_MAX) return {ms, seq + 1};
    return ms != UINT64_MAX ? StreamId{ms + 1, 0} : *this;
  }
  StreamId previous() const {
    if (seq != 0) return {ms, seq - 1};
    return ms != 0 ? StreamId{ms - 1, UINT64_MAX} : *this;
  }
};
constexpr StreamId kStreamIdMax{UINT64_MAX, UINT64_MAX};

}  // namespace leat
