// SPDX-License-Identifier: Apache-2.0
// module.cc: MODULE: there are none, and none can be loaded. https://redis.io/docs/latest/commands/?group=server
#include "broker/broker.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"
#include "broker/config/door.h"

namespace leat {

namespace {

Outcome module(Context& ctx, Args) { return arity_error(ctx.command); }

// MODULE LIST  →  [one for each: none]
Outcome module_list(Context& ctx, Args) { return ctx.reply.array(0); }

Status may_change(const Context& ctx) {
  return may_run("MODULE", ctx.rooms.config.module_commands, ctx.client.transport.peer());
}

// MODULE LOAD path [arg ...], MODULE LOADEX path [CONFIG name value ...] [ARGS arg ...]
Outcome module_load(Context& ctx, Args) {
  if (const Status may = may_change(ctx); !may.ok()) return may;
  return Status::error("ERR Error loading the extension: leat has no modules, what it offers is built in");
}

// MODULE UNLOAD name
Outcome module_unload(Context& ctx, Args) {
  if (const Status may = may_change(ctx); !may.ok()) return may;
  return Status::error("ERR Error unloading module: no such module with that name");
}

constexpr uint32_t kOfModules = kAdmin | kNoScript;
constexpr CommandRow kRows[] = {
    // name           arity keys          traits             handler
    {"MODULE",         -2,  Keys::none(), kContainer,        module},
    {"MODULE|HELP",    2,   Keys::none(), kLoading | kStale, subcommand_help},
    {"MODULE|LIST",    2,   Keys::none(), kOfModules,        module_list},
    {"MODULE|LOAD",    -3,  Keys::none(), kOfModules,        module_load},
    {"MODULE|LOADEX",  -3,  Keys::none(), kOfModules,        module_load},
    {"MODULE|UNLOAD",  3,   Keys::none(), kOfModules,        module_unload},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kModuleFamily{"server", kRows};

}  // namespace leat
