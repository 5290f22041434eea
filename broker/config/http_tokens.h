// SPDX-License-Identifier: Apache-2.0
// http_tokens.h: the two users that come in by HTTP without being made first, and the tokens that the
// configuration gives them.
//
// Used by: config.cc (keys), main and `leat init` (files, environment), the doorkeeper (users).
// Always:  - where one secret may stand several may, split by blanks or lines: the new one is there before the old
//            one goes;
//          - a secret is a token's text (access/token.h), or any text of kSecretBytesMin bytes and more, or already a
//            digest as ACL LIST tells it; only digests are kept, told, and written by CONFIG REWRITE;
//          - http.token wins over http.token_file, and that over the environment.
#pragma once

#include "broker/config/config.h"

namespace leat {

constexpr size_t kSecretBytesMin = 16;

struct HttpUser {
  View name;
  View rules;      // split by blanks; with them and a token it is there, without a token it is not
  HttpTokens Config::*tokens;
  View key;         // "http.token": of the configuration
  View variable;    // of the environment
};
// Who may do everything, and who may only read: no SCAN, KEYS or RANDOMKEY either, which walk over what others keep, no
// scripts, and nothing that is @dangerous or @admin but INFO.
constexpr HttpUser kHttpUsers[] = {
    {"rest", "on ~* &* +@all", &Config::http_token, "http.token", "LEAT_HTTP_TOKEN"},
    {"default_ro",
     "on %R~* &* +@read +@connection +@transaction +subscribe +psubscribe +ssubscribe +unsubscribe +punsubscribe +sunsubscribe "
     "-@dangerous -@admin -@write -@scripting -scan -randomkey +info +time +acl|whoami",
     &Config::http_readonly_token, "http.readonly_token", "LEAT_HTTP_READONLY_TOKEN"},
};

void append_token_keys(std::vector<ConfigKey>& keys);
// Secrets as words of rules; the error does not tell them.
Result<Bytes> token_words(View secrets);
// What the configuration leaves to a file, or to the environment, which is asked only then.
Status read_given_tokens(Config& config, const std::function<const char*(const char*)>& environment);

}  // namespace leat
