// SPDX-License-Identifier: Apache-2.0
// certificates.h: an authority of the test's own, and what it certifies: files in the test's folder, nothing
// checked in.
#pragma once

#include <openssl/x509.h>

#include "schemas/bytes.h"

namespace leat::testing {

struct Identity {
  Bytes cert_file, key_file;
};

struct Wishes {
  int from_days = -1, until_days = 1;
  Bytes password;           // of the key's file
  Bytes second_name;        // another CN
};

class Authority {
 public:
  explicit Authority(const Bytes& name);  // made anew
  ~Authority();
  Authority(const Authority&) = delete;

  const Bytes& file() const { return file_; }
  Identity certify(const Bytes& common_name, const Wishes& wishes = {});

 private:
  Bytes name_, file_;
  EVP_PKEY* key_;
  X509* certificate_;
  long serial_ = 1;
};

Bytes write_file(const Bytes& name, View text);  // in the test's folder; its path

}  // namespace leat::testing
