// SPDX-License-Identifier: Apache-2.0
#include "broker/http/http_reader.h"

#include <algorithm>

#include "broker/protocol/numbers.h"
#include "broker/protocol/words.h"
#include "schemas/check.h"

namespace leat {

namespace {

constexpr View kEndOfHead = "\r\n\r\n";
constexpr size_t kChunkingBytes = 64 << 10;  // what a body's chunks may add to what its length allows
constexpr View kLooseEnds = "ERR a line of the request does not end with CR LF, or goes on in the next";
constexpr int kRefused = -1;

HttpReader& self(llhttp_t* parser) { return *static_cast<HttpReader*>(parser->data); }

// A CR or LF alone, a zero, or a line that goes on in the next: what one reader takes for an end another does not.
bool has_loose_ends(View head) {
  for (size_t at = 0; at < head.size(); ++at) {
    const char c = head[at];
    if (static_cast<unsigned char>(c) > '\r') continue;
    if (c == '\0' || c == '\n') return true;
    if (c != '\r') continue;  // a tab within a value; llhttp refuses the others
    if (++at == head.size() || head[at] != '\n') return true;
    if (at + 1 < head.size() && (head[at + 1] == ' ' || head[at + 1] == '\t')) return true;
  }
  return false;
}

// One blank behind the method, one behind the target, and no more.
bool is_strict_line(View line) {
  const size_t first = line.find(' '), second = line.find(' ', first + 1);
  return first != View::npos && second != View::npos && second > first + 1 && line.find(' ', second + 1) == View::npos;
}

HttpMethod method_of(uint8_t method) {
  switch (method) {
    case HTTP_GET: return HttpMethod::kGet;
    case HTTP_HEAD: return HttpMethod::kHead;
    case HTTP_POST: return HttpMethod::kPost;
    case HTTP_PUT: return HttpMethod::kPut;
    case HTTP_OPTIONS: return HttpMethod::kOptions;
    default: return HttpMethod::kOther;
  }
}

}  // namespace

const llhttp_settings_t HttpReader::kCalls = [] {
  llhttp_settings_t calls;
  llhttp_settings_init(&calls);
  calls.on_url = on_url;
  calls.on_header_field = on_field;
  calls.on_header_value = on_value;
  calls.on_header_value_complete = on_value_complete;
  calls.on_headers_complete = on_headers_complete;
  calls.on_body = on_body;
  calls.on_message_complete = on_message_complete;
  return calls;
}();

HttpReader::HttpReader() { begin_next(); }

void HttpReader::begin_next() {
  llhttp_init(&parser_, HTTP_REQUEST, &kCalls);
  parser_.data = this;
  request_ = {};
  head_.clear();
  for (auto* header : {&host_, &length_, &transfer_, &content_encoding_, &expect_}) header->reset();
  raw_body_bytes_ = 0;
  in_body_ = complete_ = false;
}

HttpReader::Progress HttpReader::refuse(Refusal refusal) {
  refusal_ = std::move(refusal);
  return Progress::kRefused;
}

HttpReader::Progress HttpReader::refuse(llhttp_errno_t error) {
  return refuse(400, Bytes("ERR malformed HTTP: ") + llhttp_errno_name(error));
}

HttpReader::Progress HttpReader::read(View& bytes, const Limits& limits) {
  if (complete_) return Progress::kRequest;
  return in_body_ ? read_body(bytes, limits) : read_head(bytes, limits);
}

// In front of a request they mean nothing (RFC 9112, 2.2).
void HttpReader::skip_empty_lines(View& bytes) {
  if (head_ == "\r" && bytes.starts_with('\n')) {
    head_.clear();
    bytes.remove_prefix(1);
  }
  while (head_.empty() && bytes.starts_with("\r\n")) bytes.remove_prefix(2);
}

HttpReader::Progress HttpReader::read_head(View& bytes, const Limits& limits) {
  skip_empty_lines(bytes);
  const size_t searched = head_.size() < 3 ? 0 : head_.size() - 3, before = head_.size();
  head_.append(bytes.substr(0, limits.head_bytes_max + kEndOfHead.size() - std::min(before, limits.head_bytes_max)));
  const size_t end = head_.find(kEndOfHead, searched);
  if (end == Bytes::npos) {
    if (head_.size() > limits.head_bytes_max)
      return refuse(431, "ERR the headers are longer than http.header_bytes allows");
    if (head_.find("\n\n", searched) != Bytes::npos) return refuse(400, kLooseEnds);  // it waits for an answer
    bytes = {};
    return Progress::kMore;
  }
  bytes.remove_prefix(end + kEndOfHead.size() - before);
  head_.resize(end + kEndOfHead.size());
  return parse_head(limits);
}

HttpReader::Progress HttpReader::parse_head(const Limits& limits) {
  if (has_loose_ends(head_)) return refuse(400, kLooseEnds);
  if (!is_strict_line(View(head_).substr(0, head_.find('\r')))) {
    return refuse(400, "ERR the first line must be: method, path, HTTP/1.1");
  }
  body_bytes_max_ = limits.body_bytes_max;
  const llhttp_errno_t error = llhttp_execute(&parser_, head_.data(), head_.size());
  request_.method = method_of(parser_.method);
  if (error == HPE_INVALID_METHOD || error == HPE_PAUSED_UPGRADE || error == HPE_PAUSED_H2_UPGRADE)
    return refuse(405, "");
  if (error == HPE_CB_HEADER_VALUE_COMPLETE) {
    return refuse(400, "ERR a header has no name, or stands twice that may stand once");
  }
  if (error != HPE_OK && error != HPE_PAUSED) return refuse(error);
  if (!in_body_ && request_.method == HttpMethod::kOther) return refuse(405, "");  // the greeting of HTTP/2
  if (!in_body_) return refuse(400, "ERR malformed HTTP: the head does not end where it ends");
  return judge_head(limits);
}

HttpReader::Progress HttpReader::judge_head(const Limits& limits) {
  if (parser_.http_major != 1) return refuse(505, "ERR only HTTP/1.0 and HTTP/1.1 are spoken here");
  request_.http_1_0 = parser_.http_minor == 0;
  request_.keep_alive = llhttp_should_keep_alive(&parser_) == 1;
  if (!request_.http_1_0 && !host_) return refuse(400, "ERR the Host header is missing");
  if (transfer_ && (length_ || request_.http_1_0))
    return refuse(400, "ERR a body has one length: Content-Length or chunks");
  if (transfer_ && !same_word(*transfer_, "chunked")) return refuse(501, "ERR the only Transfer-Encoding is chunked");
  if (content_encoding_ && !same_word(*content_encoding_, "identity"))
    return refuse(415, "ERR compressed bodies are not taken");
  if (expect_ && !same_word(*expect_, "100-continue")) return refuse(417, "ERR the only expectation is 100-continue");
  request_.expects_continue = expect_.has_value() && !request_.http_1_0;
  if (!length_) return Progress::kHead;
  request_.length = parse_unsigned(*length_);
  if (!request_.length) return refuse(400, "ERR the Content-Length is no number");
  if (*request_.length > limits.body_bytes_max) return refuse(too_large(limits.body_bytes_max, *request_.length));
  return Progress::kHead;
}

HttpReader::Progress HttpReader::read_body(View& bytes, const Limits& limits) {
  const llhttp_errno_t error = llhttp_execute(&parser_, bytes.data(), bytes.size());
  const size_t taken =
      error == HPE_OK ? bytes.size() : static_cast<size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
  raw_body_bytes_ += taken;
  if (request_.body.size() > limits.body_bytes_max || raw_body_bytes_ > 2 * limits.body_bytes_max + kChunkingBytes) {
    return refuse(too_large(limits.body_bytes_max, raw_body_bytes_));
  }
  if (error != HPE_OK && error != HPE_PAUSED) return refuse(error);
  bytes.remove_prefix(taken);
  return complete_ ? Progress::kRequest : Progress::kMore;
}

// llhttp's calls.

int HttpReader::on_url(llhttp_t* parser, const char* at, size_t size) {
  self(parser).request_.target.append(at, size);
  return 0;
}

int HttpReader::on_field(llhttp_t* parser, const char* at, size_t size) {
  if (!self(parser).in_body_) self(parser).field_.append(at, size);
  return 0;
}

int HttpReader::on_value(llhttp_t* parser, const char* at, size_t size) {
  if (!self(parser).in_body_) self(parser).value_.append(at, size);
  return 0;
}

int HttpReader::on_value_complete(llhttp_t* parser) { return self(parser).take_header() ? 0 : kRefused; }

// False: it was there already. Which of the two counts, two readers could see differently.
bool HttpReader::take_once(std::optional<Bytes>& header) {
  if (header) return false;
  header = View(value_).substr(0, value_.find_last_not_of(" \t") + 1);
  return true;
}

bool HttpReader::take_header() {
  if (in_body_) return true;  // a trailer: nobody reads it
  if (field_.empty()) return false;
  struct Known {
    View name;
    std::optional<Bytes>& place;
  };
  const Known known[] = {
      {"host", host_},
      {"authorization", request_.authorization},
      {"content-length", length_},
      {"transfer-encoding", transfer_},
      {"content-encoding", content_encoding_},
      {"expect", expect_},
      {"upstash-encoding", request_.encoding},
      {"upstash-response-format", request_.response_format},
      {"accept", request_.accept},
      {"origin", request_.origin},
      {"access-control-request-headers", request_.requested_headers},
      {"last-event-id", request_.last_event_id},
  };
  bool taken = true;
  for (const Known& one : known) {
    if (same_word(field_, one.name)) taken = take_once(one.place);
  }
  field_.clear();
  value_.clear();
  return taken;
}

int HttpReader::on_headers_complete(llhttp_t* parser) {
  self(parser).in_body_ = true;
  return 0;
}

// Chunks announce no whole: it is counted as it comes.
int HttpReader::on_body(llhttp_t* parser, const char* at, size_t size) {
  Bytes& body = self(parser).request_.body;
  body.append(at, std::min(size, self(parser).body_bytes_max_ + 1 - body.size()));  // one too many tells, and is enough
  return 0;
}

int HttpReader::on_message_complete(llhttp_t* parser) {
  self(parser).complete_ = true;
  return HPE_PAUSED;
}

}  // namespace leat
