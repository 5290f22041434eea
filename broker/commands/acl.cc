// SPDX-License-Identifier: Apache-2.0
// acl.cc: ACL: who may come in, and what they may do. https://redis.io/docs/latest/commands/acl/
// The rules are access/'s; where users come from the doorkeeper knows; the guard keeps them. Tokens are acl_token.cc's.
#include <algorithm>

#include "broker/access/passwords.h"
#include "broker/access/users_file.h"
#include "broker/broker.h"
#include "broker/commands/acl_commands.h"
#include "broker/commands/client_commands.h"
#include "broker/commands/families.h"
#include "broker/commands/help.h"
#include "broker/commands/parse.h"
#include "broker/doorkeeper.h"

namespace leat {

namespace {

using access::kDefaultUser;
using access::User;

const Status kNoFile = Status::error(
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
    "command and "
    "then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis "
    "configuration.");

Outcome acl_container(Context& ctx, Args) { return arity_error(ctx.command); }

// Whether the client listens where the user, as it is now, may not.
bool listens_beyond(const Client& client, const User& user) {
  if (user.all_channels()) return false;
  const std::vector<Bytes> allowed = user.channels();
  const auto beyond = [&](const auto& names, bool is_pattern) {
    return std::any_of(names.begin(), names.end(),
                       [&](const Bytes& name) { return !access::channel_fits(allowed, {name, is_pattern, 0}); });
  };
  return beyond(client.channels, false) || beyond(client.patterns, true) || beyond(client.shard_channels, false);
}

}  // namespace

Status may_change_users(const Context& ctx) {
  if (ctx.rooms.doorkeeper.complete()) return Status::fine();
  return Status::error("LOADING Redis is loading the dataset in memory");
}

void put_user(Context& ctx, User user) {
  ctx.emit_in(0, UserSet{.user = user.name(), .rules = user.stored()});
  const Bytes name = user.name();
  ctx.rooms.doorkeeper.put(std::move(user));
  end_connections(ctx, [&](const Client& client) {
    if (client.user == nullptr || client.user->name() != name) return false;
    return listens_beyond(client, *client.user) || ctx.rooms.doorkeeper.is_void(client);
  });
}

namespace {

void remove(Context& ctx, const Bytes& name) {
  if (ctx.rooms.keyspace.user(name)) ctx.emit_in(0, UserDelete{.user = name});
  ctx.rooms.doorkeeper.remove(name);
  end_connections(ctx, [&](const Client& client) { return client.user != nullptr && client.user->name() == name; });
}

// ACL SETUSER name [rule ...]: all of the rules, or none
Outcome acl_setuser(Context& ctx, Args args) {
  if (const Status may = may_change_users(ctx); !may.ok()) return may;
  if (access::has_blanks(args[2])) return Status::error("ERR Usernames can't contain spaces or null characters");
  ctx.rest_on_users();
  auto user = ctx.rooms.doorkeeper.users().changed(args[2], args.from(3), ctx.now_ms);
  if (!user.ok()) return Status::error("ERR " + Bytes(user.status().text()));
  put_user(ctx, std::move(*user));
  return ctx.reply.ok();
}

// ACL DELUSER name [name ...]  →  how many there were; their connections end
Outcome acl_deluser(Context& ctx, Args args) {
  if (const Status may = may_change_users(ctx); !may.ok()) return may;
  ctx.rest_on_users();
  const Views names = args.from(2);
  if (std::find(names.begin(), names.end(), kDefaultUser) != names.end()) {
    return Status::error("ERR The 'default' user cannot be removed");
  }
  int64_t deleted = 0;
  for (const View name : names) {
    if (ctx.rooms.doorkeeper.users().find(name) == nullptr) continue;
    remove(ctx, Bytes(name));
    ++deleted;
  }
  return ctx.reply.integer(deleted);
}

void tell_selector(ReplySink& reply, const access::Selector& selector) {
  reply.bulk("commands");
  reply.bulk(selector.commands_text());
  reply.bulk("keys");
  reply.bulk(selector.keys_text());
  reply.bulk("channels");
  reply.bulk(selector.channels_text());
}

// leat's own, and only where there are some: what reads Redis' reply by its places is not misled.
void tell_tokens(ReplySink& reply, const User& user) {
  reply.bulk("tokens");
  reply.array(user.tokens().size());
  for (const auto& token : user.tokens()) reply.bulk(token->word());
}

// ACL GETUSER name
Outcome acl_getuser(Context& ctx, Args args) {
  ctx.rest_on_users();
  const auto user = ctx.rooms.doorkeeper.users().find(args[2]);
  if (user == nullptr) return ctx.reply.null();
  const bool has_tokens = !user->tokens().empty();
  ctx.reply.map(has_tokens ? 7 : 6);
  ctx.reply.bulk("flags");
  const std::vector<View> flags = user->flags();
  ctx.reply.set(flags.size());
  for (const View flag : flags) ctx.reply.bulk(flag);
  ctx.reply.bulk("passwords");
  ctx.reply.array(user->digests().size());
  for (const Bytes& digest : user->digests()) ctx.reply.bulk(digest);
  const auto& selectors = user->selectors();
  tell_selector(ctx.reply, selectors.front());
  ctx.reply.bulk("selectors");
  ctx.reply.array(selectors.size() - 1);
  for (size_t i = 1; i < selectors.size(); ++i) {
    ctx.reply.map(3);
    tell_selector(ctx.reply, selectors[i]);
  }
  if (has_tokens) tell_tokens(ctx.reply, *user);
  return Replied();
}

// ACL LIST
Outcome acl_list(Context& ctx, Args) {
  ctx.rest_on_users();
  const auto& users = ctx.rooms.doorkeeper.users().all();
  ctx.reply.array(users.size());
  for (const auto& [name, user] : users) ctx.reply.bulk("user " + name + " " + user->text());
  return Replied();
}

// ACL USERS
Outcome acl_users(Context& ctx, Args) {
  ctx.rest_on_users();
  const auto& users = ctx.rooms.doorkeeper.users().all();
  ctx.reply.array(users.size());
  for (const auto& [name, user] : users) ctx.reply.bulk(name);
  return Replied();
}

Outcome acl_whoami(Context& ctx, Args) { return ctx.reply.bulk(ctx.client.user->name()); }

// ACL CAT [category]
Outcome acl_cat(Context& ctx, Args args) {
  if (args.size() > 3) return subcommand_error(args);
  if (args.size() == 2) {
    ctx.reply.array(access::kCategoryNames.size());
    for (const View name : access::kCategoryNames) ctx.reply.bulk(name);
    return Replied();
  }
  const auto category = access::category_named(args[2]);
  if (!category) return Status::error("ERR Unknown category '" + Bytes(args[2].substr(0, 128)) + "'");
  const access::Vocabulary& words = ctx.rooms.doorkeeper.users().words();
  std::vector<View> names;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].categories & *category) names.push_back(words[i].name);
  }
  ctx.reply.array(names.size());
  for (const View name : names) ctx.reply.bulk(name);
  return Replied();
}

