// SPDX-License-Identifier: Apache-2.0
// command_docs.cc: COMMAND DOCS: what commands do and take (docs.h).
// https://redis.io/docs/latest/commands/command-docs/
#include "broker/commands/docs.h"

#include <algorithm>

#include "broker/commands/parse.h"
#include "broker/commands/server_commands.h"

namespace leat {

namespace {

void tell_flags(ReplySink& reply, const ArgumentDoc& one) {
  std::vector<View> flags;
  if (one.optional) flags.push_back("optional");
  if (one.multiple) flags.push_back("multiple");
  if (one.multiple_token) flags.push_back("multiple_token");
  if (flags.empty()) return;
  reply.bulk("flags");
  reply.set(flags.size());
  for (const View flag : flags) reply.simple(flag);
}

void tell_arguments(ReplySink& reply, const std::vector<ArgumentDoc>& arguments, int64_t& keys) {
  reply.array(arguments.size());
  for (const ArgumentDoc& one : arguments) {
    const bool is_key = one.type == "key", shown = one.inner.empty() && one.type != "pure-token";
    const bool flagged = one.optional || one.multiple || one.multiple_token;
    reply.map(2 + size_t{shown} + size_t{is_key} + size_t{one.has_token} + size_t{flagged} +
              size_t{!one.inner.empty()});
    reply.bulk("name");
    reply.bulk(one.name);
    reply.bulk("type");
    reply.bulk(one.type);
    if (shown) reply.bulk("display_text"), reply.bulk(one.name);
    if (is_key) reply.bulk("key_spec_index"), reply.integer(keys++);
    if (one.has_token) reply.bulk("token"), reply.bulk(one.token);
    tell_flags(reply, one);
    if (one.inner.empty()) continue;
    reply.bulk("arguments");
    tell_arguments(reply, one.inner, keys);
  }
}

void tell_flag(ReplySink& reply, View flag) {
  reply.bulk("doc_flags");
  reply.set(1);
  reply.simple(flag);
}

void tell_deprecation(ReplySink& reply, const Deprecation& deprecated) {
  tell_flag(reply, "deprecated");
  reply.bulk("deprecated_since");
  reply.bulk(deprecated.since);
  reply.bulk("replaced_by");
  reply.bulk(deprecated.instead);
}

void tell(ReplySink& reply, const Command& command) {
  const FoundDoc found = find_doc(command.row.name);
  const std::vector<ArgumentDoc> arguments = argument_docs(found.doc == nullptr ? View() : found.doc->syntax);
  const Deprecation* const deprecated = deprecation_of(command.row.name);
  const bool of_the_house = is_of_the_house(command.row.name);
  const bool complexity = found.doc != nullptr && !found.doc->complexity.empty();
  reply.bulk(lower(command.row.name));
  reply.map(3 + size_t{complexity} + size_t{deprecated != nullptr} * 3 + size_t{of_the_house} +
            size_t{!arguments.empty()} + size_t{!command.subcommands.empty()});
  reply.bulk("summary");
  reply.bulk(found.doc == nullptr ? View() : found.doc->summary);
  reply.bulk("since");
  reply.bulk(found.doc == nullptr ? View() : found.doc->since);
  reply.bulk("group");
  reply.bulk(found.doc == nullptr ? command.family : found.group);
  if (complexity) reply.bulk("complexity"), reply.bulk(found.doc->complexity);
  if (of_the_house) tell_flag(reply, "syscmd");
  if (deprecated != nullptr) tell_deprecation(reply, *deprecated);
  if (!arguments.empty()) {
    int64_t keys = 0;
    reply.bulk("arguments");
    tell_arguments(reply, arguments, keys);
  }
  if (command.subcommands.empty()) return;
  reply.bulk("subcommands");
  reply.map(command.subcommands.size());
  for (const Command* sub : command.subcommands) tell(reply, *sub);
}

}  // namespace

// COMMAND DOCS [name ...]
Outcome command_docs(Context& ctx, Args args) {
  std::vector<const Command*> commands;
  for (const View name : args.from(2)) {
    if (const Command* const command = ctx.rooms.table.find(name)) commands.push_back(command);
  }
  for (const Command& command : ctx.rooms.table.all()) {
    if (args.size() == 2 && !command.is_subcommand) commands.push_back(&command);
  }
  ctx.reply.map(commands.size());
  for (const Command* command : commands) tell(ctx.reply, *command);
  return Replied();
}

}  // namespace leat
