// SPDX-License-Identifier: Apache-2.0
// distinct.h: whether things are all different, in 16 bytes each, however long they are.
//
// Used by: RESTORE, for members and names.
// Always:  - equal ones are always found. Different ones are taken for equal when their 128-bit hashes are: not by
//            chance, and who brings that about on purpose has only his own dump refused;
//          - they are looked through each time there are twice as many, so that what repeats itself without end is
//            found before it takes memory without end.
#pragma once

#include <xxhash.h>

#include <algorithm>
#include <vector>

#include "schemas/bytes.h"

namespace leat::rdb {

class Distinct {
 public:
  // False: two were equal, now or earlier.
  bool add(View one) {
    const XXH128_hash_t hash = XXH3_128bits(one.data(), one.size());
    hashes_.emplace_back(hash.high64, hash.low64);
    return hashes_.size() < look_at_ || look();
  }
  // The same for all of them: to be asked in the end.
  bool look() {
    std::sort(hashes_.begin(), hashes_.end());
    look_at_ = std::max<size_t>(hashes_.size() * 2, kLookFirst);
    return std::adjacent_find(hashes_.begin(), hashes_.end()) == hashes_.end();
  }

 private:
  static constexpr size_t kLookFirst = 1 << 16;
  std::vector<std::pair<uint64_t, uint64_t>> hashes_;
  size_t look_at_ = kLookFirst;
};

}  // namespace leat::rdb
