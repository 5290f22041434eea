// SPDX-License-Identifier: Apache-2.0
// bitmap_commands.h: the bitmap family's handlers that stand in a file of their own, and what the files share. The rows
// of all stand in bitmap.cc.
#pragma once

#include "broker/commands/context.h"

namespace leat {

// bitfield.cc: integers of any width within a string
Outcome bitfield(Context&, Args);
Outcome bitfield_ro(Context&, Args);

// A bit's place: not negative, and within the longest string there may be. "#3" stands for the third field of
// that width.
Result<uint64_t> bit_offset_of(const Context& ctx, View text);
Result<uint64_t> field_offset_of(const Context& ctx, View text, unsigned width);

}  // namespace leat
