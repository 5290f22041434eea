// SPDX-License-Identifier: Apache-2.0
#include "broker/doorkeeper.h"

#include "broker/access/passwords.h"
#include "broker/access/users_file.h"
#include "broker/door.h"

namespace leat {

using access::kDefaultUser;
using access::User;

namespace {
// What is wrong with a rule goes into the log of events: what stands behind its sign may be a password.
Bytes redacted(View why) {
  constexpr View kQuoted = "modifier '";
  const size_t at = why.find(kQuoted), end = why.rfind("': ");
  if (at == View::npos || end == View::npos) return Bytes(why);
  const size_t rule = at + kQuoted.size();
  if (View("<>#!").find(why[rule]) == View::npos) return Bytes(why);
  return Bytes(why.substr(0, rule + 1)) + "(redacted)" + Bytes(why.substr(end));
}
}  // namespace

Doorkeeper::Doorkeeper(const Config& config, const access::Vocabulary& words, Clients& clients, Events& events)
    : config_(config), users_(words), clients_(clients), events_(events) {
  users_.channels_by_default = config.acl_pubsub_default;
}

// requirepass says the one password that the default user has.
User Doorkeeper::with_password(User user) const {
  const auto set = [&](const Bytes& rule) { CHECK(user.set(rule, users_.words(), false).ok()); };
  if (config_.requirepass.empty()) return set("nopass"), user;
  set("resetpass");
  set(">" + config_.requirepass);
  return user;
}

Status Doorkeeper::begin_with_file() {
  auto users = read_file();
  if (!users.ok()) return users.status();
  for (User& user : *users) {
    configured_.insert(user.name());
    users_.put(std::move(user));
  }
  return Status::fine();
}

Status Doorkeeper::begin() {
  password_ = config_.requirepass;
  users_.channels_by_default = config_.acl_pubsub_default;
  if (!password_.empty()) users_.put(with_password(*users_.default_user()));
  if (!config_.aclfile.empty()) return begin_with_file();
  for (const UserConfig& one : config_.users) {
    const std::vector<View> rules(one.rules.begin(), one.rules.end());
    auto user = users_.made(one.name, rules);
    if (!user.ok()) return Status::error(one.place + ": user." + one.name + ".rules: " + redacted(user.status().text()));
    configured_.insert(one.name);
    users_.put(std::move(*user));
  }
  return Status::fine();
}

Status Doorkeeper::take_over(const Keyspace& keyspace) {
  for (const Bytes& name : keyspace.user_names()) {
    if (configured_.contains(name)) continue;
    auto user = User::restored(name, *keyspace.user(name), users_.words());
    if (!user.ok())
      events_.error("user_unusable", {{"user", name}, {"why", user.status().text()}, {"advice", "it is off: set it anew"}});
    users_.put(user.ok() ? std::move(*user) : User(name, false));
  }
  if (!password_.empty() && !configured_.contains(kDefaultUser)) users_.put(with_password(*users_.default_user()));
  complete_ = true;
  const bool asked_before = !password_.empty() || configured_.contains(kDefaultUser);
  for (const auto& [id, client] : clients_.all()) {
    if (client->user == users_.default_user() && !asked_before) client->authenticated = users_.default_user()->open();
  }
  review_all();
  return check_door(config_, users_.default_user()->open());
}

void Doorkeeper::review(Client& client) const {
  client.admitted = client.authenticated || users_.default_user()->open();
  client.unrestricted = complete_ && client.admitted && client.user->unrestricted();
}

void Doorkeeper::review_all() {
  for (const auto& [id, client] : clients_.all()) review(*client);
}

void Doorkeeper::greet(Client& client) {
  client.user = users_.default_user();
  client.authenticated = client.user->open();
  review(client);
}

void Doorkeeper::turn_out(Client& client) {
  client.user = users_.default_user();
  client.authenticated = client.admitted = client.unrestricted = false;
}

bool Doorkeeper::keeps_out(const Client& client) const {
  return !check_door(config_, users_.default_user()->open()).ok() && !is_loopback(client.transport.peer());
}

bool Doorkeeper::knows(View name) const {
  return complete_ || configured_.contains(name) || (name == kDefaultUser && !password_.empty());
}

void Doorkeeper::recognise(Client& client, View name) {
  const auto user = knows(name) ? users_.find(name) : nullptr;
  if (user == nullptr || !user->enabled()) return;
  client.user = user;
  client.authenticated = true;
  review(client);
}

Status Doorkeeper::let_in(Client& client, View name, View password) {
  if (!knows(name)) return Status::error("LOADING Redis is loading the dataset in memory");
  const auto user = users_.find(name);
  if (user == nullptr) static_cast<void>(access::digest_of(password));  // as long as if there were one
  if (user == nullptr || !user->accepts(password)) {
    return Status::error("WRONGPASS invalid username-password pair or user is disabled.");
  }
  client.user = user;
  client.authenticated = true;
  review(client);
  return Status::fine();
}

void Doorkeeper::put(User user) {
  users_.put(std::move(user));
  review_all();
}

void Doorkeeper::remove(View name) {
  users_.remove(name);
  configured_.erase(Bytes(name));
}

void Doorkeeper::follow_config() {
  users_.channels_by_default = config_.acl_pubsub_default;
  if (config_.requirepass == password_) return;
  password_ = config_.requirepass;
  put(with_password(*users_.default_user()));
}

Result<std::vector<User>> Doorkeeper::read_file() const {
  auto users = access::read_users_file(config_.aclfile, users_.words(), config_.acl_pubsub_default);
  if (!users.ok()) return users.status();
  for (const User& user : *users) {
    if (user.name() == kDefaultUser) return users;
  }
  users->push_back(with_password(access::Users::whole(users_.words())));
  return users;
}

}  // namespace leat
