// SPDX-License-Identifier: Apache-2.0
#include "tests/support/strict_reply.h"

#include <algorithm>
#include <optional>

namespace leat::testing {

namespace {

constexpr int kDepthMax = 20'000;

bool digits(View text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}
bool is_natural(View text) { return digits(text) && (text.size() == 1 || text[0] != '0'); }
bool is_whole(View text) {
  return is_natural(text) || (text.starts_with('-') && text != "-0" && is_natural(text.substr(1)));
}

bool is_double(View text) {
  if (text == "inf" || text == "-inf" || text == "nan") return true;
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t e = std::min(text.find('e'), text.size());
  View mantissa = text.substr(0, e);
  if (e < text.size()) {
    View exponent = text.substr(e + 1);
    if (exponent.starts_with('+') || exponent.starts_with('-')) exponent.remove_prefix(1);
    if (!digits(exponent)) return false;
  }
  const size_t point = mantissa.find('.');
  return point == View::npos ? digits(mantissa)
                             : digits(mantissa.substr(0, point)) && digits(mantissa.substr(point + 1));
}

class Reader {
 public:
  Reader(View bytes, Resp version) : bytes_(bytes), version_(version) {}

  bool value(int depth = 0) {
    if (depth > kDepthMax || at_ >= bytes_.size()) return false;
    const char type = bytes_[at_++];
    const std::optional<View> head = line();
    if (!head) return false;
    const bool old = View("+-:$*").find(type) != View::npos;
    if (!old && version_ == Resp::k2) return false;
    type_ = type;
    switch (type) {
      case '+':
      case '-':
      case '(':  // a script may call any text a big number
        return true;
      case ':':
        return is_whole(*head);
      case '$':
        return *head == "-1" ? version_ != Resp::k3 : bulk(*head);
      case '=':
        return bulk(*head) && bulk_.size() >= 4 && bulk_[3] == ':';
      case '_':
        return head->empty();
      case '#':
        return *head == "t" || *head == "f";
      case ',':
        return is_double(*head);
      case '*':
        return *head == "-1" ? version_ != Resp::k3 : items(type, *head, 1, depth);
      case '~':
      case '>':
        return items(type, *head, 1, depth);
      case '%':
        return items(type, *head, 2, depth);
      case '|':  // says something about the value that follows it
        return items(type, *head, 2, depth) && value(depth + 1);
      default:
        return false;
    }
  }

  StrictReply found() const { return {.size = at_, .type = type_, .items = items_, .first = first_}; }

 private:
  std::optional<View> line() {
    const size_t end = bytes_.find_first_of("\r\n", at_);
    if (end == View::npos || bytes_.substr(end, 2) != "\r\n") return std::nullopt;
    const View text = bytes_.substr(at_, end - at_);
    at_ = end + 2;
    return text;
  }

  std::optional<size_t> count(View text) const {
    if (!is_natural(text) || text.size() > 12) return std::nullopt;
    size_t number = 0;
    for (const char c : text) number = number * 10 + static_cast<size_t>(c - '0');
    return number;
  }

  bool bulk(View size) {
    const auto bytes = count(size);
    if (!bytes || bytes_.size() - at_ < *bytes + 2 || bytes_.substr(at_ + *bytes, 2) != "\r\n") return false;
    bulk_ = bytes_.substr(at_, *bytes);
    at_ += *bytes + 2;
    return true;
  }

  // A push may stand between the items of something else, and is none of them.
  bool items(char type, View size, size_t each, int depth) {
    const auto counted = count(size);
    if (!counted) return false;
    View first;
    for (size_t left = *counted * each; left > 0;) {
      const bool pushed = at_ < bytes_.size() && bytes_[at_] == '>';
      if (!value(depth + 1)) return false;
      if (pushed) continue;
      if (left-- == *counted * each && type_ == '$') first = bulk_;
    }
    type_ = type;
    items_ = *counted;
    first_ = first;
    return true;
  }

  View bytes_;
  const Resp version_;
  size_t at_ = 0;
  char type_ = 0;
  size_t items_ = 0;
  View bulk_, first_;
};

}  // namespace

StrictReply read_strictly(View bytes, Resp version) {
  Reader reader(bytes, version);
  return reader.value() ? reader.found() : StrictReply{};
}

}  // namespace leat::testing
