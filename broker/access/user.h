// SPDX-License-Identifier: Apache-2.0
// user.h: one user: whether it may come in, with which passwords and tokens, and what it may do then.
//
// Used by: users.h; each client points to the user that it came in as.
// Always:  - the first selector is the user's own; a request is allowed when one of them allows it;
//          - stored() makes the same user again by restored(); it names no password and no token, only digests;
//          - a token neither opens nor closes the user: `nopass` stays as it is, so a token of the default user shuts
//            nobody out; `resetpass` and `reset` take all tokens away;
//          - a rule that is refused has changed nothing (selector.h); who wants all of several rules or none works on
//            a copy.
#pragma once

#include <memory>

#include "broker/access/passwords.h"
#include "broker/access/selector.h"
#include "broker/access/token.h"

namespace leat::access {

extern const Status kNoSuchPassword, kBadDigest, kNoSuchToken, kBadToken, kTooManyTokens;

class User {
 public:
  // As a new one is: off, without a password, allowed nothing; `all_channels` is the setting acl-pubsub-default.
  User(View name, bool all_channels);

  // "on", ">password", ">leat_…" (a token), "untoken=DIGEST", "(~a* +get)" … An empty rule is none.
  Status set(View rule, const Vocabulary& words, bool all_channels);

  Verdict judge(const Act& act) const;
  // Whether a selector that lets it run the command reads any key.
  bool reads_all_keys(const Act& act) const;
  bool unrestricted() const { return unrestricted_; }
  bool accepts(View password) const { return accepts_digest(digest_of(password)); }
  bool accepts_digest(View digest) const;                            // of a password
  std::shared_ptr<Token> token_of(View digest, TimeMs now_ms) const;  // null: no such token, or it lets nobody in now
  bool open() const { return enabled_ && no_password_; }  // anyone is let in
  bool holds(View digest) const;                          // of a token
  void drop_tokens_over(TimeMs now_ms);                   // they let nobody in any more

  const Bytes& name() const { return name_; }
  bool enabled() const { return enabled_; }
  bool no_password() const { return no_password_; }
  bool all_channels() const;             // of some selector
  std::vector<Bytes> channels() const;   // of all of them
  std::vector<View> flags() const;       // "on", "nopass" …
  const std::vector<Bytes>& digests() const { return digests_; }
  // A user that is copied, to be changed, shares them: when they were last used is not lost.
  using Tokens = std::vector<std::shared_ptr<Token>>;
  const Tokens& tokens() const { return tokens_; }
  const std::vector<Selector>& selectors() const { return selectors_; }

  Bytes text() const;    // "on #… ~* &* +@all (~a* resetchannels -@all +get)": as ACL LIST has it behind the name
  Bytes line() const;    // the same as a line of a users' file, name and all
  Bytes stored() const;  // the same for the log: words split at blanks; "(" and ")" are words of their own
  static Result<User> restored(View name, View stored, const Vocabulary& words);

 private:
  Status add_password(View rule);
  Status remove_password(View rule);
  Status add_token(Token token);
  Status remove_token(View digest);
  Status add_selector(View rule, const Vocabulary& words, bool all_channels);
  void judge_whole();

  Bytes name_;
  bool enabled_ = false, no_password_ = false, sanitizes_ = true;
  std::vector<Bytes> digests_;
  Tokens tokens_;
  std::vector<Selector> selectors_;
  bool unrestricted_ = false;
};

// Rules as a client gives them, "(~a" "+get)" put together; the text of the error names where one is not closed.
Result<std::vector<Bytes>> gathered(std::span<const View> words);
// Split as Redis splits a line: at blanks, "…" with escapes and '…' are one word. nullopt: quotes are not closed.
std::optional<std::vector<Bytes>> split_line(View line);

}  // namespace leat::access
