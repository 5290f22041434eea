// SPDX-License-Identifier: Apache-2.0
#include "broker/access/users.h"

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
  return user;
}

Result<User> Users::changed(View name, std::span<const View> rules) const {
  const auto there = find(name);
  return with(there == nullptr ? User(name, channels_by_default) : *there, rules);
}

Result<User> Users::made(View name, std::span<const View> rules) const {
  return with(User(name, channels_by_default), rules);
}

void Users::put(User user) {
  auto& place = users_[user.name()];
  if (place == nullptr) place = std::make_shared<User>(std::move(user));
  else *place = std::move(user);
}

void Users::remove(View name) {
  CHECK(name != kDefaultUser);
  const auto found = users_.find(name);
  if (found != users_.end()) users_.erase(found);
}

}  // namespace leat::access
