// SPDX-License-Identifier: Apache-2.0
#include "broker/access/user.h"

#include <algorithm>

#include "broker/protocol/words.h"

namespace leat::access {

namespace {
constexpr View kUntoken = "untoken=";
}

const Status kNoSuchPassword = Status::error("The password you are trying to remove from the user does not exist");
const Status kBadDigest =
    Status::error("The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters");
const Status kNoSuchToken = Status::error("The token you are trying to remove from the user does not exist");
const Status kBadToken =
    Status::error("A token is written as token=DIGEST[,db=N][,until=SECONDS], and taken away by untoken=DIGEST");
const Status kTooManyTokens =
    Status::error("A user has no more than " + std::to_string(kTokensMax) + " tokens: take one away by untoken=DIGEST");

User::User(View name, bool all_channels) : name_(name) { selectors_.emplace_back(all_channels); }

Status User::set(View rule, const Vocabulary& words, bool all_channels) {
  if (rule.empty()) return Status::fine();
  const auto is = [&](View word) { return same_word(rule, word); };
  Status set;
  if (is("on") || is("off")) {
    enabled_ = is("on");
  } else if (is("nopass") || is("resetpass")) {
    no_password_ = is("nopass");
    digests_.clear();
    if (!no_password_) tokens_.clear();
  } else if (is("sanitize-payload") || is("skip-sanitize-payload")) {
    sanitizes_ = is("sanitize-payload");
  } else if (is("clearselectors")) {
    selectors_.erase(selectors_.begin() + 1, selectors_.end());
  } else if (is("reset")) {
    *this = User(Bytes(name_), all_channels);
  } else if (auto token = Token::of_text(rule.substr(1)); token && rule[0] == '>') {
    set = add_token(std::move(*token));
  } else if (token && rule[0] == '<' && holds(token->digest)) {
    set = remove_token(token->digest);
  } else if (rule.starts_with("token=")) {
    const auto told = Token::of_word(rule);
    set = told ? add_token(*told) : kBadToken;
  } else if (rule.starts_with(kUntoken)) {
    set = remove_token(rule.substr(kUntoken.size()));
  } else if (rule[0] == '>' || rule[0] == '#') {
    set = add_password(rule);
  } else if (rule[0] == '<' || rule[0] == '!') {
    set = remove_password(rule);
  } else if (rule[0] == '(' && rule.back() == ')') {
    set = add_selector(rule.size() < 2 ? View() : rule.substr(1, rule.size() - 2), words, all_channels);
  } else {
    set = selectors_.front().set(rule, words);
  }
  judge_whole();
  return set;
}

void User::judge_whole() {
  unrestricted_ =
      std::any_of(selectors_.begin(), selectors_.end(), [](const Selector& one) { return one.unrestricted(); });
}

Status User::add_password(View rule) {
  const View given = rule.substr(1);
  if (rule[0] == '#' && !is_digest(given)) return kBadDigest;
  const Bytes digest = rule[0] == '#' ? Bytes(given) : digest_of(given);
  if (std::find(digests_.begin(), digests_.end(), digest) == digests_.end()) digests_.push_back(digest);
  no_password_ = false;
  return Status::fine();
}

Status User::remove_password(View rule) {
  const View given = rule.substr(1);
  if (rule[0] == '!' && !is_digest(given)) return kBadDigest;
  return std::erase(digests_, rule[0] == '!' ? Bytes(given) : digest_of(given)) > 0 ? Status::fine() : kNoSuchPassword;
}

// One that is there already is taken for what it is now: in the configuration its terms may have changed.
Status User::add_token(Token token) {
  const auto there =
      std::find_if(tokens_.begin(), tokens_.end(), [&](const auto& one) { return one->digest == token.digest; });
  if (there == tokens_.end() && tokens_.size() >= kTokensMax) return kTooManyTokens;
  if (there == tokens_.end()) return tokens_.push_back(std::make_shared<Token>(std::move(token))), Status::fine();
  if ((*there)->word() == token.word()) return Status::fine();
  token.used_ms = (*there)->used_ms;
  *there = std::make_shared<Token>(std::move(token));
  return Status::fine();
}

Status User::remove_token(View digest) {
  if (!is_digest(digest)) return kBadToken;
  return std::erase_if(tokens_, [&](const auto& one) { return one->digest == digest; }) > 0 ? Status::fine()
                                                                                            : kNoSuchToken;
}

bool User::holds(View digest) const {
  return std::any_of(tokens_.begin(), tokens_.end(), [&](const auto& one) { return one->digest == digest; });
}

void User::drop_tokens_over(TimeMs now_ms) {
  std::erase_if(tokens_, [&](const auto& one) { return one->over(now_ms); });
}

Status User::add_selector(View rules, const Vocabulary& words, bool all_channels) {
  const auto split = split_line(rules);
  if (!split) return kUnknownRule;
  Selector selector(all_channels);
  for (const Bytes& rule : *split) {
    if (Status set = selector.set(rule, words); !set.ok()) return set;
  }
  selectors_.push_back(std::move(selector));
  return Status::fine();
}

// All digests are compared, also behind one that fits: how long it takes tells nothing.
bool User::accepts_digest(View digest) const {
  if (!enabled_) return false;
  if (no_password_) return true;
  bool fits = false;
  for (const Bytes& one : digests_) fits |= same_secret(one, digest);
  return fits;
}

std::shared_ptr<Token> User::token_of(View digest, TimeMs now_ms) const {
  std::shared_ptr<Token> fits;
  for (const auto& one : tokens_) {
    if (same_secret(one->digest, digest)) fits = one;
  }
  return enabled_ && fits != nullptr && !fits->over(now_ms) ? fits : nullptr;
}

// Of several refusals the one is told that came furthest: a key or a channel rather than the command.
Verdict User::judge(const Act& act) const {
  Verdict worst{Denial::kCommand, 0};
  for (const Selector& selector : selectors_) {
    const Verdict one = selector.judge(act);
    if (one.denial == Denial::kNone) return one;
    if (one.denial > worst.denial || (one.denial == worst.denial && one.at > worst.at)) worst = one;
  }
  return worst;
}

bool User::reads_all_keys(const Act& act) const {
  return std::any_of(selectors_.begin(), selectors_.end(),
                     [&](const Selector& one) { return one.may_run(act) && one.reads_all_keys(); });
}

bool User::all_channels() const {
  return std::any_of(selectors_.begin(), selectors_.end(), [](const Selector& one) { return one.all_channels(); });
}

std::vector<Bytes> User::channels() const {
  std::vector<Bytes> all;
  for (const Selector& one : selectors_) all.insert(all.end(), one.channels().begin(), one.channels().end());
  return all;
}

std::vector<View> User::flags() const {
  std::vector<View> flags = {enabled_ ? "on" : "off"};
  if (no_password_) flags.push_back("nopass");
  flags.push_back(sanitizes_ ? "sanitize-payload" : "skip-sanitize-payload");
  return flags;
}

namespace {

// As split_line reads it back.
Bytes quoted(View word, bool always = false) {
  if (!always && word.find_first_of("\"'\\") == View::npos) return Bytes(word);
  Bytes out = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

Bytes User::text() const {
  Bytes out;
  for (const View flag : flags()) out += (out.empty() ? "" : " ") + Bytes(flag);
  for (const Bytes& digest : digests_) out += " #" + digest;
  for (const auto& token : tokens_) out += " " + token->word();
  for (const Selector& one : selectors_) {
    const bool own = &one == &selectors_.front();
    out += own ? " " : " (";
    const Bytes keys = one.keys_text(), channels = one.channels_text();
    if (!keys.empty()) out += keys + " ";
    if (!one.all_channels()) out += "resetchannels ";
    if (!channels.empty()) out += channels + " ";
    out += one.commands_text();
    if (!own) out += ")";
  }
  return out;
}

// Rules have no blanks in them. A selector's are split as split_line does, so quotes in them are escaped; and where one
// of its words looks like its end, all of it is one quoted word.
Bytes User::line() const {
  Bytes out = "user " + (name_.empty() || name_.starts_with('"') ? quoted(name_, true) : name_);
  for (const View flag : flags()) out += " " + Bytes(flag);
  for (const Bytes& digest : digests_) out += " #" + digest;
  for (const auto& token : tokens_) out += " " + token->word();
  for (const Selector& one : selectors_) {
    const bool own = &one == &selectors_.front();
    Bytes inner;
    bool ends_early = false;
    for (const Bytes& rule : one.rules()) {
      const Bytes word = own ? rule : quoted(rule);
      inner += (inner.empty() ? "" : " ") + word;
      ends_early = ends_early || rule.ends_with(')');  // also one in quotes: who reads the file takes them off first
    }
    if (own) out += " " + inner;
    else out += " " + (ends_early ? quoted("(" + inner + ")", true) : "(" + inner + ")");
  }
  return out;
}

Bytes User::stored() const {
  Bytes out;
  const auto add = [&](View word) { out += (out.empty() ? "" : " ") + Bytes(word); };
  for (const View flag : flags()) add(flag);
  for (const Bytes& digest : digests_) add("#" + digest);
  for (const auto& token : tokens_) add(token->word());
  for (const Selector& one : selectors_) {
    const bool own = &one == &selectors_.front();
    if (!own) add("(");
    for (const Bytes& rule : one.rules()) add(rule);
    if (!own) add(")");
  }
  return out;
}

Result<User> User::restored(View name, View stored, const Vocabulary& words) {
  User user(name, false);
  bool inside = false;
  for (size_t at = 0; at < stored.size();) {
    const size_t end = std::min(stored.find(' ', at), stored.size());
    const View word = stored.substr(at, end - at);
    at = end + 1;
    Status set;
    if (word == "(") {
      user.selectors_.emplace_back(false);
      inside = true;
    } else if (word == ")") {
      inside = false;
    } else if (inside) {
      set = user.selectors_.back().set(word, words);
    } else {
      set = user.set(word, words, false);
    }
    if (!set.ok()) return Status::error("'" + Bytes(word) + "': " + Bytes(set.text()));
  }
  user.judge_whole();
  return user;
}

Result<std::vector<Bytes>> gathered(std::span<const View> words) {
  std::vector<Bytes> rules;
  size_t open = words.size();  // where the one begins that is not closed yet
  for (size_t i = 0; i < words.size(); ++i) {
    const View word = words[i];
    if (open < words.size()) {
      rules.back() += " " + Bytes(word);
      if (word.ends_with(')')) open = words.size();
    } else {
      rules.emplace_back(word);
      if (word.starts_with('(') && !word.ends_with(')')) open = i;
    }
  }
  if (open < words.size()) {
    return Status::error("Unmatched parenthesis in acl selector starting at '" + Bytes(words[open]) + "'.");
  }
  return rules;
}

namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// What stands behind a backslash between double quotes; moves `at` past it.
char escaped(View line, size_t& at) {
  const char c = line[at];
  if (c == 'x' && at + 2 < line.size() && digit_of(line[at + 1]) >= 0 && digit_of(line[at + 2]) >= 0) {
    at += 2;
    return static_cast<char>(digit_of(line[at - 1]) * 16 + digit_of(line[at]));
  }
  constexpr View kLetters = "nrtba", kMeant = "\n\r\t\b\a";
  const size_t letter = kLetters.find(c);
  return letter == View::npos ? c : kMeant[letter];
}

// One word from `at` on, which moves behind it. False: it is not closed, or goes on behind its quote.
bool take_word(View line, size_t& at, Bytes& word) {
  char quote = 0;
  for (; at < line.size(); ++at) {
    const char c = line[at];
    if (quote == 0 && is_blank(c)) return true;
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != 0 && c == quote) {
      ++at;
      return at == line.size() || is_blank(line[at]);
    } else if (c == '\\' && at + 1 < line.size() && (quote == '"' || (quote == '\'' && line[at + 1] == '\''))) {
      ++at;
      word += quote == '"' ? escaped(line, at) : '\'';
    } else {
      word += c;
    }
  }
  return quote == 0;
}

}  // namespace

std::optional<std::vector<Bytes>> split_line(View line) {
  std::vector<Bytes> words;
  for (size_t at = 0;;) {
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at == line.size()) return words;
    words.emplace_back();
    if (!take_word(line, at, words.back())) return std::nullopt;
  }
}

}  // namespace leat::access
