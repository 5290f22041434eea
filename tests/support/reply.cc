// SPDX-License-Identifier: Apache-2.0
#include "tests/support/reply.h"

#include <cstdlib>

namespace leat::testing {

std::ostream& operator<<(std::ostream& out, const Reply& reply) {
  if (reply.is_null()) return out << "null" << reply.text;
  if (reply.items.empty() && reply.type != '*' && reply.type != '%' && reply.type != '~' && reply.type != '>') {
    return out << reply.type << '"' << reply.text << '"';
  }
  out << reply.type << '[';
  for (size_t i = 0; i < reply.items.size(); ++i) out << (i > 0 ? ", " : "") << reply.items[i];
  return out << ']';
}

namespace {

std::optional<Reply> read_items(Reply reply, int64_t count, View& rest) {
  for (int64_t i = 0; i < count; ++i) {
    auto item = read_reply(rest);
    if (!item) return std::nullopt;
    reply.items.push_back(std::move(*item));
  }
  return reply;
}

}  // namespace

std::optional<Reply> read_reply(View& bytes) {
  const size_t end = bytes.find("\r\n");
  if (end == View::npos) return std::nullopt;
  const char type = bytes[0];
  const Bytes line(bytes.substr(1, end - 1));
  View rest = bytes.substr(end + 2);
  std::optional<Reply> reply;
  if (type == '$' || type == '=') {
    const int64_t size = std::atoll(line.c_str());
    if (size < 0) {
      reply = Reply{'_', "$", {}};
    } else if (rest.size() >= static_cast<size_t>(size) + 2) {
      reply = Reply{type, Bytes(rest.substr(0, static_cast<size_t>(size))), {}};
      rest.remove_prefix(static_cast<size_t>(size) + 2);
    }
  } else if (type == '*' || type == '~' || type == '>' || type == '%') {
    const int64_t count = std::atoll(line.c_str());
    if (count < 0) reply = Reply{'_', "*", {}};
    else reply = read_items({type, "", {}}, type == '%' ? count * 2 : count, rest);
  } else {
    reply = Reply{type, line, {}};
  }
  if (reply) bytes = rest;
  return reply;
}

}  // namespace leat::testing
