// SPDX-License-Identifier: Apache-2.0
// restored.h: the value that a dump holds becomes that of a key.
//
// Used by: RESTORE; Rollback.
#pragma once

#include "broker/commands/context.h"
#include "broker/rdb/dump_reader.h"

namespace leat {

// Emits what makes the key, which must be absent. The object was checked (rdb/restored_value.h), or we wrote it.
void emit_restored(Context& ctx, View key, TimeMs expire_at_ms, const rdb::Object& object,
                   const rdb::Input::Limits& limits);

}  // namespace leat
