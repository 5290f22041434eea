// SPDX-License-Identifier: Apache-2.0
// sha1.h: the name of a script.                                                                     [OpenSSL]
//
// Used by: the script cache, and scripts themselves through redis.sha1hex.
// Always:  - the algorithm is fetched once: OpenSSL 3 takes longer to find it than to hash a short script.
#pragma once

#include <array>
#include <memory>

#include "schemas/bytes.h"

struct evp_md_st;
struct evp_md_ctx_st;

namespace leat {

class Sha1 {
 public:
  using Digest = std::array<unsigned char, 20>;
  using Hex = std::array<char, 40>;  // lower case

  Sha1();
  ~Sha1();
  Sha1(const Sha1&) = delete;
  Sha1& operator=(const Sha1&) = delete;

  Digest digest(View bytes);
  static Hex hex(const Digest& digest);
  static bool parse(View hex, Digest& digest);  // either case; false where it is no digest

 private:
  evp_md_st* algorithm_;
  evp_md_ctx_st* context_;
};

}  // namespace leat
