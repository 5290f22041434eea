// SPDX-License-Identifier: Apache-2.0
// intset.h: a set of whole numbers, in order.
//
// Used by: the dump's reader. Nothing writes it.
// Always:  - each number is checked to be greater than the one before.
// Bytes:   intset := width: u32 (2, 4 or 8), numbers: u32, number*
#pragma once

#include "broker/rdb/packed_entry.h"

namespace leat::rdb {

class Intset {
 public:
  explicit Intset(View bytes) {
    if (bytes.size() < kHead) return;
    const auto width = get_fixed<uint32_t>(bytes.data());
    const uint64_t count = get_fixed<uint32_t>(bytes.data() + 4);
    if ((width != 2 && width != 4 && width != 8) || bytes.size() - kHead != count * width) return;
    width_ = width;
    rest_ = bytes.substr(kHead);
    ended_ = rest_.empty();
  }
  // False at the end, and at the first thing that is wrong: ok() tells which.
  bool next(PackedEntry& entry) {
    if (rest_.empty()) return false;
    uint64_t value = 0;
    std::memcpy(&value, rest_.data(), width_);
    const int unused = static_cast<int>(64 - width_ * 8);
    const int64_t number = static_cast<int64_t>(value << unused) >> unused;
    if (any_ && number <= last_) {
      rest_ = {};
      return false;
    }
    any_ = true;
    last_ = number;
    rest_.remove_prefix(width_);
    ended_ = rest_.empty();
    entry = PackedEntry(number);
    return true;
  }
  bool ok() const { return ended_; }

 private:
  static constexpr size_t kHead = 8;
  View rest_;
  size_t width_ = 0;
  int64_t last_ = 0;
  bool any_ = false, ended_ = false;
};

}  // namespace leat::rdb
