// SPDX-License-Identifier: Apache-2.0
#include "broker/http/json_rows.h"

#define SIMDJSON_EXCEPTIONS 0  // every result is asked for its error
#include <simdjson.h>

#include <vector>

#include "broker/protocol/request.h"

namespace leat {

namespace {

namespace ondemand = simdjson::ondemand;
using ondemand::json_type;

constexpr size_t kKeptBytes = 1 << 20;
constexpr View kMalformedCommand = "ERR failed to parse command",
               kMalformedRows = "ERR failed to parse pipeline request";
const Refusal kTooManyRows{400, "ERR a pipeline has more rows than limits.pipeline_requests allows"};
const Refusal kNoArray{400, "expected JSON array"}, kNothing{400, "EOF"};

size_t digits_at(View text, size_t at) {
  size_t end = at;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  return end - at;
}

// RFC 8259, section 6: simdjson on demand looks at a number when somebody wants its value, and nobody does.
bool is_number(View text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  const size_t whole = digits_at(text, at);
  if (whole == 0 || (whole > 1 && text[at] == '0')) return false;
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = digits_at(text, at + 1);
    if (fraction == 0) return false;
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const size_t exponent = digits_at(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size();
}

// Nothing but blanks is behind the array.
bool at_end(ondemand::document& document) {
  const char* place;
  return document.current_location().get(place) == simdjson::OUT_OF_BOUNDS;
}

View trimmed(View token) { return token.substr(0, token.find_last_not_of(" \t\r\n") + 1); }

}  // namespace

struct JsonRows::Parser {
  ondemand::parser parser;
  std::vector<View> words;  // of the command under way: they point into the body and into the parser

  // One body of 64 MiB must not keep twice as much for ever.
  void give_back() {
    if (parser.capacity() > kKeptBytes) parser = ondemand::parser();
  }
  std::optional<Refusal> begin(Bytes& body, View malformed, ondemand::document& document, ondemand::array& array);
  std::optional<Refusal> read_word(ondemand::value value, View malformed);
  std::optional<Refusal> read_words(ondemand::array array, View malformed, const Limits& limits, Rows& rows);
};

JsonRows::JsonRows() : parser_(std::make_unique<Parser>()) {}
JsonRows::~JsonRows() = default;

std::optional<Refusal> JsonRows::Parser::begin(Bytes& body, View malformed, ondemand::document& document,
                                               ondemand::array& array) {
  if (body.find_first_not_of(" \t\r\n") == Bytes::npos) return kNothing;
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  if (parser.iterate(simdjson::padded_string_view(body.data(), body.size(), body.capacity())).get(document)) {
    return Refusal{400, Bytes(malformed)};
  }
  json_type type;
  if (document.type().get(type)) return Refusal{400, Bytes(malformed)};
  if (type != json_type::array) return kNoArray;
  if (document.get_array().get(array)) return Refusal{400, Bytes(malformed)};
  return std::nullopt;
}

std::optional<Refusal> JsonRows::Parser::read_word(ondemand::value value, View malformed) {
  const Refusal broken{400, Bytes(malformed)};
  json_type type;
  if (value.type().get(type)) return broken;
  View word;
  bool truth = false;
  switch (type) {
    case json_type::string:
      if (value.get_string().get(word)) return broken;
      break;
    case json_type::number:
      word = trimmed(value.raw_json_token());
      if (!is_number(word)) return broken;
      break;
    case json_type::boolean:
      if (value.get_bool().get(truth)) return broken;
      word = truth ? "true" : "false";
      break;
    case json_type::null:
      if (value.is_null().get(truth) || !truth) return broken;
      return Refusal{400, "ERR null args are not supported"};
    case json_type::array:
      return Refusal{400, "ERR unsupported arg type: \"[\": json.Delim"};
    case json_type::object:
      return Refusal{400, "ERR unsupported arg type: \"{\": json.Delim"};
  }
  words.push_back(word);
  return std::nullopt;
}

std::optional<Refusal> JsonRows::Parser::read_words(ondemand::array array, View malformed, const Limits& limits,
                                                    Rows& rows) {
  words.clear();
  size_t bytes = 0;
  for (auto element : array) {
    ondemand::value value;
    if (element.get(value)) return Refusal{400, Bytes(malformed)};
    if (auto refused = read_word(value, malformed)) return refused;
    bytes += words.back().size();
    if (bytes > limits.command_bytes_max) return too_large(limits.command_bytes_max, bytes);
    if (words.size() > limits.words_max)
      return Refusal{400, "ERR a command has more words than limits.arguments allows"};
  }
  if (words.empty()) return Refusal{400, "ERR empty command"};
  append_request(rows.requests, words);
  ++rows.count;
  return std::nullopt;
}

std::optional<Refusal> JsonRows::read_command(Bytes& body, const Limits& limits, Rows& rows) {
  ondemand::document document;
  ondemand::array array;
  std::optional<Refusal> refused = parser_->begin(body, kMalformedCommand, document, array);
  if (!refused) refused = parser_->read_words(array, kMalformedCommand, limits, rows);
  if (!refused && !at_end(document)) refused = Refusal{400, Bytes(kMalformedCommand)};
  if (refused) rows = {};
  parser_->give_back();
  return refused;
}

std::optional<Refusal> JsonRows::read_rows(Bytes& body, const Limits& limits, Rows& rows) {
  ondemand::document document;
  ondemand::array array;
  std::optional<Refusal> refused = parser_->begin(body, kMalformedRows, document, array);
  if (!refused) {
    for (auto element : array) {
      ondemand::array row;
      const size_t number = rows.count + rows.refused.size();
      if (number == limits.rows_max) refused = kTooManyRows;
      else if (element.get_array().get(row)) refused = Refusal{400, Bytes(kMalformedRows)};
      if (refused) break;
      std::optional<Refusal> wrong = parser_->read_words(row, kMalformedRows, limits, rows);
      if (!wrong) continue;
      if (wrong->text == kMalformedRows) {
        refused = std::move(wrong);
        break;
      }
      rows.refused.push_back({number, std::move(wrong->text)});
    }
  }
  if (!refused && !at_end(document)) refused = Refusal{400, Bytes(kMalformedRows)};
  if (!refused && rows.count + rows.refused.size() == 0) refused = Refusal{400, "ERR empty pipeline request"};
  if (refused) rows = {};
  parser_->give_back();
  return refused;
}

}  // namespace leat
