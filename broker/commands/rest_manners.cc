// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/rest_manners.h"

#include "broker/commands/parse.h"

namespace leat {

namespace {
constexpr size_t kNameShown = 128;
}

Status rest_refusal(const Client& client, const Command* command, Args args) {
  const Bytes name = upper(args[0].substr(0, kNameShown));
  if (command == nullptr)
    return Status::error("ERR Command is not available: '" + name + "'. See docs/rest.md for details");
  if (!command->is(kNoRest) || is_own(client)) return Status::fine();
  return Status::error("ERR Command \"" + name + "\" is not allowed in REST or it has a special context path");
}

Status rest_words(const Client& client, const Status& forbidden) {
  const Bytes named = "NOPERM User " + client.user->name() + " has";
  if (!forbidden.text().starts_with(named)) return forbidden;
  return Status::error("NOPERM this user has" + Bytes(forbidden.text().substr(named.size())));
}

bool rest_takes(const Command& command, Args args) { return command.row.name == "UNLINK" && args.size() == 1; }

void shorten(Wait& wait, const RestCaller& caller, TimeMs arrived_ms) {
  const TimeMs latest_ms = arrived_ms + caller.wait_ms_max;
  if (wait.keys.empty() || (wait.deadline_ms != 0 && wait.deadline_ms <= latest_ms)) return;
  wait.deadline_ms = latest_ms;
}

}  // namespace leat
