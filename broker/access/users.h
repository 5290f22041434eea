// SPDX-License-Identifier: Apache-2.0
// users.h: all users, by name, and by the tokens that they have.
//
// Used by: the doorkeeper, who says where they come from; the ACL family.
// Always:  - there is one called "default", and it is never taken away: who says nothing is taken for it;
//          - a user that is changed stays the same object, so that who came in as it sees the change at once; one that
//            was removed lives on, for nobody new, until the last client lets go of it;
//          - a token is found by its digest in one look-up, however many users there are.
#pragma once

#include <memory>
#include <unordered_map>

#include "broker/access/user.h"

namespace leat::access {

constexpr View kDefaultUser = "default";

class Users {
 public:
  using ByName = std::map<Bytes, std::shared_ptr<User>, std::less<>>;

  explicit Users(const Vocabulary& words);  // must outlive this; the default user may do everything, without a password

  const ByName& all() const { return users_; }
  std::shared_ptr<User> find(View name) const;
  const std::shared_ptr<User>& default_user() const { return default_; }
  const Vocabulary& words() const { return words_; }

  // Who comes in by the token with that digest; user is null when nobody does: it ended, was taken away, or he is off.
  struct Holder {
    std::shared_ptr<User> user;
    std::shared_ptr<Token> token;
  };
  Holder holder(View digest, TimeMs now_ms) const;

  // The user as the rules make it, of the one there is or of a new one. Changes nothing; the error is ACL SETUSER's.
  // Tokens that ended are not his any more then.
  Result<User> changed(View name, std::span<const View> rules, TimeMs now_ms) const;
  Result<User> made(View name, std::span<const View> rules) const;  // of a new one in any case
  void put(User user);
  void remove(View name);  // not "default"

  static User whole(const Vocabulary& words);  // the default user as it is at first

  bool channels_by_default = false;  // whether new users may listen to all channels: the setting acl-pubsub-default

 private:
  struct DigestHash {
    using is_transparent = void;
    size_t operator()(View digest) const { return std::hash<View>()(digest); }
  };
  using ByDigest = std::unordered_multimap<Bytes, Holder, DigestHash, std::equal_to<>>;

  Result<User> with(User user, std::span<const View> rules) const;
  Status owns_tokens(const User& user) const;
  void index(const std::shared_ptr<User>& user);
  void forget_tokens(const std::shared_ptr<User>& user);

  const Vocabulary& words_;
  ByName users_;
  ByDigest tokens_;  // several users may have one, out of a file; of them one comes in
  std::shared_ptr<User> default_;
};

}  // namespace leat::access
