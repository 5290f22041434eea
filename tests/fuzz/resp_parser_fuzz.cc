// SPDX-License-Identifier: Apache-2.0
// resp_parser_fuzz.cc: any bytes, in any pieces, make the same requests, or the same error, as all at once.
#include <cstdint>
#include <cstdlib>

#include "broker/protocol/resp_parser.h"

namespace {

using leat::Bytes;
using leat::RespParser;
using leat::View;

// What the parser makes of the input when it arrives `piece` bytes at a time.
Bytes parse(View input, size_t piece) {
  const RespParser::Limits limits{.words_max = 1024, .bulk_bytes_max = 1 << 16};
  RespParser parser;
  Bytes buffer, seen;
  for (size_t at = 0; at < input.size(); at += piece) {
    buffer.append(input.substr(at, piece));
    for (bool more = true; more;) {
      switch (parser.next(buffer, limits)) {
        case RespParser::Next::kRequest:
          for (const View word : parser.args().all()) seen += std::to_string(word.size()) + ":" + Bytes(word) + ",";
          seen += ";";
          [[fallthrough]];
        case RespParser::Next::kEmpty:
          buffer.erase(0, parser.consumed());
          break;
        case RespParser::Next::kNeedMore:
          more = false;
          break;
        case RespParser::Next::kMalformed:
          return seen + parser.error();
      }
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const View input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (parse(input, input.size() + 1) != parse(input, 1 + data[0] % 64)) std::abort();
  return 0;
}
