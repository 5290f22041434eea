// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/help.h"

#include "broker/commands/table.h"

namespace leat {

Outcome subcommand_help(Context& ctx, Args args) {
  const Command* const container = ctx.rooms.table.find(args[0]);
  ctx.reply.array(1 + container->subcommands.size());
  ctx.reply.simple(upper(args[0]) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const Command* sub : container->subcommands) {
    const int words = (sub->row.arity < 0 ? -sub->row.arity : sub->row.arity) - 2;
    Bytes line = Bytes(sub->row.name.substr(sub->row.name.find('|') + 1));
    if (words > 0) line += " (" + std::to_string(words) + (words == 1 ? " argument" : " arguments");
    if (words > 0) line += sub->row.arity < 0 ? " or more)" : ")";
    ctx.reply.simple(line);
  }
  return Replied();
}

Status subcommand_error(Args args) {
  return Status::error("ERR unknown subcommand or wrong number of arguments for '" + Bytes(args[1].substr(0, 128)) +
                       "'. Try " + upper(args[0]) + " HELP.");
}

}  // namespace leat
