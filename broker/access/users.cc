// SPDX-License-Identifier: Apache-2.0
#include "broker/access/users.h"

#include <algorithm>

#include "schemas/check.h"

namespace leat::access {

User Users::whole(const Vocabulary& words) {
  User user(kDefaultUser, true);
  for (const View rule : {"on", "nopass", "~*", "+@all"}) CHECK(user.set(rule, words, true).ok());
  return user;
}

Users::Users(const Vocabulary& words) : words_(words), default_(std::make_shared<User>(whole(words))) {
  users_.emplace(kDefaultUser, default_);
}

std::shared_ptr<User> Users::find(View name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second;
}

Result<User> Users::with(User user, std::span<const View> words) const {
  const auto rules = gathered(words);
  if (!rules.ok()) return rules.status();
  for (const Bytes& rule : *rules) {
    const Status set = user.set(rule, words_, channels_by_default);
    if (set.ok()) continue;
    const Bytes shown = rule.substr(0, rule.find('\0'));
    return Status::error("Error in ACL SETUSER modifier '" + shown + "': " + Bytes(set.text()));
  }
  if (const Status own = owns_tokens(user); !own.ok()) return own;
  return user;
}

// Who came in by a token is one user, and no other.
Status Users::owns_tokens(const User& user) const {
  for (const auto& token : user.tokens()) {
    const auto [first, last] = tokens_.equal_range(View(token->digest));
    const auto other =
        std::find_if(first, last, [&](const auto& one) { return one.second.user->name() != user.name(); });
    if (other == last) continue;
    return Status::error("Error in ACL SETUSER: the token " + token->digest.substr(0, 12) + "… is of user '" +
                         other->second.user->name() + "'");
  }
  return Status::fine();
}

Result<User> Users::changed(View name, std::span<const View> rules, TimeMs now_ms) const {
  const auto there = find(name);
  User user = there == nullptr ? User(name, channels_by_default) : *there;
  user.drop_tokens_over(now_ms);
  return with(std::move(user), rules);
}

Result<User> Users::made(View name, std::span<const View> rules) const {
  return with(User(name, channels_by_default), rules);
}

void Users::put(User user) {
  auto& place = users_[user.name()];
  if (place == nullptr) {
    place = std::make_shared<User>(std::move(user));
  } else {
    for (const auto& token : user.tokens()) {
      for (const auto& old : place->tokens()) {
        if (old->digest == token->digest) token->used_ms = std::max(token->used_ms, old->used_ms);
      }
    }
    forget_tokens(place);
    *place = std::move(user);
  }
  index(place);
}

void Users::index(const std::shared_ptr<User>& user) {
  for (const auto& token : user->tokens()) tokens_.emplace(token->digest, Holder{user, token});
}

void Users::forget_tokens(const std::shared_ptr<User>& user) {
  for (const auto& token : user->tokens()) {
    const auto [first, last] = tokens_.equal_range(View(token->digest));
    const auto his = std::find_if(first, last, [&](const auto& one) { return one.second.user == user; });
    if (his != last) tokens_.erase(his);
  }
}

Users::Holder Users::holder(View digest, TimeMs now_ms) const {
  const auto [first, last] = tokens_.equal_range(digest);
  for (auto one = first; one != last; ++one) {
    if (one->second.user->enabled() && !one->second.token->over(now_ms)) return one->second;
  }
  return {};
}

void Users::remove(View name) {
  CHECK(name != kDefaultUser);
  const auto found = users_.find(name);
  if (found == users_.end()) return;
  forget_tokens(found->second);
  users_.erase(found);
}

}  // namespace leat::access
