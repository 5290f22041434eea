// SPDX-License-Identifier: Apache-2.0
#include "broker/script/sha1.h"

#include <openssl/evp.h>

#include "schemas/check.h"

namespace leat {

Sha1::Sha1() : algorithm_(EVP_MD_fetch(nullptr, "SHA1", nullptr)), context_(EVP_MD_CTX_new()) {
  CHECK(algorithm_ != nullptr);
  CHECK(context_ != nullptr);
}

Sha1::~Sha1() {
  EVP_MD_CTX_free(context_);
  EVP_MD_free(algorithm_);
}

Sha1::Digest Sha1::digest(View bytes) {
  Digest digest;
  CHECK(EVP_DigestInit_ex2(context_, algorithm_, nullptr) == 1);
  CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
  CHECK(EVP_DigestFinal_ex(context_, digest.data(), nullptr) == 1);
  return digest;
}

Sha1::Hex Sha1::hex(const Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  Hex hex;
  for (size_t i = 0; i < digest.size(); ++i) {
    hex[2 * i] = kDigits[digest[i] >> 4];
    hex[2 * i + 1] = kDigits[digest[i] & 15];
  }
  return hex;
}

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool Sha1::parse(View hex, Digest& digest) {
  if (hex.size() != 2 * digest.size()) return false;
  for (size_t i = 0; i < digest.size(); ++i) {
    const int high = digit(hex[2 * i]);
    const int low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    digest[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return true;
}

}  // namespace leat
