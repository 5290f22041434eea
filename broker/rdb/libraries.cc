// SPDX-License-Identifier: Apache-2.0
#include "broker/rdb/libraries.h"

#include "broker/rdb/crc64.h"
#include "broker/rdb/format.h"
#include "broker/rdb/input.h"

namespace leat::rdb {

namespace {

constexpr uint16_t kVersionLibraries = 10;
constexpr uint64_t kCodeBytesMax = 512 << 20;  // as proto-max-bulk-len has it at first: no request can be longer
constexpr size_t kLength8Max = 0x3f, kLength14Max = 0x3fff;

template <typename Int>
void put_big_endian(Bytes& out, Int value) {
  for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift);
}

void put_string(Bytes& out, View text) {
  const uint64_t size = text.size();
  if (size <= kLength8Max) {
    out += static_cast<char>(size);
  } else if (size <= kLength14Max) {
    put_big_endian(out, static_cast<uint16_t>(size | kLength14 << 8));
  } else if (size <= UINT32_MAX) {
    out += static_cast<char>(kLength32);
    put_big_endian(out, static_cast<uint32_t>(size));
  } else {
    out += static_cast<char>(kLength64);
    put_big_endian(out, size);
  }
  out.append(text);
}

}  // namespace

Bytes dump_libraries(Views codes) {
  Bytes out;
  for (const View code : codes) {
    out += static_cast<char>(Part::kLibrary);
    put_string(out, code);
  }
  put_fixed(out, kVersionLibraries);
  put_fixed(out, crc64(out));
  return out;
}

Result<std::vector<Bytes>> read_libraries(View payload) {
  const Status wrong = Status::error("ERR DUMP payload version or checksum are wrong");
  if (payload.size() < kFooterBytes) return wrong;
  const View body = payload.substr(0, payload.size() - kFooterBytes);
  if (get_fixed<uint16_t>(body.data() + body.size()) > kVersionMax) return wrong;
  const size_t checked = payload.size() - sizeof(uint64_t);
  if (get_fixed<uint64_t>(payload.data() + checked) != crc64(payload.substr(0, checked))) return wrong;
  Input input(body, {.string_bytes_max = kCodeBytesMax, .expanded_max = kCodeBytesMax});
  std::vector<Bytes> codes;
  Bytes scratch;
  while (!input.done()) {
    const auto kind = static_cast<Part>(input.byte());
    if (kind == Part::kLibraryEarly) return Status::error("ERR Pre-GA function format not supported");
    if (kind != Part::kLibrary) return Status::error("ERR given type is not a function");
    codes.emplace_back(input.string(scratch));
    if (!input.ok()) return Status::error("ERR Failed loading library data");
  }
  return codes;
}

}  // namespace leat::rdb
