// SPDX-License-Identifier: Apache-2.0
#include "broker/config/http_tokens.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "broker/access/token.h"
#include "broker/protocol/words.h"

namespace leat {

namespace {

constexpr View kBlanks = " \t\r\n";

ConfigKey tokens(View name, HttpTokens Config::*member) {
  return {name, "", true, [=](const Config& config) { return (config.*member).words; },
          [=](Config& config, View given) {
            auto words = token_words(given);
            if (!words.ok()) return words.status();
            (config.*member).words = std::move(*words);
            return Status::fine();
          },
          true};
}

ConfigKey file(View name, HttpTokens Config::*member) {
  return {name, "", false, [=](const Config& config) { return (config.*member).file; },
          [=](Config& config, View path) {
            (config.*member).file = Bytes(path);
            return Status::fine();
          }};
}

Result<Bytes> read_secrets(const Bytes& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  const Bytes text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.good() && !file.eof()) return Status::error(path + ": " + std::strerror(errno));
  auto words = token_words(text);
  if (!words.ok()) return Status::error(path + ": " + Bytes(words.status().text()));
  if (words->empty()) return Status::error(path + ": there is no token in it");
  return words;
}

}  // namespace

void append_token_keys(std::vector<ConfigKey>& keys) {
  keys.push_back(tokens("http.token", &Config::http_token));
  keys.push_back(file("http.token_file", &Config::http_token));
  keys.push_back(tokens("http.readonly_token", &Config::http_readonly_token));
  keys.push_back(file("http.readonly_token_file", &Config::http_readonly_token));
}

Result<Bytes> token_words(View secrets) {
  std::vector<Bytes> words;
  for (const View secret : words_of(secrets, kBlanks)) {
    if (secret.starts_with("token=") && !access::Token::of_word(secret)) {
      return Status::error("a token's digest is written as token=DIGEST[,db=N][,until=SECONDS], as ACL LIST tells it");
    }
    if (secret.starts_with("leat_") && !access::Token::of_text(secret)) {
      return Status::error("it begins like a token of leat's and is none: some of it is missing, or was changed");
    }
    if (secret.size() < kSecretBytesMin) {
      return Status::error("a token has at least " + std::to_string(kSecretBytesMin) +
                           " bytes, or it could be guessed: ACL GENTOKEN and leat init make good ones");
    }
    const auto told = access::Token::of_word(secret);
    Bytes word = told ? told->word() : access::Token::of_any_text(secret).word();
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
  }
  if (words.size() > access::kTokensMax) {
    return Status::error("no more than " + std::to_string(access::kTokensMax) + " tokens are valid at a time");
  }
  Bytes all;
  for (const Bytes& word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

Status read_given_tokens(Config& config, const std::function<const char*(const char*)>& environment) {
  for (const HttpUser& user : kHttpUsers) {
    HttpTokens& tokens = config.*user.tokens;
    if (!tokens.words.empty()) continue;
    const char* const variable = environment(Bytes(user.variable).c_str());
    auto words = !tokens.file.empty() ? read_secrets(tokens.file) : token_words(variable == nullptr ? "" : variable);
    if (!words.ok()) {
      const Bytes place(tokens.file.empty() ? user.variable : user.key);
      return Status::error(place + (tokens.file.empty() ? ": " : "_file: ") + Bytes(words.status().text()));
    }
    tokens.given_words = std::move(*words);
  }
  return Status::fine();
}

}  // namespace leat
