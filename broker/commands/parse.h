// SPDX-License-Identifier: Apache-2.0
// parse.h: what several families read from their arguments the same way, with Redis' error texts.
#pragma once

#include "broker/commands/table.h"
#include "broker/protocol/glob.h"
#include "broker/protocol/numbers.h"
#include "schemas/ids.h"
#include "schemas/status.h"

namespace leat {

extern const Status kSyntaxError;    // ERR syntax error
extern const Status kNotAnInteger;   // ERR value is not an integer or out of range
extern const Status kNotAFloat;      // ERR value is not a valid float
extern const Status kNoSuchKey;      // ERR no such key
extern const Status kOutOfRange;     // ERR value is out of range
extern const Status kMustBePositive; // ERR value is out of range, must be positive

Result<int64_t> integer_of(View text);                       // kNotAnInteger
Result<int64_t> magnitude_of(View text);                     // the same, of what may be negated: not INT64_MIN
Result<int64_t> integer_of(View text, const Status& error);  // its own error
Result<uint64_t> count_of(View text);                        // kMustBePositive when negative or no integer
Result<TimeMs> timeout_ms_of(View seconds);                  // BLPOP's: fractional seconds, 0 for ever
Result<TimeMs> block_ms_of(View milliseconds);               // XREAD BLOCK's
Result<DbIndex> database_of(View text);                      // SELECT's

// A count of keys that follows (LMPOP, ZUNION …): positive, and there. `first` is the word after the count.
Result<size_t> key_count_of(View text, size_t words_left, View error_when_not_positive);

// start and end as GETRANGE, LRANGE, ZRANGE mean them: negative counts from the end; an empty range has count 0.
struct IndexRange {
  uint64_t first = 0;
  uint64_t count = 0;
};
IndexRange index_range(int64_t start, int64_t end, uint64_t size);

// How many items a negative count of HRANDFIELD, SRANDMEMBER or ZRANDMEMBER may ask for: each is in the reply.
constexpr uint64_t kRandomRepeatsMax = uint64_t{1} << 26;

}  // namespace leat