// ACL DRYRUN name command [arg ...]  →  OK, or why not
Outcome acl_dryrun(Context& ctx, Args args) {
  ctx.rest_on_users();
  const auto user = ctx.rooms.doorkeeper.users().find(args[2]);
  if (user == nullptr) return Status::error("ERR User '" + Bytes(args[2]) + "' not found");
  const Args request(args.from(3));
  const Command* const command = ctx.rooms.table.find(request);
  const bool misnamed = command != nullptr && !command->subcommands.empty() && request.size() >= 2;
  if (command == nullptr || misnamed) return Status::error("ERR Command '" + Bytes(args[3]) + "' not found");
  const int words = static_cast<int>(request.size());
  const bool fits = command->row.arity < 0 ? words >= -command->row.arity : words == command->row.arity;
  if (!fits) return arity_error(*command);
  const access::Verdict verdict = ctx.rooms.executor.guard().judge(*user, *command, request);
  if (verdict.denial == access::Denial::kNone) return ctx.reply.ok();
  return ctx.reply.bulk(Guard::refusal(*user, *command, request, verdict, true));
}

// ACL GENPASS [bits]
Outcome acl_genpass(Context& ctx, Args args) {
  constexpr int64_t kBits = 256, kBitsMax = 4096;
  if (args.size() > 3) return subcommand_error(args);
  int64_t bits = kBits;
  if (args.size() == 3) {
    const auto given = integer_of(args[2]);
    if (!given.ok()) return given.status();
    bits = *given;
  }
  if (bits <= 0 || bits > kBitsMax) {
    return Status::error(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096");
  }
  return ctx.reply.bulk(access::random_digits(static_cast<size_t>(bits + 3) / 4));
}

// ACL LOG [count | RESET]
Outcome acl_log(Context& ctx, Args args) {
  constexpr int64_t kCount = 10;
  if (args.size() > 3) return subcommand_error(args);
  access::AccessLog& log = ctx.rooms.doorkeeper.log();
  int64_t count = kCount;
  if (args.size() == 3) {
    if (same_word(args[2], "RESET")) return log.clear(), ctx.reply.ok();
    const auto given = integer_of(args[2]);
    if (!given.ok()) return given.status();
    count = std::max<int64_t>(*given, 0);
  }
  const size_t shown = std::min(static_cast<size_t>(count), log.entries().size());
  ctx.reply.array(shown);
  for (size_t i = 0; i < shown; ++i) {
    const access::Refusal& one = log.entries()[i];
    ctx.reply.map(10);
    ctx.reply.bulk("count");
    ctx.reply.integer(static_cast<int64_t>(one.count));
    for (const auto& [name, value] : {std::pair<View, View>{"reason", one.reason}, {"context", one.context},
                                      {"object", one.object}, {"username", one.user}}) {
      ctx.reply.bulk(name);
      ctx.reply.bulk(value);
    }
    ctx.reply.bulk("age-seconds");
    ctx.reply.real(static_cast<double>(ctx.now_ms - one.last_ms) / 1000);
    ctx.reply.bulk("client-info");
    ctx.reply.bulk(one.client);
    ctx.reply.bulk("entry-id");
    ctx.reply.integer(static_cast<int64_t>(one.number));
    ctx.reply.bulk("timestamp-created");
    ctx.reply.integer(one.first_ms);
    ctx.reply.bulk("timestamp-last-updated");
    ctx.reply.integer(one.last_ms);
  }
  return Replied();
}

// ACL LOAD: the users are those of the file, all of it or nothing; connections of those that it changes end
Outcome acl_load(Context& ctx, Args) {
  if (const Status may = may_change_users(ctx); !may.ok()) return may;
  Doorkeeper& doorkeeper = ctx.rooms.doorkeeper;
  if (ctx.rooms.config.aclfile.empty()) return kNoFile;
  ctx.rest_on_users();
  auto loaded = doorkeeper.read_file();
  if (!loaded.ok()) return Status::error("ERR " + Bytes(loaded.status().text()));
  std::set<Bytes> there;
  for (const User& user : *loaded) there.insert(user.name());
  std::vector<Bytes> missing;
  for (const auto& [name, user] : doorkeeper.users().all()) {
    if (!there.contains(name)) missing.push_back(name);
  }
  for (const Bytes& name : missing) remove(ctx, name);
  for (User& user : *loaded) {
    const auto before = doorkeeper.users().find(user.name());
    if (before != nullptr && before->stored() == user.stored()) continue;
    const Bytes name = user.name();
    put_user(ctx, std::move(user));
    if (name == kDefaultUser) continue;  // who came in without a name stays, within the new rules
    end_connections(ctx, [&](const Client& client) { return client.user != nullptr && client.user->name() == name; });
  }
  return ctx.reply.ok();
}

// ACL SAVE
Outcome acl_save(Context& ctx, Args) {
  if (ctx.rooms.config.aclfile.empty()) return kNoFile;
  ctx.rest_on_users();
  const Status saved = access::write_users_file(ctx.rooms.config.aclfile, ctx.rooms.doorkeeper.users());
  if (saved.ok()) return ctx.reply.ok();
  ctx.rooms.events.warning("users_not_saved", {{"why", saved.text()}});
  return Status::error(
      "ERR There was an error trying to save the ACLs. Please check the server logs for more information");
}

constexpr uint32_t kAsks = kNoScript | kLoading | kStale;
constexpr uint32_t kRules = kAsks | kAdmin;
constexpr CommandRow kRows[] = {
    // name         arity keys          traits               handler
    {"ACL",         -2,   Keys::none(), kContainer,          acl_container},
    {"ACL|CAT",     -2,   Keys::none(), kAsks,               acl_cat},
    {"ACL|DELUSER", -3,   Keys::none(), kRules | kMayWrite,  acl_deluser},
    {"ACL|DRYRUN",  -4,   Keys::none(), kRules,              acl_dryrun},
    {"ACL|GENPASS", -2,   Keys::none(), kAsks,               acl_genpass},
    {"ACL|GENTOKEN", -2,  Keys::none(), kAsks,               acl_gentoken},
    {"ACL|GETUSER", 3,    Keys::none(), kRules,              acl_getuser},
    {"ACL|HELP",    2,    Keys::none(), kLoading | kStale,   subcommand_help},
    {"ACL|LIST",    2,    Keys::none(), kRules,              acl_list},
    {"ACL|LOAD",    2,    Keys::none(), kRules | kMayWrite,  acl_load},
    {"ACL|LOG",     -2,   Keys::none(), kRules,              acl_log},
    {"ACL|RESTTOKEN", -2, Keys::none(), kAsks | kMayWrite,   acl_resttoken},
    {"ACL|SAVE",    2,    Keys::none(), kRules,              acl_save},
    {"ACL|SETUSER", -3,   Keys::none(), kRules | kMayWrite,  acl_setuser},
    {"ACL|TOKENS",  -2,   Keys::none(), kRules,              acl_tokens},
    {"ACL|USERS",   2,    Keys::none(), kRules,              acl_users},
    {"ACL|WHOAMI",  2,    Keys::none(), kAsks,               acl_whoami},
};
static_assert(well_formed(kRows));

}  // namespace

const Family kAclFamily{"server", kRows};

}  // namespace leat
