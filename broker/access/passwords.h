// SPDX-License-Identifier: Apache-2.0
// passwords.h: digests of passwords, and secrets made of real randomness.                            [OpenSSL]
//
// Used by: users (to keep and to compare), ACL GENPASS.
// Always:  - a password is kept as its SHA-256 only;
//          - comparing takes as long whatever differs, and wherever.
#pragma once

#include "schemas/bytes.h"

namespace leat::access {

Bytes digest_of(View password);       // SHA-256: 64 lower-case hexadecimal digits
bool is_digest(View text);
bool same_secret(View a, View b);     // in constant time, for texts of one length
Bytes random_digits(size_t count);    // hexadecimal, from the system's random source

}  // namespace leat::access
