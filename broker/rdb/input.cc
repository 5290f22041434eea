// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/input.h"

#include <limits>

#include "broker/protocol/numbers.h"
#include "broker/rdb/format.h"
#include "broker/rdb/lzf.h"

namespace leat::rdb {

View Input::raw(uint64_t size) {
  if (size > rest_.size()) {
    if (ok_) run_out();
    return {};
  }
  const View bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

uint8_t Input::byte() {
  const View one = raw(1);
  return one.empty() ? 0 : static_cast<uint8_t>(one[0]);
}

uint64_t Input::big_endian(size_t bytes) {
  uint64_t value = 0;
  for (const char c : raw(bytes)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

uint64_t Input::length() {
  const uint8_t first = byte();
  if (first < kLength14) return first;
  if (first < kLength32) return (first & 0x3fu) << 8 | byte();
  if (first == kLength32) return big_endian(4);
  if (first == kLength64) return big_endian(8);
  fail();
  return 0;
}

uint64_t Input::count(size_t bytes_each) {
  const uint64_t items = length();
  if (items <= rest_.size() / bytes_each) return items;
  if (ok_) run_out();
  return 0;
}

View Input::number_text(int64_t value, Bytes& scratch) {
  if (!ok_) return {};
  scratch = integer_text(value);
  return scratch;
}

View Input::expanded(Bytes& scratch) {
  const uint64_t compressed = length(), plain = length();
  const View bytes = raw(compressed);
  if (!ok_ || plain > limits_.string_bytes_max || plain > limits_.expanded_max - expanded_ ||
      !lzf_expand(bytes, plain, scratch)) {
    fail();
    return {};
  }
  expanded_ += plain;
  return scratch;
}

View Input::string(Bytes& scratch) {
  const uint8_t form = rest_.empty() ? 0 : static_cast<uint8_t>(rest_[0]);
  if (form < kText8) return raw(length());
  rest_.remove_prefix(1);
  if (form == kText8) return number_text(fixed<int8_t>(), scratch);
  if (form == kText16) return number_text(fixed<int16_t>(), scratch);
  if (form == kText32) return number_text(fixed<int32_t>(), scratch);
  if (form == kTextLzf) return expanded(scratch);
  fail();
  return {};
}

double Input::score_text() {
  const uint8_t size = byte();
  if (size == kInfinity) return std::numeric_limits<double>::infinity();
  if (size == kMinusInfinity) return -std::numeric_limits<double>::infinity();
  const auto score = size == kNotANumber ? std::nullopt : parse_real(raw(size));
  if (!score) fail();
  return score.value_or(0);
}

StreamId Input::id() {
  const uint64_t ms = big_endian(8);
  return {ms, big_endian(8)};
}

TimeMs Input::time() {
  const auto at_ms = fixed<TimeMs>();
  if (at_ms < 0) fail();
  return at_ms;
}

}  // namespace leat::rdb
