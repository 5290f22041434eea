// SPDX-License-Identifier: Apache-2.0
// command_info.cc: COMMAND: what the rows of the table say. https://redis.io/docs/latest/commands/command/
#include <algorithm>

#include "broker/commands/categories.h"
#include "broker/commands/command_tips.h"
#include "broker/commands/key_specs.h"
#include "broker/commands/parse.h"
#include "broker/commands/server_commands.h"
#include "broker/protocol/words.h"

namespace leat {

namespace {

struct Named {
  Trait trait;
  View name;
};
constexpr Named kFlagNames[] = {{kWrite, "write"},     {kReadOnly, "readonly"},       {kDenyOom, "denyoom"},
                                {kAdmin, "admin"},     {kNoScript, "noscript"},       {kNoSlowLog, "skip_slowlog"},
                                {kBlocks, "blocking"}, {kLoading, "loading"},         {kStale, "stale"},
                                {kFast, "fast"},       {kNoAuth, "no_auth"},          {kMovableKeys, "movablekeys"},
                                {kBusy, "allow_busy"}, {kNoMulti, "no_multi"}};

std::vector<View> flags_of(const Command& command) {
  std::vector<View> flags;
  for (const Named& one : kFlagNames) {
    if (command.is(one.trait)) flags.push_back(one.name);
  }
  const bool about_help = command.row.name.ends_with("|HELP");
  if (command.family == "pubsub" && !command.is(kContainer) && !about_help) flags.push_back("pubsub");
  if (command.is(kRunsScript)) flags.insert(flags.end(), {"no_mandatory_keys", "skip_monitor"});
  return flags;
}

std::vector<Bytes> category_names(access::Categories categories) {
  std::vector<Bytes> names;
  for (size_t i = 0; i < access::kCategoryNames.size(); ++i) {
    if (categories >> i & 1) names.push_back("@" + Bytes(access::kCategoryNames[i]));
  }
  return names;
}

Replied describe(ReplySink& reply, const Command& command) {
  const CommandRow& row = command.row;
  const bool ranged = row.keys.kind == Keys::Kind::kRange || row.keys.kind == Keys::Kind::kShards ||
                      row.keys.kind == Keys::Kind::kStored || row.keys.kind == Keys::Kind::kMigrated;
  const bool counted_too = row.keys.kind == Keys::Kind::kCounted && row.keys.first > 0;
  reply.array(10);
  reply.bulk(lower(row.name));
  reply.integer(row.arity);
  const auto flags = flags_of(command);
  reply.set(flags.size());
  for (const View flag : flags) reply.simple(flag);
  reply.integer(ranged || counted_too ? row.keys.first : 0);
  reply.integer(ranged ? row.keys.last : counted_too ? row.keys.first : 0);
  reply.integer(ranged ? row.keys.step : counted_too ? 1 : 0);
  const auto categories = category_names(categories_of(command));
  reply.set(categories.size());
  for (const Bytes& category : categories) reply.simple(category);
  const auto tips = words_of(tips_of(row.name));
  reply.array(tips.size());
  for (const View tip : tips) reply.bulk(tip);
  tell_key_specs(reply, command);
  reply.array(command.subcommands.size());
  for (const Command* sub : command.subcommands) describe(reply, *sub);
  return {};
}

Result<std::vector<size_t>> positions_of(Context& ctx, Args args) {
  const Args request(args.from(2));
  const Command* const command = ctx.rooms.table.find(request);
  if (command == nullptr) return Status::error("ERR Invalid command specified");
  if (!command->row.keys.any()) return Status::error("ERR The command has no key arguments");
  const int words = static_cast<int>(request.size());
  const bool fits = command->row.arity < 0 ? words >= -command->row.arity : words == command->row.arity;
  if (!fits) return Status::error("ERR Invalid number of arguments specified for command");
  auto positions = key_positions(command->row, request);
  // They may have none, and Redis counts no further.
  if (!positions && command->is(kRunsScript)) return std::vector<size_t>();
  if (!positions) return Status::error("ERR Invalid arguments specified for command");
  if (positions->empty() && !command->is(kRunsScript)) return Status::error("ERR The command has no key arguments");
  return std::move(*positions);
}

}  // namespace

// COMMAND
Outcome command_all(Context& ctx, Args args) {
  if (args.size() > 1) return arity_error(ctx.command);
  ctx.reply.array(ctx.rooms.table.top_level());
  for (const Command& command : ctx.rooms.table.all()) {
    if (!command.is_subcommand) describe(ctx.reply, command);
  }
  return Replied();
}

Outcome command_count(Context& ctx, Args) {
  return ctx.reply.integer(static_cast<int64_t>(ctx.rooms.table.top_level()));
}

// COMMAND INFO [name ...]
Outcome command_info(Context& ctx, Args args) {
  if (args.size() == 2) return command_all(ctx, Args(args.slice(0, 1)));
  ctx.reply.array(args.size() - 2);
  for (const View name : args.from(2)) {
    const Command* const command = ctx.rooms.table.find(name);
    if (command == nullptr) ctx.reply.null();
    else describe(ctx.reply, *command);
  }
  return Replied();
}

// COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]
Outcome command_list(Context& ctx, Args args) {
  const bool filtered = args.size() == 5 && same_word(args[2], "FILTERBY");
  if (args.size() != 2 && !filtered) return kSyntaxError;
  const View by = filtered ? args[3] : View(), value = filtered ? args[4] : View();
  const bool by_module = same_word(by, "MODULE"), by_category = same_word(by, "ACLCAT"),
             by_pattern = same_word(by, "PATTERN");
  if (filtered && !by_module && !by_category && !by_pattern) return kSyntaxError;
  std::vector<Bytes> names;
  for (const Command& command : ctx.rooms.table.all()) {
    if (by_module) break;  // there are no modules
    const Bytes name = lower(command.row.name);
    if (by_category && !(categories_of(command) & access::category_named(value).value_or(0))) continue;
    if (by_pattern && !glob_match(value, name, true)) continue;
    names.push_back(name);
  }
  ctx.reply.set(names.size());
  for (const Bytes& name : names) ctx.reply.bulk(name);
  return Replied();
}

// COMMAND GETKEYS command [arg ...]
Outcome command_getkeys(Context& ctx, Args args) {
  const auto positions = positions_of(ctx, args);
  if (!positions.ok()) return positions.status();
  ctx.reply.array(positions->size());
  for (const size_t at : *positions) ctx.reply.bulk(args[2 + at]);
  return Replied();
}

// COMMAND GETKEYSANDFLAGS command [arg ...]
Outcome command_getkeysandflags(Context& ctx, Args args) {
  const auto positions = positions_of(ctx, args);
  if (!positions.ok()) return positions.status();
  const Args request(args.from(2));
  const Command& command = *ctx.rooms.table.find(request);
  ctx.reply.array(positions->size());
  for (size_t i = 0; i < positions->size(); ++i) {
    const auto flags = words_of(key_flags(command, i, request));
    ctx.reply.array(2);
    ctx.reply.bulk(args[2 + (*positions)[i]]);
    ctx.reply.set(flags.size());
    for (const View flag : flags) ctx.reply.simple(flag);
  }
  return Replied();
}

}  // namespace leat
