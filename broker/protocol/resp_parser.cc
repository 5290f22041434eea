// SPDX-License-Identifier: Apache-2.0
#include "broker/protocol/resp_parser.h"

#include <algorithm>

#include "broker/protocol/numbers.h"

namespace leat {

namespace {

constexpr size_t kHeaderLineMax = 64 * 1024;  // Redis reads so far for the end of a header line

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Moves `at` behind "<digits>\r\n". False: it is cut short, or no plain small number; then the long way tells what
// it is.
bool read_plain(const char*& at, const char* end, int64_t& value) {
  constexpr ptrdiff_t kDigitsMax = 9;
  const char* const first = at;
  const char* const last = end - at > kDigitsMax ? at + kDigitsMax : end;
  value = 0;
  for (; at < last && *at >= '0' && *at <= '9'; ++at) value = value * 10 + (*at - '0');
  if (at == first || end - at < 2 || *at != '\r' || (*first == '0' && at - first > 1)) return false;
  at += 2;
  return true;
}

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == 0; }

// Inside double quotes: \xHH, \n \r \t \b \a and any other character for itself.
void unescape(View line, size_t& at, Bytes& out) {
  const char c = line[at];
  if (c == 'x' && at + 2 < line.size() && hex_digit(line[at + 1]) >= 0 && hex_digit(line[at + 2]) >= 0) {
    out += static_cast<char>(hex_digit(line[at + 1]) * 16 + hex_digit(line[at + 2]));
    at += 3;
    return;
  }
  constexpr View kNames = "nrtba", kMeanings = "\n\r\t\b\a";
  const size_t meaning = kNames.find(c);
  out += meaning == View::npos ? c : kMeanings[meaning];
  ++at;
}

// One word of an inline command; false when its quotes are not balanced.
bool read_word(View line, size_t& at, Bytes& out) {
  char quote = 0;
  for (; at < line.size(); ) {
    const char c = line[at];
    if (quote == '"' && c == '\\' && at + 1 < line.size()) {
      unescape(line, ++at, out);
    } else if (quote == '\'' && c == '\\' && at + 1 < line.size() && line[at + 1] == '\'') {
      out += '\'';
      at += 2;
    } else if (quote != 0 && c == quote) {
      ++at;
      return at == line.size() || is_blank(line[at]);  // a closing quote ends the word
    } else if (quote == 0 && is_blank(c)) {
      return true;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
      ++at;
    } else {
      out += c;
      ++at;
    }
  }
  return quote == 0;
}

}  // namespace

RespParser::Next RespParser::malformed(Bytes why) {
  error_ = "ERR Protocol error: " + std::move(why);
  return Next::kMalformed;
}

void RespParser::reset() {
  words_left_ = bulk_size_ = -1;
  at_ = 0;
  missing_ = 0;
  clear_keeping(found_, kWordsKept);
}

RespParser::Next RespParser::request(View input, size_t consumed) {
  words_.clear();
  for (const Word& word : found_) words_.push_back(input.substr(word.offset, word.size));
  consumed_ = consumed;
  reset();
  return words_.empty() ? Next::kEmpty : Next::kRequest;
}

RespParser::Next RespParser::next(View input, const Limits& limits) {
  if (input.empty()) return Next::kNeedMore;
  return input[0] == '*' ? next_bulk(input, limits) : next_inline(input, limits);
}

RespParser::Next RespParser::next_inline(View input, const Limits& limits) {
  const size_t newline = input.find('\n', at_);
  if (newline == View::npos) {
    if (input.size() > limits.inline_bytes_max) return malformed("too big inline request");
    at_ = input.size();
    return Next::kNeedMore;
  }
  View line = input.substr(0, newline);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  unquoted_.clear();
  std::vector<size_t> ends;
  for (size_t at = 0;;) {
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at == line.size()) break;
    if (!read_word(line, at, unquoted_)) return malformed("unbalanced quotes in request");
    ends.push_back(unquoted_.size());
  }
  words_.clear();
  size_t start = 0;
  for (const size_t end : ends) {
    words_.push_back(View(unquoted_).substr(start, end - start));
    start = end;
  }
  consumed_ = newline + 1;
  reset();
  return words_.empty() ? Next::kEmpty : Next::kRequest;
}

// A request that has come whole, as nearly all do. False: nothing was understood.
bool RespParser::take_whole(View input, const Limits& limits) {
  const char* at = input.data() + 1;
  const char* const end = input.data() + input.size();
  int64_t words = 0, size = 0;
  if (!read_plain(at, end, words) || words == 0 || words > limits.words_max) return false;
  words_.clear();
  for (; words > 0; --words) {
    if (at == end || *at != '$') return false;
    if (!read_plain(++at, end, size) || size > limits.bulk_bytes_max || end - at < size + 2) return false;
    words_.emplace_back(at, static_cast<size_t>(size));
    at += size + 2;
  }
  consumed_ = static_cast<size_t>(at - input.data());
  return true;
}

RespParser::Next RespParser::next_bulk(View input, const Limits& limits) {
  if (words_left_ < 0 && take_whole(input, limits)) return Next::kRequest;
  // The header lines: "*3\r\n" once, "$5\r\n" before each word.
  const auto header = [&](size_t from, int64_t& value, bool& valid) -> size_t {
    const size_t end = input.find('\r', from);
    if (end == View::npos || end + 1 >= input.size()) return View::npos;
    const auto number = parse_integer(input.substr(from, end - from));
    valid = number.has_value();
    if (valid) value = *number;
    return end + 2;
  };
  bool valid;
  if (words_left_ < 0) {
    int64_t words = 0;
    const size_t after = header(1, words, valid);
    if (after == View::npos) {
      return input.size() > kHeaderLineMax ? malformed("too big mbulk count string") : Next::kNeedMore;
    }
    if (!valid || words > limits.words_max) {
      return malformed(limits.of_stranger ? "unauthenticated multibulk length" : "invalid multibulk length");
    }
    at_ = after;
    words_left_ = std::max<int64_t>(words, 0);
    found_.clear();
  }
  while (words_left_ > 0) {
    if (bulk_size_ < 0) {
      if (at_ >= input.size()) return missing_ = 1, Next::kNeedMore;
      if (input[at_] != '$') return malformed(Bytes("expected '$', got '") + input[at_] + "'");
      int64_t size = 0;
      const size_t after = header(at_ + 1, size, valid);
      if (after == View::npos) {
        return input.size() - at_ > kHeaderLineMax ? malformed("too big bulk count string") : Next::kNeedMore;
      }
      if (!valid || size < 0 || size > limits.bulk_bytes_max) {
        return malformed(limits.of_stranger ? "unauthenticated bulk length" : "invalid bulk length");
      }
      bulk_size_ = size;
      at_ = after;
    }
    const size_t size = static_cast<size_t>(bulk_size_);
    if (input.size() - at_ < size + 2) {
      missing_ = size + 2 - (input.size() - at_);
      return Next::kNeedMore;
    }
    found_.push_back({at_, size});
    at_ += size + 2;
    bulk_size_ = -1;
    --words_left_;
  }
  return request(input, at_);
}

}  // namespace leat
