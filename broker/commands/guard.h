// SPDX-License-Identifier: Apache-2.0
// guard.h: whether a client may do what it asks: the one place where users' rules, and the databases of tokens,
// are enforced.
//
// Used by: the executor, before a request, before each command of a transaction and of a script, and before a wait is
//          looked at again; SORT, for the keys that its patterns make; ACL DRYRUN.
// Always:  - a refusal is noted in ACL LOG, and counted;
//          - a client that may do anything is not brought here: Client::unrestricted;
//          - who came in by a token reaches no key outside its database, whatever its user may do. Channels know
//            no databases.
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
  // Without a note: whether a script's caller may run that.
  bool may_run(const Client& client, const Command& command, Args args) const;
  access::Verdict judge(const access::User& user, const Command& command, Args args) const;
  bool reads_all_keys(const Client& client, const Command& command, Args args) const;
  // "User u has no permissions to …"; `told`: names the key or the channel.
  static Bytes refusal(const access::User& user, const Command& command, Args args, access::Verdict verdict, bool told);
  // A password that did not fit.
  void note_authentication(const Client& client, View user, View command);

 private:
  enum class Listens : uint8_t { kNothing, kChannels, kPatterns, kOneChannel };
  // Which databases a request names: its client's, all there are, or those that stand there among its words.
  enum class Reaches : uint8_t { kOwn, kAll, kAt1, kAt1And2, kAt2, kAt4, kBehindDb, kOfToken };
  struct Needs {
    uint8_t first_key = 0, further_keys = 0;
    bool by_request = false;  // SET, BITFIELD: what they do to their key is told by their options
    Listens listens = Listens::kNothing;
    Reaches reaches = Reaches::kOwn;
  };

  bool stays(const access::Token& token, const Command& command, Args args) const;
  uint8_t need_of(const Command& command, size_t ordinal, Args args) const;
  std::vector<access::KeyUse> keys_of(const Command& command, Args args) const;
  std::vector<access::ChannelUse> channels_of(const Command& command, Args args) const;
  void note(const Client& client, View reason, View context, View object, View user);

  Rooms& rooms_;
  std::vector<Needs> needs_;  // by the command's number
};

}  // namespace leat
