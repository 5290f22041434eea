// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/listpack.h"

#include "schemas/check.h"

namespace leat::rdb {

namespace {

constexpr size_t kHead = 6;
constexpr char kEnd = '\xff';
constexpr uint16_t kCountThem = UINT16_MAX;
constexpr size_t kSizeBytesMax = 5;

// The size of an entry as it stands behind it; returns how many bytes that takes.
size_t write_size(char* to, uint64_t size) {
  const size_t bytes = size <= 127 ? 1 : size < 16383 ? 2 : size < 2097151 ? 3 : size < 268435455 ? 4 : 5;
  for (size_t i = 0; i < bytes; ++i) {
    const auto bits = static_cast<uint8_t>(size >> 7 * (bytes - 1 - i) & 127);
    to[i] = static_cast<char>(i == 0 ? bits : bits | 128);
  }
  return bytes;
}

int64_t sign_extended(uint64_t value, int bits) { return static_cast<int64_t>(value << (64 - bits)) >> (64 - bits); }

}  // namespace

Listpack::Listpack(View bytes) {
  if (bytes.size() <= kHead || get_fixed<uint32_t>(bytes.data()) != bytes.size() || bytes.back() != kEnd) return;
  claimed_ = get_fixed<uint16_t>(bytes.data() + 4);
  rest_ = bytes.substr(kHead);
}

// The entry at the front, and how many bytes it takes without its size. The end mark is there behind it, whatever
// it says.
bool Listpack::read(PackedEntry& entry, size_t& size) const {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(rest_[i]); };
  const uint8_t first = at(0);
  const auto text = [&](size_t head, uint64_t length) {
    if (head + length > rest_.size()) return false;
    entry = PackedEntry(rest_.substr(head, length));
    size = head + length;
    return true;
  };
  const auto number = [&](size_t bytes) {
    if (1 + bytes > rest_.size()) return false;
    uint64_t value = 0;
    std::memcpy(&value, rest_.data() + 1, bytes);
    entry = PackedEntry(sign_extended(value, static_cast<int>(bytes * 8)));
    size = 1 + bytes;
    return true;
  };
  if (first < 0x80) return entry = PackedEntry(int64_t{first}), size = 1, true;
  if (first < 0xC0) return text(1, first & 0x3f);
  if (first >= 0xF0) {
    if (first == 0xF0) return rest_.size() >= 5 && text(5, get_fixed<uint32_t>(rest_.data() + 1));
    constexpr size_t kNumberBytes[] = {2, 3, 4, 8};
    return first <= 0xF4 && number(kNumberBytes[first - 0xF1]);
  }
  if (rest_.size() < 2) return false;
  const uint64_t low = at(1);
  if (first >= 0xE0) return text(2, (first & 0x0fu) << 8 | low);
  return entry = PackedEntry(sign_extended((first & 0x1fu) << 8 | low, 13)), size = 2, true;
}

bool Listpack::next(PackedEntry& entry) {
  if (rest_.empty() || ended_) return false;
  if (rest_.size() == 1) {  // the end mark
    ended_ = claimed_ == kCountThem || claimed_ == seen_;
    return false;
  }
  size_t size = 0;
  char behind[kSizeBytesMax];
  size_t size_bytes = 0;
  const bool fits = read(entry, size) && (size_bytes = write_size(behind, size)) < rest_.size() - size &&
                    rest_.substr(size, size_bytes) == View(behind, size_bytes);
  if (!fits) {
    rest_ = {};
    return false;
  }
  rest_.remove_prefix(size + size_bytes);
  ++seen_;
  return true;
}

ListpackBuilder::ListpackBuilder(Bytes& out) : out_(out) { out_.assign(kHead, '\0'); }

void ListpackBuilder::end_entry(size_t start) {
  char behind[kSizeBytesMax];
  out_.append(behind, write_size(behind, out_.size() - start));
  ++entries_;
}

void ListpackBuilder::add(View text) {
  if (const auto number = parse_integer(text)) return add(*number);
  const size_t start = out_.size(), length = text.size();
  if (length < 64) {
    put_u8(out_, static_cast<uint8_t>(0x80 | length));
  } else if (length < 4096) {
    put_u8(out_, static_cast<uint8_t>(0xE0 | length >> 8));
    put_u8(out_, static_cast<uint8_t>(length));
  } else {
    put_u8(out_, 0xF0);
    put_u32(out_, static_cast<uint32_t>(length));
  }
  out_.append(text);
  end_entry(start);
}

void ListpackBuilder::add(int64_t number) {
  const size_t start = out_.size();
  const auto wide = [&](uint8_t form, size_t bytes) {
    put_u8(out_, form);
    out_.append(reinterpret_cast<const char*>(&number), bytes);
  };
  const auto fits = [&](int bits) { return sign_extended(static_cast<uint64_t>(number), bits) == number; };
  if (number >= 0 && number < 128) put_u8(out_, static_cast<uint8_t>(number));
  else if (fits(13)) put_u16(out_, static_cast<uint16_t>(0xC0 | (number >> 8 & 0x1f) | (number & 0xff) << 8));
  else if (fits(16)) wide(0xF1, 2);
  else if (fits(24)) wide(0xF2, 3);
  else if (fits(32)) wide(0xF3, 4);
  else wide(0xF4, 8);
  end_entry(start);
}

void ListpackBuilder::finish() {
  out_ += kEnd;
  CHECK(out_.size() <= UINT32_MAX);  // an entry is shorter than a row of a snapshot, see applicable.cc
  set_fixed(out_.data(), static_cast<uint32_t>(out_.size()));
  set_fixed(out_.data() + 4, static_cast<uint16_t>(entries_ < kCountThem ? entries_ : kCountThem));
}

}  // namespace leat::rdb
