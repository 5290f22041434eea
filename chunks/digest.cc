// SPDX-License-Identifier: Apache-2.0
#include "chunks/digest.h"

// Compiled in: a key of some ten bytes then costs a third of what a call into the library does.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace leat::digest {

uint64_t of(View bytes, uint64_t seed) { return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed); }

uint64_t chain(uint64_t digest, uint64_t next) {
  const uint64_t pair[] = {digest, next};
  return XXH3_64bits(pair, sizeof pair);
}

}  // namespace leat::digest
