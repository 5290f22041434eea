// SPDX-License-Identifier: Apache-2.0
// passwords.h: digests of passwords, and secrets made of real randomness.                            [OpenSSL]
//
// Used by: users and tokens (to keep and to compare), ACL GENPASS, `leat init`.
// Always:  - a password is kept as its SHA-256 only;
//          - comparing takes as long whatever differs, and wherever.
#pragma once

#include "schemas/bytes.h"

namespace leat::access {

Bytes digest_of(View password);       // SHA-256: 64 lower-case hexadecimal digits
bool is_digest(View text);
bool same_secret(View a, View b);     // in constant time, for texts of one length
Bytes random_digits(size_t count);    // hexadecimal, from the system's random source
Bytes random_letters(size_t count);   // the same of A-Z a-z 0-9 - _: six bits each

}  // namespace leat::access
