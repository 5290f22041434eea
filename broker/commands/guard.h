// SPDX-License-Identifier: Apache-2.0
// guard.h: whether a client may do what it asks: the one place where users' rules are enforced.
//
// Used by: the executor, before a request, before each command of a transaction and of a script, and before a wait is looked
//          at again; SORT, for the keys that its patterns make; ACL DRYRUN.
// Always:  - a refusal is noted in ACL LOG, and counted;
//          - a client that may do anything is not brought here: Client::unrestricted.
#pragma once

#include "broker/access/user.h"
#include "broker/commands/context.h"

namespace leat {

class Guard {
 public:
  explicit Guard(Rooms& rooms);  // must outlive this

  // Who has not said who it is may only do that: NOAUTH.
  static Status authentication(const Client& client, const Command& command);
  // NOPERM, worded and noted as of where it is asked.
  enum class Where : uint8_t { kTopLevel, kQueueing, kExec, kScript };
  Status permission(const Client& client, const Command& command, Args args, Where where);
  // Without a note.
  access::Verdict judge(const access::User& user, const Command& command, Args args) const;
  bool reads_all_keys(const Client& client, const Command& command, Args args) const;
  // "User u has no permissions to …"; `told`: names the key or the channel.
  static Bytes refusal(const access::User& user, const Command& command, Args args, access::Verdict verdict, bool told);
  // A password that did not fit.
  void note_authentication(const Client& client, View user, View command);

 private:
  enum class Listens : uint8_t { kNothing, kChannels, kPatterns, kOneChannel };
  struct Needs {
    uint8_t first_key = 0, further_keys = 0;
    bool by_request = false;  // SET, BITFIELD: what they do to their key is told by their options
    Listens listens = Listens::kNothing;
  };

  uint8_t need_of(const Command& command, size_t ordinal, Args args) const;
  std::vector<access::KeyUse> keys_of(const Command& command, Args args) const;
  std::vector<access::ChannelUse> channels_of(const Command& command, Args args) const;
  void note(const Client& client, View reason, View context, View object, View user);

  Rooms& rooms_;
  std::vector<Needs> needs_;  // by the command's number
};

}  // namespace leat
