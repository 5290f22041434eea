// SPDX-License-Identifier: Apache-2.0
// token.h: tokens: secrets with which a program comes in without a name, of its user and for one database.
//
// Used by: user.h, which keeps them beside passwords; http_tokens.h, which reads those of the configuration; the
//          ACL family.
// Always:  - a token's text tells the database it is for and when it ends, and holds 256 bits of real randomness:
//            leat_[dbN_][untilSECONDS_]R…R    R: 43 of A-Z a-z 0-9 - _ so whoever has one can neither move it to
//            another database nor make it last longer: that would be another text;
//          - of the text only the SHA-256 is kept: what a word tells, token=DIGEST[,db=N][,until=SECONDS], lets
//            nobody in.
#pragma once

#include <optional>

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat::access {

// Of one user: all of them stand in one effect and one line, and programs have few each.
constexpr size_t kTokensMax = 100;
constexpr DbIndex kTokenDatabases = 16;
constexpr int64_t kTokenUntilMax = int64_t{1} << 40;  // seconds: the year 36812

struct Token {
  Bytes digest;         // of its text
  DbIndex db = 0;       // whoever comes in with it sees no other
  int64_t until_s = 0;  // Unix time; 0: it does not end
  TimeMs used_ms = 0;   // broker time of its last use; 0: none since the start, as far as is known. Not logged

  TimeMs until_ms() const { return until_s * 1000; }
  bool over(TimeMs now_ms) const { return until_s != 0 && until_ms() <= now_ms; }
  Bytes word() const;                                  // "token=DIGEST,db=3,until=1767225600"
  static std::optional<Token> of_word(View word);      // the same, read
  static std::optional<Token> of_text(View text);      // of a secret; nullopt: it does not look like one
  static Token of_any_text(View secret);               // also of one that does not: database 0, without an end
};

Bytes new_token(DbIndex db, int64_t until_s);

}  // namespace leat::access
