// SPDX-License-Identifier: Apache-2.0
// doorkeeper.h: where the users come from, and as whom a client is let in.
//
// Used by: the broker (start, connections), AUTH and HELLO, the ACL family.
// Always:  - users come from three places. The configuration ([user.NAME] or a file of users) wins for the names that it
//            lists: at each start these are as it says. All others are as the log has them. `requirepass` says the default
//            user's password, whatever the log says of the rest of it;
//          - a user that ACL SETUSER changed is in the log, also one that the configuration lists, where it lasts until the
//            next start;
//          - a start is never refused for a user in the log: one that this version cannot read is told, and is off;
//          - until the log is read only users of the configuration are let in, and nobody does what @admin may;
//          - each client knows whether it may do anything it likes: that one flag is all that a request costs it.
#pragma once

#include <set>

#include "broker/access/access_log.h"
#include "broker/access/users.h"
#include "broker/client.h"
#include "broker/config.h"
#include "broker/keyspace/keyspace.h"
#include "schemas/log.h"

namespace leat {

class Doorkeeper {
 public:
  // All must outlive this.
  Doorkeeper(const Config& config, const access::Vocabulary& words, Clients& clients, Events& events);

  // The users of the configuration. What is wrong with one stops the start.
  Status begin();
  // The users of the log.
  Status take_over(const Keyspace& keyspace);
  bool complete() const { return complete_; }

  // A client that has just connected, or RESET: it is the default user, if that needs no password.
  void greet(Client& client);
  bool keeps_out(const Client& client) const;  // protected mode: from elsewhere nobody is let in without a password
  // WRONGPASS, or LOADING while that user may be in the log.
  Status let_in(Client& client, View name, View password);
  // Whom his certificate names, without a password; nobody, if there is no such user, or he is off.
  void recognise(Client& client, View name);
  void turn_out(Client& client);  // it is nobody any more, and about to be closed

  void put(access::User user);
  void remove(View name);
  // After CONFIG SET.
  void follow_config();

  const access::Users& users() const { return users_; }
  access::AccessLog& log() { return log_; }
  Result<std::vector<access::User>> read_file() const;  // aclfile; the default user is always among them

 private:
  Status begin_with_file();
  access::User with_password(access::User user) const;
  bool knows(View name) const;  // whether there is such a user or not can be said already
  void review(Client& client) const;
  void review_all();

  const Config& config_;
  access::Users users_;
  access::AccessLog log_;
  Clients& clients_;
  Events& events_;
  Bytes password_;                             // requirepass, as the default user has it now
  std::set<Bytes, std::less<>> configured_;    // names
  bool complete_ = false;
};

}  // namespace leat
