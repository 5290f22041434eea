// SPDX-License-Identifier: Apache-2.0
// libraries_fuzz.cc: what somebody sends to FUNCTION RESTORE and FUNCTION LOAD never leads beyond its bytes; what can
// be read can be dumped and read again.
#include <cstdint>
#include <cstdlib>

#include "broker/rdb/crc64.h"
#include "broker/rdb/libraries.h"
#include "broker/script/source.h"

using leat::Bytes;
using leat::View;

// The bytes are a payload without its footer, and a library's text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const View bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(leat::rdb::read_libraries(bytes).ok());
  Bytes payload(bytes);
  leat::put_fixed(payload, uint16_t{10});
  leat::put_fixed(payload, leat::rdb::crc64(payload));
  if (const auto codes = leat::rdb::read_libraries(payload); codes.ok()) {
    const std::vector<View> views(codes->begin(), codes->end());
    if (*leat::rdb::read_libraries(leat::rdb::dump_libraries(views)) != *codes) std::abort();
  }
  if (const auto source = leat::read_library(bytes); source.ok()) {
    if (!leat::is_library_name(source->name) || source->code.size() > size) std::abort();
    static_cast<void>(leat::scan_source(source->code, "user_function"));
  }
  static_cast<void>(leat::read_shebang(bytes).ok());
  return 0;
}
