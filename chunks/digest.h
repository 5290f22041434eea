// SPDX-License-Identifier: Apache-2.0
// digest.h: a 64-bit digest of bytes, for hash tables, tests, `leat check` and the log's digest records.       [xxHash]
//
// Used by: ChunkStore::hash_of and Stamps, at every look-up of a key; every value's digest(), which composes these.
// Always:  - `of` is for one run of bytes, `chain` where order has meaning, `mix` where it has none.
#pragma once

#include "schemas/bytes.h"

namespace leat::digest {

uint64_t of(View bytes, uint64_t seed = 0);  // XXH3
uint64_t chain(uint64_t digest, uint64_t next);
inline uint64_t chain(uint64_t digest, View next) { return chain(digest, of(next)); }
inline uint64_t mix(uint64_t digest, uint64_t next) { return digest + chain(0x9e3779b97f4a7c15, next); }

}  // namespace leat::digest
