// SPDX-License-Identifier: Apache-2.0
// monitor.cc: MONITOR: a line for each command that is executed (monitors.h).
// https://redis.io/docs/latest/commands/monitor/
#include "broker/commands/executor.h"
#include "broker/commands/families.h"

namespace leat {

namespace {

// MONITOR: until RESET, or the connection's end
Outcome monitor(Context& ctx, Args) {
  if (ctx.nested) return Status::error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  ctx.client.monitors = true;
  ctx.rooms.monitors.add(ctx.client.id);
  return ctx.reply.ok();
}

constexpr CommandRow kRows[] = {
    // name    arity keys          traits                                   handler
    {"MONITOR", 1,   Keys::none(), kAdmin | kNoScript | kLoading | kStale | kNoRest, monitor},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kMonitorFamily{"server", kRows};

}  // namespace leat
