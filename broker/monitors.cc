// SPDX-License-Identifier: Apache-2.0
#include "broker/monitors.h"

#include <cstdio>

namespace leat {

namespace {

// In quotes, so that a line stays a line.
void append_quoted(Bytes& line, View word) {
  line += '"';
  for (const char c : word) {
    switch (c) {
      case '\\': line += "\\\\"; break;
      case '"': line += "\\\""; break;
      case '\n': line += "\\n"; break;
      case '\r': line += "\\r"; break;
      case '\t': line += "\\t"; break;
      case '\a': line += "\\a"; break;
      case '\b': line += "\\b"; break;
      default:
        if (c >= ' ' && c <= '~') {
          line += c;
        } else {
          char hex[5];
          std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
          line += hex;
        }
    }
  }
  line += '"';
}

}  // namespace

void Monitors::note(const Command& command) {
  char head[64];
  std::snprintf(head, sizeof head, "%lld.%06lld [%d ", static_cast<long long>(command.now_us / 1000000),
                static_cast<long long>(command.now_us % 1000000), static_cast<int>(command.db));
  Bytes line = head + Bytes(command.origin) + "]";
  for (const View word : command.words) {
    line += ' ';
    append_quoted(line, word);
  }
  bytes_ += line.size();
  lines_.push_back({command.db, std::move(line)});
}

}  // namespace leat
