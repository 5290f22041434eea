// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/crc64.h"

#include <array>

namespace leat::rdb {

namespace {

constexpr uint64_t kPolynomial = 0x95ac9329ac4bc9b5;  // ad93d23594c935a9, its bits reversed
constexpr size_t kStep = 8;                           // bytes taken at once: eight times as fast as one by one

// tables[n][b]: what byte b, followed by n zeros, does to the check.
constexpr auto make_tables() {
  std::array<std::array<uint64_t, 256>, kStep> tables{};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    for (size_t n = 1; n < kStep; ++n)
      tables[n][byte] = tables[n - 1][byte] >> 8 ^ tables[0][tables[n - 1][byte] & 0xff];
  }
  return tables;
}
constexpr auto kTables = make_tables();

}  // namespace

uint64_t crc64(View bytes, uint64_t before) {
  uint64_t crc = before;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (; static_cast<size_t>(end - at) >= kStep; at += kStep) {
    crc ^= get_fixed<uint64_t>(at);
    uint64_t next = 0;
    for (size_t n = 0; n < kStep; ++n) next ^= kTables[kStep - 1 - n][crc >> 8 * n & 0xff];
    crc = next;
  }
  for (; at < end; ++at) crc = crc >> 8 ^ kTables[0][(crc ^ static_cast<uint8_t>(*at)) & 0xff];
  return crc;
}

}  // namespace leat::rdb
