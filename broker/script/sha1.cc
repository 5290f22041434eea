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

static constexpr std::array<int8_t, 256> kDigitValues = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (int8_t i = 0; i < 10; ++i) values[static_cast<size_t>('0' + i)] = i;
  for (int8_t i = 0; i < 6; ++i) {
    values[static_cast<size_t>('a' + i)] = static_cast<int8_t>(10 + i);
    values[static_cast<size_t>('A' + i)] = static_cast<int8_t>(10 + i);
  }
  return values;
}();

bool Sha1::parse(View hex, Digest& digest) {
  if (hex.size() != 2 * digest.size()) return false;
  int wrong = 0;
  for (size_t i = 0; i < digest.size(); ++i) {
    const int high = kDigitValues[static_cast<unsigned char>(hex[2 * i])];
    const int low = kDigitValues[static_cast<unsigned char>(hex[2 * i + 1])];
    wrong |= high | low;  // negative once one of them is
    digest[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return wrong >= 0;
}

}  // namespace leat
