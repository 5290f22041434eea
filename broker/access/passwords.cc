// SPDX-License-Identifier: Apache-2.0
#include "broker/access/passwords.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>

#include "schemas/check.h"

namespace leat::access {

namespace {
constexpr size_t kDigestBytes = 32;

Bytes hex(View bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  Bytes out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

Bytes random_bytes(size_t count) {
  Bytes raw(count, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(raw.size())) == 1);
  return raw;
}
}  // namespace

Bytes digest_of(View password) {
  unsigned char digest[kDigestBytes];
  size_t size = sizeof digest;
  CHECK(EVP_Q_digest(nullptr, "SHA256", nullptr, password.data(), password.size(), digest, &size) == 1);
  CHECK(size == kDigestBytes);
  return hex(View(reinterpret_cast<const char*>(digest), size));
}

bool is_digest(View text) {
  return text.size() == 2 * kDigestBytes && text.find_first_not_of("0123456789abcdef") == View::npos;
}

bool same_secret(View a, View b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

Bytes random_digits(size_t count) {
  Bytes digits = hex(random_bytes((count + 1) / 2));
  digits.resize(count);
  return digits;
}

Bytes random_letters(size_t count) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  Bytes letters = random_bytes(count);
  for (char& letter : letters) letter = kLetters[static_cast<unsigned char>(letter) & 63];
  return letters;
}

}  // namespace leat::access
