// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/restored.h"

#include "broker/rdb/restored_value.h"

namespace leat {

void emit_restored(Context& ctx, View key, TimeMs expire_at_ms, const rdb::Object& object,
                   const rdb::Input::Limits& limits) {
  const rdb::ValueEffects::Emit emit = [&ctx](const Effect& effect) {
    std::visit([&ctx](const auto& one) { ctx.emit(one); }, effect);
  };
  rdb::ValueEffects(ctx.database(), key, expire_at_ms, emit).emit(object, limits);
}

}  // namespace leat
