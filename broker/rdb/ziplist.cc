// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/ziplist.h"

namespace leat::rdb {

namespace {
constexpr size_t kHead = 10;
constexpr char kEnd = '\xff';
constexpr uint8_t kFarBefore = 0xfe;
constexpr uint16_t kCountThem = UINT16_MAX;
}  // namespace

Ziplist::Ziplist(View bytes) {
  if (bytes.size() <= kHead || get_fixed<uint32_t>(bytes.data()) != bytes.size() || bytes.back() != kEnd) return;
  claimed_last_ = get_fixed<uint32_t>(bytes.data() + 4);
  claimed_ = get_fixed<uint16_t>(bytes.data() + 8);
  rest_ = bytes.substr(kHead);
  offset_ = last_ = kHead;
}

// Whether the entry at the front knows the size of the one before it; `head` is what saying so takes.
bool Ziplist::read_before(size_t& head) const {
  const auto first = static_cast<uint8_t>(rest_[0]);
  if (first == 0xff) return false;
  head = first == kFarBefore ? 5 : 1;
  if (head >= rest_.size()) return false;
  return (first == kFarBefore ? get_fixed<uint32_t>(rest_.data() + 1) : first) == before_;
}

// The entry behind its head, and how many bytes it takes with it.
bool Ziplist::read(size_t head, PackedEntry& entry, size_t& size) const {
  const View body = rest_.substr(head);
  const auto at = [&](size_t i) { return static_cast<uint8_t>(body[i]); };
  const uint8_t first = at(0);
  const auto text = [&](size_t form, uint64_t length) {
    if (form + length > body.size()) return false;
    entry = PackedEntry(body.substr(form, length));
    size = head + form + length;
    return true;
  };
  const auto number = [&](size_t bytes) {
    if (1 + bytes > body.size()) return false;
    uint64_t value = 0;
    std::memcpy(&value, body.data() + 1, bytes);
    const int unused = static_cast<int>(64 - bytes * 8);
    entry = PackedEntry(static_cast<int64_t>(value << unused) >> unused);
    size = head + 1 + bytes;
    return true;
  };
  if (first < 0x40) return text(1, first);
  if (first < 0x80) return body.size() >= 2 && text(2, (first & 0x3fu) << 8 | at(1));
  if (first < 0xC0) {
    if (body.size() < 5) return false;
    return text(5, static_cast<uint64_t>(at(1)) << 24 | at(2) << 16 | at(3) << 8 | at(4));
  }
  if (first == 0xC0) return number(2);
  if (first == 0xD0) return number(4);
  if (first == 0xE0) return number(8);
  if (first == 0xF0) return number(3);
  if (first == 0xFE) return number(1);
  if (first < 0xF1 || first > 0xFD) return false;
  entry = PackedEntry(int64_t{first} - 0xF1);
  size = head + 1;
  return true;
}

bool Ziplist::next(PackedEntry& entry) {
  if (rest_.empty() || ended_) return false;
  if (rest_.size() == 1) {  // the end mark
    ended_ = (claimed_ == kCountThem || claimed_ == seen_) && claimed_last_ == last_;
    return false;
  }
  size_t head = 0, size = 0;
  if (!read_before(head) || !read(head, entry, size) || size >= rest_.size()) {
    rest_ = {};
    return false;
  }
  last_ = offset_;
  offset_ += size;
  before_ = size;
  rest_.remove_prefix(size);
  ++seen_;
  return true;
}

}  // namespace leat::rdb
