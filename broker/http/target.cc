// SPDX-License-Identifier: Apache-2.0
#include "broker/http/target.h"

#include <algorithm>

namespace leat {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<Bytes> decoded(View text, bool plus_is_blank) {
  Bytes out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += plus_is_blank && text[at] == '+' ? ' ' : text[at];
      continue;
    }
    if (at + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[at + 1]), low = hex_digit(text[at + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    at += 2;
  }
  return out;
}

// The pieces between the signs; an empty text has none.
std::vector<View> split(View text, char sign) {
  std::vector<View> pieces;
  while (!text.empty()) {
    const size_t end = text.find(sign);
    pieces.push_back(text.substr(0, end));
    if (end == View::npos) break;
    text.remove_prefix(end + 1);
  }
  return pieces;
}

bool parse_query(View text, Target& target) {
  for (const View piece : split(text, '&')) {
    if (piece.empty()) continue;
    const size_t equals = piece.find('=');
    auto name = decoded(piece.substr(0, equals), true);
    auto value = decoded(equals == View::npos ? View() : piece.substr(equals + 1), true);
    if (!name || !value) return false;
    if (*name == "_token") target.token = std::move(*value);
    else target.query.push_back({std::move(*name), std::move(*value)});
  }
  return true;
}

}  // namespace

std::optional<View> Target::parameter(View name) const {
  const auto found = std::find_if(query.begin(), query.end(), [&](const Pair& one) { return one.name == name; });
  if (found == query.end()) return std::nullopt;
  return found->value;
}

std::optional<Target> parse_target(View text) {
  if (const size_t scheme = text.find("://"); !text.starts_with('/') && scheme != View::npos) {  // as a proxy is asked
    const size_t path = text.find('/', scheme + 3);
    text = path == View::npos ? View("/") : text.substr(path);
  }
  if (!text.starts_with('/')) return std::nullopt;
  const size_t question = text.find('?');
  Target target;
  for (const View segment : split(text.substr(1, question == View::npos ? View::npos : question - 1), '/')) {
    auto word = decoded(segment, false);
    if (!word) return std::nullopt;
    target.words.push_back(std::move(*word));
  }
  if (question != View::npos && !parse_query(text.substr(question + 1), target)) return std::nullopt;
  return target;
}

}  // namespace leat
