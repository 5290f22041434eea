// SPDX-License-Identifier: Apache-2.0
// raw_string.h: strings that are made of bytes rather than given as text: OBJECT ENCODING calls them raw,
// however short.
//
// Used by: BITOP, PFADD and their kin.
#pragma once

#include "broker/commands/context.h"
#include "broker/keyspace/encoding.h"

namespace leat {

// `value` must not be borrowed from the keyspace.
inline void emit_raw_string(Context& ctx, View key, View value, TimeMs expire_at_ms) {
  ctx.emit(StringSet{.key = key, .value = value, .expire_at_ms = expire_at_ms});
  // Whatever is written in place is labelled so.
  if (encoding_of_text(value) != Encoding::kRaw)
    ctx.emit(StringWrite{.key = key, .offset = 0, .bytes = value.substr(0, 1)});
}

}  // namespace leat
