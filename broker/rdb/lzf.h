// SPDX-License-Identifier: Apache-2.0
// lzf.h: LZF, as long strings of a dump are
// compressed. [liblzf]
//
// Used by: the dump's reader (expand) and its writer (compress).
// Always:  - no memory is taken for what the compressed bytes cannot become.
#pragma once

#include "schemas/bytes.h"

namespace leat::rdb {

// Into `out`, which becomes `size` bytes long. False when that is not what they are; `out` is then anything.
bool lzf_expand(View compressed, uint64_t size, Bytes& out);
// Behind `out`; the bytes it took, or 0, with `out` as it was, when that would save less than `saved_min`.
size_t lzf_append(Bytes& out, View plain, size_t saved_min);

}  // namespace leat::rdb
