// SPDX-License-Identifier: Apache-2.0
#include "broker/access/token.h"

#include <algorithm>

#include "broker/access/passwords.h"
#include "broker/protocol/numbers.h"
#include "schemas/check.h"

namespace leat::access {

namespace {

constexpr View kMark = "leat_", kDb = "db", kUntil = "until",
               kWord = "token=", kWordDb = ",db=", kWordUntil = ",until=";
constexpr size_t kRandomLetters = 43;  // six bits each

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool take(View& text, View prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// A number between the bounds as new_token and word() write it: one text for one token.
std::optional<int64_t> number(View digits, int64_t min, int64_t max) {
  const auto value = parse_integer(digits);
  return value && *value >= min && *value <= max ? value : std::nullopt;
}

// "db3_", "until1767225600_", in front of the randomness. False: it begins so, and does not go on so.
bool take_part(View& text, View name, int64_t min, int64_t max, int64_t& value) {
  if (text.size() == kRandomLetters || !text.starts_with(name)) return true;
  const size_t end = text.find('_');
  if (end == View::npos) return false;
  const auto found = number(text.substr(name.size(), end - name.size()), min, max);
  if (!found) return false;
  value = *found;
  text.remove_prefix(end + 1);
  return true;
}

}  // namespace

std::optional<Token> Token::of_text(View secret) {
  View text = secret;
  int64_t db = 0, until_s = 0;
  if (!take(text, kMark) || !take_part(text, kDb, 0, kTokenDatabases - 1, db) ||
      !take_part(text, kUntil, 1, kTokenUntilMax, until_s) || text.size() != kRandomLetters) {
    return std::nullopt;
  }
  for (const char c : text) {
    if (!is_letter(c)) return std::nullopt;
  }
  return Token{.digest = digest_of(secret), .db = static_cast<DbIndex>(db), .until_s = until_s};
}

Token Token::of_any_text(View secret) {
  const auto token = of_text(secret);
  return token ? *token : Token{.digest = digest_of(secret)};
}

Bytes Token::word() const {
  Bytes out = Bytes(kWord) + digest;
  if (db != 0) out += Bytes(kWordDb) + integer_text(db);
  if (until_s != 0) out += Bytes(kWordUntil) + integer_text(until_s);
  return out;
}

std::optional<Token> Token::of_word(View word) {
  if (!take(word, kWord)) return std::nullopt;
  Token token{.digest = Bytes(word.substr(0, word.find(',')))};
  word.remove_prefix(token.digest.size());
  if (!is_digest(token.digest)) return std::nullopt;
  if (take(word, kWordDb)) {
    const auto db = number(word.substr(0, word.find(',')), 0, kTokenDatabases - 1);
    if (!db) return std::nullopt;
    token.db = static_cast<DbIndex>(*db);
    word.remove_prefix(std::min(word.find(','), word.size()));
  }
  if (take(word, kWordUntil)) {
    const auto until_s = number(word, 1, kTokenUntilMax);
    if (!until_s) return std::nullopt;
    token.until_s = *until_s;
    word = {};
  }
  return word.empty() ? std::optional(std::move(token)) : std::nullopt;
}

Bytes new_token(DbIndex db, int64_t until_s) {
  CHECK(db < kTokenDatabases);
  CHECK(until_s >= 0 && until_s <= kTokenUntilMax);
  Bytes text(kMark);
  if (db != 0) text += Bytes(kDb) + integer_text(db) + '_';
  if (until_s != 0) text += Bytes(kUntil) + integer_text(until_s) + '_';
  return text + random_letters(kRandomLetters);
}

}  // namespace leat::access
