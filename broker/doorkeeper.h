// SPDX-License-Identifier: Apache-2.0
// doorkeeper.h: where the users come from, and as whom a client is let in.
//
// Used by: the broker (start, connections), AUTH and HELLO, the ACL family, the HTTP door.
// Always:  - users come from three places. The configuration ([user.NAME] or a file of users) wins for the names that
//            it lists: at each start these are as it says. All others are as the log has them. `requirepass` says the
//            default user's password, whatever the log says of the rest of it. `http.token` and `http.readonly_token`
//            make users of their own (http_tokens.h), or give tokens to those that the configuration lists;
//          - a user that ACL SETUSER changed is in the log, also one that the configuration lists, where it lasts until
//            the next start;
//          - a start is never refused for a user in the log: one that this version cannot read is told, and is off;
//          - until the log is read only users of the configuration are let in, and nobody does what @admin may;
//          - each client knows whether it may do anything it likes: that one flag is all that a request costs it;
//          - who came in by a token is in the token's database, and is_void() as soon as the token is not good
//            any more;
//          - whatever could change what a secret is good for, but for time, moves the generation;
//          - from where too many failures came nobody is listened to for a while (guesses.h): nothing is hashed then.
#pragma once

#include <array>
#include <set>

#include "broker/access/access_log.h"
#include "broker/access/users.h"
#include "broker/broker_time.h"
#include "broker/client.h"
#include "broker/config/config.h"
#include "broker/config/http_tokens.h"
#include "broker/guesses.h"
#include "broker/keyspace/keyspace.h"
#include "consumers/deadlines.h"
#include "schemas/log.h"

namespace leat {

class Doorkeeper {
 public:
  // All must outlive this.
  Doorkeeper(const Config& config, const access::Vocabulary& words, Clients& clients, BrokerTime& time, Events& events);
  // Who hears of each failure: whom it should have been ("": a token names nobody), how it was tried, and whether that
  // was the last one that is listened to.
  using Alarm = std::function<void(const Client& client, View user, View command, bool last)>;
  void on_failure(Alarm alarm) { alarm_ = std::move(alarm); }

  // The users of the configuration. What is wrong with one stops the start.
  Status begin();
  // The users of the log.
  Status take_over(const Keyspace& keyspace);
  bool complete() const { return complete_; }

  // A client that has just connected, or RESET: it is the default user, if that needs no password.
  void greet(Client& client);
  bool keeps_out(const Client& client) const;  // protected mode: from elsewhere nobody is let in without a password
  // WRONGPASS, or LOADING while that user may be in the log. A token of his is as good as a password. `command`: AUTH
  // or HELLO, as it was written.
  Status let_in(Client& client, View name, View password, View command);
  // By the token alone. False: it is nobody's now, or nobody from there is listened to; while !complete() it may
  // be good later.
  bool let_in_by_token(Client& client, View token);
  // The same without letting anyone in: whether the password, not a token, is that user's.
  Status vouch(const Client& client, View name, View password, View command);
  // Who remembers what let_in_by_token said, remembers the generation too, and when the token ends
  // (Client::token_until_ms).
  uint64_t generation() const { return generation_; }
  // Whom his certificate names, without a password; nobody, if there is no such user, or he is off.
  void recognise(Client& client, View name);
  void turn_out(Client& client);  // it is nobody any more, and about to be closed
  void left(const Client& client);
  // Whether it came in by a token that would not let it in any more.
  bool is_void(const Client& client) const;
  Client* next_over();  // whose token's time is over, each once; null: nobody's
  std::optional<TimeMs> next_end_ms() const;  // broker time

  void put(access::User user);
  void remove(View name);
  // Before and after CONFIG SET.
  Status would_follow(const Config& changed) const;
  void follow_config();

  // Of users that come in by HTTP.
  bool has_token(const HttpUser& one) const;
  access::User with_token(const HttpUser& one, View secret) const;

  const access::Users& users() const { return users_; }
  access::AccessLog& log() { return log_; }
  // aclfile; also the default user, and who has tokens of the configuration.
  Result<std::vector<access::User>> read_file() const;

 private:
  Status begin_with_file();
  Status begin_with_tokens();
  void begin_with_password();
  access::User with_password(access::User user) const;
  Result<access::User> with_tokens(size_t http_user, const Bytes& words) const;
  bool may_try(const Client& client);
  void failed(const Client& client, View user, View command);
  void come_in(Client& client, std::shared_ptr<access::User> user, std::shared_ptr<access::Token> token);
  bool knows(View name) const;  // whether there is such a user or not can be said already
  void review(Client& client) const;
  void review_all();

  const Config& config_;
  access::Users users_;
  access::AccessLog log_;
  Clients& clients_;
  BrokerTime& time_;
  Events& events_;
  Alarm alarm_;
  Guesses guesses_;
  Bytes password_;                             // requirepass, as the default user has it now
  std::set<Bytes, std::less<>> configured_;    // names
  std::array<Bytes, std::size(kHttpUsers)> http_words_;  // their tokens of the configuration, as they have them now
  consumers::Deadlines<Ticket> ends_;                    // of tokens: of each client that came in by one which ends
  uint64_t generation_ = 0;
  bool complete_ = false;
};

}  // namespace leat
