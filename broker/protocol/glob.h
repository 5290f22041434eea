// SPDX-License-Identifier: Apache-2.0
// glob.h: glob patterns of bytes, as Redis matches them.
//
// Used by: KEYS, SCAN, pub/sub, CONFIG GET …; the rules about users (broker/access).
#pragma once

#include "schemas/bytes.h"

namespace leat {

// Glob match as KEYS, SCAN and PSUBSCRIBE do it: * ? [a-z] [^x] \x. Backtracking is bounded: time is at most
// pattern * text.
bool glob_match(View pattern, View text, bool any_case = false);

}  // namespace leat
