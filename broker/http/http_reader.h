// SPDX-License-Identifier: Apache-2.0
// http_reader.h: one HTTP/1 request after the other, out of bytes.                                             [llhttp]
//
// Used by: RestSession.
// Always:  - it stops behind each head, before anything of the body is taken, and behind each request;
//          - lines end with CR LF and nothing else does; a header is on one line; a body has one length: what two
//            readers could understand differently is refused (RFC 9112, section 11.2);
//          - a head is at most head_bytes_max long, a body body_bytes_max; how it was sent in chunks may add as
//            much again;
//          - after a refusal the connection ends: nobody knows where the next request would begin.
// Source:  RFC 9112
#pragma once

#include <llhttp/llhttp.h>

#include <optional>

#include "broker/http/refusal.h"

namespace leat {

enum class HttpMethod : uint8_t { kGet, kHead, kPost, kPut, kOptions, kOther };

// What the door reads of a request's headers; a name that it does not read is skipped.
struct HttpRequest {
  HttpMethod method = HttpMethod::kOther;
  Bytes target;  // as it was sent: "/set/a%20b?EX=10"
  std::optional<Bytes> authorization, accept, encoding, response_format, origin, requested_headers, last_event_id;
  bool expects_continue = false;
  bool keep_alive = false;
  bool http_1_0 = false;
  std::optional<uint64_t> length;  // announced
  Bytes body;
};

class HttpReader {
 public:
  struct Limits {
    size_t head_bytes_max, body_bytes_max;
  };
  HttpReader();
  HttpReader(const HttpReader&) = delete;

  enum class Progress : uint8_t { kMore, kHead, kRequest, kRefused };
  // Takes what it can of the bytes, up to the next stop. kMore: it has taken them all.
  Progress read(View& bytes, const Limits& limits);

  HttpRequest& request() { return request_; }
  const Refusal& refusal() const { return refusal_; }
  bool in_request() const { return in_body_ || !head_.empty(); }  // some of one has come
  bool is_whole() const { return complete_; }                     // at the head: it has no body
  void begin_next();  // after kRequest

 private:
  void skip_empty_lines(View& bytes);
  Progress read_head(View& bytes, const Limits& limits);
  Progress parse_head(const Limits& limits);
  Progress read_body(View& bytes, const Limits& limits);
  Progress judge_head(const Limits& limits);
  Progress refuse(Refusal refusal);
  Progress refuse(int status, View text) { return refuse(Refusal{status, Bytes(text)}); }
  Progress refuse(llhttp_errno_t error);
  bool take_header();
  bool take_once(std::optional<Bytes>& header);
  static int on_url(llhttp_t* parser, const char* at, size_t size);
  static int on_field(llhttp_t* parser, const char* at, size_t size);
  static int on_value(llhttp_t* parser, const char* at, size_t size);
  static int on_value_complete(llhttp_t* parser);
  static int on_headers_complete(llhttp_t* parser);
  static int on_body(llhttp_t* parser, const char* at, size_t size);
  static int on_message_complete(llhttp_t* parser);
  static const llhttp_settings_t kCalls;

  llhttp_t parser_;
  HttpRequest request_;
  Refusal refusal_{};
  Bytes head_;           // until it is whole
  Bytes field_, value_;  // of the header under way
  std::optional<Bytes> host_, length_, transfer_, content_encoding_, expect_;
  size_t raw_body_bytes_ = 0;
  size_t body_bytes_max_ = 0;
  bool in_body_ = false;  // behind the head
  bool complete_ = false;
};

}  // namespace leat
