// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/zipmap.h"

namespace leat::rdb {

namespace {
constexpr uint8_t kLong = 254, kEnd = 255;
}

Zipmap::Zipmap(View bytes) {
  if (bytes.size() < 2 || static_cast<uint8_t>(bytes.back()) != kEnd) return;
  claimed_ = static_cast<uint8_t>(bytes[0]);
  rest_ = bytes.substr(1);
}

// Leaves the end mark where it is.
bool Zipmap::read_length(uint64_t& length) {
  const auto first = static_cast<uint8_t>(rest_[0]);
  if (first == kEnd) return false;
  const size_t head = first == kLong ? 5 : 1;
  if (head >= rest_.size()) return false;
  length = first == kLong ? get_fixed<uint32_t>(rest_.data() + 1) : first;
  rest_.remove_prefix(head);
  return true;
}

bool Zipmap::next(PackedEntry& entry) {
  if (rest_.empty() || ended_) return false;
  const bool is_value = seen_ % 2 == 1;
  if (rest_.size() == 1) {
    ended_ = !is_value && (claimed_ >= kLong || claimed_ == seen_ / 2);
    return false;
  }
  uint64_t length = 0, unused = 0;
  bool fits = read_length(length);
  if (fits && is_value) {
    unused = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
  }
  fits = fits && length + unused < rest_.size();
  if (!fits) {
    rest_ = {};
    return false;
  }
  entry = PackedEntry(rest_.substr(0, length));
  rest_.remove_prefix(length + unused);
  ++seen_;
  return true;
}

}  // namespace leat::rdb
