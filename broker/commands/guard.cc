// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/guard.h"

#include <algorithm>

#include "broker/commands/client_commands.h"
#include "broker/commands/key_specs.h"
#include "broker/commands/parse.h"
#include "broker/commands/table.h"
#include "broker/doorkeeper.h"
#include "broker/protocol/words.h"

namespace leat {

namespace {

using access::Denial;

const Status kNoAuthentication = Status::error("NOAUTH Authentication required.");

uint8_t needs_of(View flags) {
  const auto any_of = [&](auto... flag) { return (has_word(flags, flag) || ...); };
  return (any_of("access") ? access::kReads : 0) | (any_of("insert", "update", "delete") ? access::kWrites : 0);
}

access::Act act_of(const Command& command, Args args) {
  const size_t first = command.is_subcommand ? 2 : 1;
  return {.command = command.number,
          .for_anyone = command.is(kNoAuth),
          .first_word = args.size() > first ? std::optional(args[first]) : std::nullopt,
          .keys = {},
          .channels = {}};
}

View reason_of(Denial denial) {
  return denial == Denial::kCommand ? "command" : denial == Denial::kKey ? "key" : "channel";
}

View reason_at_exec(Denial denial) {
  switch (denial) {
    case Denial::kCommand:
      return "no permission to execute the command or subcommand";
    case Denial::kKey:
      return "no permission to touch the specified keys";
    default:
      return "no permission to access one of the channels used as arguments to the command";
  }
}

}  // namespace

Guard::Guard(Rooms& rooms) : rooms_(rooms), needs_(rooms.table.all().size()) {
  for (const Command& command : rooms.table.all()) {
    Needs& needs = needs_[command.number];
    const View name = command.row.name;
    needs.first_key = needs_of(key_flags(command, 0));
    needs.further_keys = needs_of(key_flags(command, 1));
    needs.by_request = name == "SET" || name == "BITFIELD";
    if (name == "SUBSCRIBE" || name == "SSUBSCRIBE") needs.listens = Listens::kChannels;
    if (name == "PSUBSCRIBE") needs.listens = Listens::kPatterns;
    if (name == "PUBLISH" || name == "SPUBLISH") needs.listens = Listens::kOneChannel;
    if (name == "CLASS|FLUSH") needs.reaches = Reaches::kAll;
    if (name == "SELECT") needs.reaches = Reaches::kAt1;
    if (name == "SWAPDB") needs.reaches = Reaches::kAt1And2;
    if (name == "MOVE") needs.reaches = Reaches::kAt2;
    if (name == "MIGRATE") needs.reaches = Reaches::kAt4;  // of another server, which may be this one
    if (name == "COPY") needs.reaches = Reaches::kBehindDb;
    if (name == "ACL|RESTTOKEN") needs.reaches = Reaches::kOfToken;
  }
}

// What is no number the handler refuses.
bool Guard::stays(const access::Token& token, const Command& command, Args args) const {
  const auto is_other = [&](size_t at) {
    const auto db = at < args.size() ? parse_integer(args[at]) : std::nullopt;
    return db && *db != token.db;
  };
  const auto behind_db = [&](size_t from) {
    std::optional<bool> other;
    for (size_t at = from + 1; at < args.size(); ++at) {
      if (same_word(args[at - 1], "DB")) other = other.value_or(false) || is_other(at);
    }
    return other;
  };
  switch (needs_[command.number].reaches) {
    case Reaches::kOwn:
      return true;
    case Reaches::kAll:
      return false;
    case Reaches::kAt1:
      return !is_other(1);
    case Reaches::kAt1And2:
      return !is_other(1) && !is_other(2);
    case Reaches::kAt2:
      return !is_other(2);
    case Reaches::kAt4:
      return !is_other(4);
    case Reaches::kBehindDb:
      return !behind_db(3).value_or(false);
    case Reaches::kOfToken:
      return !behind_db(4).value_or(token.db != 0);  // where it names none it is 0
  }
  return false;
}

bool Guard::may_run(const Client& client, const Command& command, Args args) const {
  if (client.unrestricted) return true;
  if (client.token != nullptr && !stays(*client.token, command, args)) return false;
  return judge(*client.user, command, args).denial == Denial::kNone;
}

Status Guard::authentication(const Client& client, const Command& command) {
  return client.admitted || command.is(kNoAuth) ? Status::fine() : kNoAuthentication;
}

uint8_t Guard::need_of(const Command& command, size_t ordinal, Args args) const {
  const Needs& needs = needs_[command.number];
  if (needs.by_request) return needs_of(key_flags(command, ordinal, args));
  return ordinal == 0 ? needs.first_key : needs.further_keys;
}

// Where the words do not add up there is no key: then the handler refuses them, too.
std::vector<access::KeyUse> Guard::keys_of(const Command& command, Args args) const {
  std::vector<access::KeyUse> keys;
  const auto positions = key_positions(command.row, args);
  for (size_t i = 0; positions && i < positions->size(); ++i) {
    const size_t at = (*positions)[i];
    keys.push_back({.key = args[at], .needs = need_of(command, i, args), .at = at});
  }
  return keys;
}

std::vector<access::ChannelUse> Guard::channels_of(const Command& command, Args args) const {
  std::vector<access::ChannelUse> channels;
  const Listens listens = needs_[command.number].listens;
  if (listens == Listens::kNothing) return channels;
  const size_t end = listens == Listens::kOneChannel ? 2 : args.size();
  for (size_t at = 1; at < end; ++at)
    channels.push_back({.name = args[at], .is_pattern = listens == Listens::kPatterns, .at = at});
  return channels;
}

access::Verdict Guard::judge(const access::User& user, const Command& command, Args args) const {
  const auto keys = keys_of(command, args);
  const auto channels = channels_of(command, args);
  access::Act act = act_of(command, args);
  act.keys = keys;
  act.channels = channels;
  return user.judge(act);
}

bool Guard::reads_all_keys(const Client& client, const Command& command, Args args) const {
  return client.unrestricted || client.user->reads_all_keys(act_of(command, args));
}

Bytes Guard::refusal(const access::User& user, const Command& command, Args args, access::Verdict verdict, bool told) {
  if (verdict.denial == Denial::kCommand) {
    return "User " + user.name() + " has no permissions to run the '" + lower(command.row.name) + "' command";
  }
  const Bytes what(reason_of(verdict.denial));
  if (!told) return "No permissions to access a " + what;
  return "User " + user.name() + " has no permissions to access the '" + Bytes(args[verdict.at]) + "' " + what;
}

Status Guard::permission(const Client& client, const Command& command, Args args, Where where) {
  if (!rooms_.doorkeeper.complete() && command.is(kAdmin)) {  // whether it may, the log will tell
    return Status::error("LOADING Redis is loading the dataset in memory");
  }
  const View context = where == Where::kTopLevel ? "toplevel" : where == Where::kScript ? "lua" : "multi";
  auto& stats = rooms_.stats;
  if (client.token != nullptr) {
    if (!stays(*client.token, command, args)) {
      ++stats.denied_commands;
      note(client, reason_of(Denial::kCommand), context, lower(command.row.name), client.user->name());
      return Status::error("NOPERM this token is bound to database " + std::to_string(client.token->db));
    }
    // As quick as without a token.
    if (rooms_.doorkeeper.complete() && client.user->unrestricted()) return Status::fine();
  }
  const access::Verdict verdict = judge(*client.user, command, args);
  if (verdict.denial == Denial::kNone) return Status::fine();
  ++(verdict.denial == Denial::kCommand ? stats.denied_commands
     : verdict.denial == Denial::kKey   ? stats.denied_keys
                                        : stats.denied_channels);
  const Bytes name = lower(command.row.name);
  const View object = verdict.denial == Denial::kCommand ? View(name) : args[verdict.at];
  note(client, reason_of(verdict.denial), context, object, client.user->name());
  if (where == Where::kExec) {
    return Status::error(
        "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This "
        "command is no longer allowed for the following reason: " +
        Bytes(reason_at_exec(verdict.denial)));
  }
  return Status::error(Bytes(where == Where::kScript ? "NOPERM ACL failure in script: " : "NOPERM ") +
                       refusal(*client.user, command, args, verdict, false));
}

void Guard::note_authentication(const Client& client, View user, View command) {
  ++rooms_.stats.denied_passwords;
  note(client, "auth", client.in_multi ? "multi" : "toplevel", command, user);
}

void Guard::note(const Client& client, View reason, View context, View object, View user) {
  constexpr size_t kShown = 1024;  // of a key: a long one must not stay in memory
  access::Refusal refusal{.reason = reason,
                          .context = context,
                          .object = Bytes(object.substr(0, kShown)),
                          .user = Bytes(user.substr(0, kShown)),
                          .client = client_line(rooms_, client)};
  rooms_.doorkeeper.log().note(std::move(refusal), rooms_.time.now_ms(),
                               static_cast<size_t>(rooms_.config.acllog_max_len));
}

}  // namespace leat
