// SPDX-License-Identifier: Apache-2.0
#include "broker/doorkeeper.h"

#include <algorithm>

#include "broker/access/passwords.h"
#include "broker/access/users_file.h"
#include "broker/config/door.h"
#include "broker/protocol/words.h"

namespace leat {

using access::kDefaultUser;
using access::User;

namespace {

const Status kWrongPass = Status::error("WRONGPASS invalid username-password pair or user is disabled.");
const Status kStillLoading = Status::error("LOADING Redis is loading the dataset in memory");

IpAddress address_of(const Client& client) { return IpAddress::of_peer(client.transport.peer()).value_or(IpAddress()); }

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

Doorkeeper::Doorkeeper(const Config& config, const access::Vocabulary& words, Clients& clients, BrokerTime& time,
                       Events& events)
    : config_(config), users_(words), clients_(clients), time_(time), events_(events) {
  users_.channels_by_default = config.acl_pubsub_default;
}

// requirepass says the one password that the default user has, and nothing of its tokens.
User Doorkeeper::with_password(User user) const {
  const auto set = [&](const Bytes& rule) { CHECK(user.set(rule, users_.words(), false).ok()); };
  set("nopass");
  if (!config_.requirepass.empty()) set("#" + access::digest_of(config_.requirepass));
  return user;
}

// The user with these tokens of the configuration in the place of those that it has from there.
Result<User> Doorkeeper::with_tokens(size_t http_user, const Bytes& words) const {
  const HttpUser& one = kHttpUsers[http_user];
  const auto there = users_.find(one.name);
  std::vector<Bytes> rules;
  if (there == nullptr) {
    for (const View rule : words_of(one.rules)) rules.emplace_back(rule);
  } else {
    for (const View old : words_of(http_words_[http_user])) {
      const Bytes digest = access::Token::of_word(old)->digest;
      if (there->holds(digest)) rules.push_back("untoken=" + digest);
    }
  }
  for (const View word : words_of(words)) rules.emplace_back(word);
  return users_.changed(one.name, std::vector<View>(rules.begin(), rules.end()), time_.now_ms());
}

Status Doorkeeper::begin_with_tokens() {
  for (size_t i = 0; i < http_words_.size(); ++i) {
    const HttpUser& one = kHttpUsers[i];
    const Bytes words = (config_.*one.tokens).in_force();
    if (words.empty()) continue;
    auto user = with_tokens(i, words);
    if (!user.ok()) return Status::error(Bytes(one.key) + ": " + redacted(user.status().text()));
    configured_.insert(Bytes(one.name));
    users_.put(std::move(*user));
    http_words_[i] = words;
  }
  return Status::fine();
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
  if (!config_.aclfile.empty()) {
    if (Status read = begin_with_file(); !read.ok()) return read;
  }
  for (const UserConfig& one : config_.users) {
    const std::vector<View> rules(one.rules.begin(), one.rules.end());
    auto user = users_.made(one.name, rules);
    if (!user.ok())
      return Status::error(one.place + ": user." + one.name + ".rules: " + redacted(user.status().text()));
    configured_.insert(one.name);
    users_.put(std::move(*user));
  }
  if (Status read = begin_with_tokens(); !read.ok()) return read;
  begin_with_password();
  return Status::fine();
}

// Over what [user.default] says, or CONFIG SET and CONFIG REWRITE of another password would bring back the old one at
// the next start. A file of users wins, as in Redis.
void Doorkeeper::begin_with_password() {
  if (password_.empty()) return;
  const auto& digests = users_.default_user()->digests();
  const bool has_it = std::find(digests.begin(), digests.end(), access::digest_of(password_)) != digests.end();
  if (config_.aclfile.empty()) users_.put(with_password(*users_.default_user()));
  else if (!has_it)
    events_.warning("requirepass_ignored", {{"why", "the file of users says another password of default"},
                                            {"advice", "set it there: ACL SETUSER default, then ACL SAVE"}});
}

Status Doorkeeper::take_over(const Keyspace& keyspace) {
  for (const Bytes& name : keyspace.user_names()) {
    if (configured_.contains(name)) continue;
    auto user = User::restored(name, *keyspace.user(name), users_.words());
    if (!user.ok())
      events_.error("user_unusable",
                    {{"user", name}, {"why", user.status().text()}, {"advice", "it is off: set it anew"}});
    users_.put(user.ok() ? std::move(*user) : User(name, false));
  }
  if (!password_.empty() && !configured_.contains(kDefaultUser)) users_.put(with_password(*users_.default_user()));
  complete_ = true;
  ++generation_;
  const bool asked_before = !password_.empty() || configured_.contains(kDefaultUser);
  for (const auto& [id, client] : clients_.all()) {
    if (client->user == users_.default_user() && !asked_before) client->authenticated = users_.default_user()->open();
  }
  review_all();
  return check_door(config_, users_.default_user()->open());
}

void Doorkeeper::review(Client& client) const {
  client.admitted = client.authenticated || users_.default_user()->open();
  client.unrestricted = complete_ && client.admitted && client.user->unrestricted() && client.token == nullptr;
}

void Doorkeeper::review_all() {
  for (const auto& [id, client] : clients_.all()) review(*client);
}

void Doorkeeper::greet(Client& client) {
  left(client);
  client.token.reset();
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
  if (user != nullptr && user->enabled()) come_in(client, user, nullptr);
}

bool Doorkeeper::may_try(const Client& client) {
  return guesses_.may_try(address_of(client), time_.monotonic_ms(), config_.auth_window_s * 1000,
                          static_cast<size_t>(config_.auth_failures_max));
}

void Doorkeeper::failed(const Client& client, View user, View command) {
  const size_t failures = guesses_.failed(address_of(client), time_.monotonic_ms(), config_.auth_window_s * 1000);
  if (alarm_) alarm_(client, user, command, failures == static_cast<size_t>(config_.auth_failures_max));
}

void Doorkeeper::come_in(Client& client, std::shared_ptr<User> user, std::shared_ptr<access::Token> token) {
  left(client);
  client.user = std::move(user);
  client.authenticated = true;
  client.token = token;
  if (token != nullptr) {
    token->used_ms = time_.now_ms();
    client.db = token->db;
    if (token->until_s != 0) ends_.add(token->until_ms(), client.id);
  }
  review(client);
}

// What a password is hashed for is the same whether there is such a user or not: how long it takes tells nothing.
Status Doorkeeper::let_in(Client& client, View name, View password, View command) {
  if (!knows(name)) return kStillLoading;
  if (!may_try(client)) return kWrongPass;
  const Bytes digest = access::digest_of(password);
  const auto user = users_.find(name);
  const auto token = user == nullptr ? nullptr : user->token_of(digest, time_.now_ms());
  if (user == nullptr || (token == nullptr && !user->accepts_digest(digest)))
    return failed(client, name, command), kWrongPass;
  come_in(client, user, token);
  return Status::fine();
}

// Found by its digest: what can be learned from how long that takes is about a digest, of which nobody makes
// the secret.
bool Doorkeeper::let_in_by_token(Client& client, View token) {
  if (!may_try(client)) return false;
  const auto holder = users_.holder(access::digest_of(token), time_.now_ms());
  if (holder.user == nullptr) {
    if (complete_) failed(client, "", "AUTH");
    return false;
  }
  come_in(client, holder.user, holder.token);
  return true;
}

Status Doorkeeper::vouch(const Client& client, View name, View password, View command) {
  if (!may_try(client)) return kWrongPass;
  const Bytes digest = access::digest_of(password);
  const auto user = users_.find(name);
  if (user != nullptr && user->accepts_digest(digest)) return Status::fine();
  failed(client, name, command);
  return kWrongPass;
}

void Doorkeeper::left(const Client& client) {
  if (client.token != nullptr && client.token->until_s != 0) ends_.remove(client.token->until_ms(), client.id);
}

bool Doorkeeper::is_void(const Client& client) const {
  if (client.token == nullptr) return false;
  const auto user = users_.find(client.user->name());
  if (user != client.user) return true;  // he is gone; another of his name may have come
  const auto token = user->token_of(client.token->digest, time_.now_ms());
  return token == nullptr || token->word() != client.token->word();
}

Client* Doorkeeper::next_over() {
  while (const auto due = ends_.pop_due(time_.now_ms())) {
    if (Client* const client = clients_.find(due->payload); client != nullptr && !client->gone) return client;
  }
  return nullptr;
}

std::optional<TimeMs> Doorkeeper::next_end_ms() const {
  return ends_.empty() ? std::nullopt : std::optional(ends_.earliest_ms());
}

void Doorkeeper::put(User user) {
  users_.put(std::move(user));
  ++generation_;
  review_all();
}

void Doorkeeper::remove(View name) {
  users_.remove(name);
  ++generation_;
  configured_.erase(Bytes(name));
}

bool Doorkeeper::has_token(const HttpUser& one) const {
  const auto user = users_.find(one.name);
  return user != nullptr && !user->tokens().empty();
}

User Doorkeeper::with_token(const HttpUser& one, View secret) const {
  std::vector<View> rules = users_.find(one.name) == nullptr ? words_of(one.rules) : std::vector<View>();
  const Bytes added = ">" + Bytes(secret);
  rules.push_back(added);
  auto user = users_.changed(one.name, rules, time_.now_ms());
  CHECK(user.ok());  // the rules are ours, and nobody has that secret
  return std::move(*user);
}

Status Doorkeeper::would_follow(const Config& changed) const {
  for (size_t i = 0; i < http_words_.size(); ++i) {
    const Bytes& words = (changed.*kHttpUsers[i].tokens).in_force();
    if (words == http_words_[i]) continue;
    if (const auto user = with_tokens(i, words); !user.ok()) return user.status();
  }
  return Status::fine();
}

void Doorkeeper::follow_config() {
  users_.channels_by_default = config_.acl_pubsub_default;
  for (size_t i = 0; i < http_words_.size(); ++i) {
    const Bytes words = (config_.*kHttpUsers[i].tokens).in_force();
    if (words == http_words_[i]) continue;
    auto user = with_tokens(i, words);
    CHECK(user.ok());  // would_follow was asked
    http_words_[i] = words;
    const bool nobody = user->tokens().empty() && user->digests().empty() && !user->no_password();
    if (!complete_) configured_.insert(Bytes(kHttpUsers[i].name));
    if (nobody) remove(kHttpUsers[i].name);
    else put(std::move(*user));
  }
  if (config_.requirepass == password_) return;
  password_ = config_.requirepass;
  put(with_password(*users_.default_user()));
}

Result<std::vector<User>> Doorkeeper::read_file() const {
  auto users = access::read_users_file(config_.aclfile, users_.words(), config_.acl_pubsub_default);
  if (!users.ok()) return users.status();
  const auto is_named = [](View name) { return [=](const User& user) { return user.name() == name; }; };
  if (std::none_of(users->begin(), users->end(), is_named(kDefaultUser))) {
    users->push_back(with_password(access::Users::whole(users_.words())));
  }
  for (size_t i = 0; i < http_words_.size(); ++i) {
    const HttpUser& one = kHttpUsers[i];
    auto user = std::find_if(users->begin(), users->end(), is_named(one.name));
    Bytes rules = http_words_[i];
    if (rules.empty()) continue;
    if (user == users->end()) {
      rules = Bytes(one.rules) + " " + rules;
      user = users->insert(user, User(one.name, false));
    }
    for (const View rule : words_of(rules)) {
      if (Status set = user->set(rule, users_.words(), false); !set.ok()) return set;
    }
  }
  return users;
}

}  // namespace leat
