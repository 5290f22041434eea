// SPDX-License-Identifier: Apache-2.0
// encoding.h: which label OBJECT ENCODING shows. A label only ever moves towards the larger encoding, except a list's.
//
// Used by: apply, right after a change; `added` is what the change brought.
// Always:  - labels are no state: they depend on configuration, are in no digest, and loading computes them anew.
#pragma once

#include "broker/keyspace/encoding_limits.h"
#include "broker/keyspace/hash.h"
#include "broker/keyspace/list.h"
#include "broker/keyspace/set.h"
#include "broker/keyspace/sorted_set.h"
#include "schemas/effect.h"

namespace leat {

void relabel(List& list, const EncodingLimits& limits);
void relabel(Hash& hash, Views added, const EncodingLimits& limits);
void relabel(Hash& hash);  // after a change of its fields' lifetimes
void relabel(Set& set, Views added, bool created, const EncodingLimits& limits);
void relabel(SortedSet& set, ScoredMembers added, const EncodingLimits& limits);
// A value that came out of a snapshot, without a label.
void label_anew(Value& value, const EncodingLimits& limits);
// A string's: "int", "embstr" or "raw".
Encoding encoding_of_text(View text);

}  // namespace leat
