// SPDX-License-Identifier: Apache-2.0
// packed_entry.h: what a listpack or a ziplist has in a place: bytes, or a number, which is the same as its
// decimal text.
//
// Used by: both, which fill it; the dump's readers.
// Always:  - bytes are borrowed from the pack; the text of a number lies in the entry itself.
#pragma once

#include <optional>

#include "broker/protocol/numbers.h"

namespace leat::rdb {

class PackedEntry {
 public:
  PackedEntry() = default;
  explicit PackedEntry(View bytes) : bytes_(bytes) {}
  explicit PackedEntry(int64_t number) : digits_(static_cast<uint8_t>(write_integer(text_, number))) {}

  View text() const { return digits_ > 0 ? View(text_, digits_) : bytes_; }
  std::optional<int64_t> number() const { return parse_integer(text()); }

 private:
  View bytes_;
  uint8_t digits_ = 0;  // of a number
  char text_[kIntegerTextMax];
};

}  // namespace leat::rdb
