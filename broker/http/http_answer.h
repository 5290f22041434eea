// SPDX-License-Identifier: Apache-2.0
// http_answer.h: the head of an
// answer. [fmt]
//
// Used by: RestSession.
// Always:  - every answer lets browsers read it: the caller's origin is allowed, the sync token exposed; what protects
//            the data is the token, which no browser sends by itself.
// Source:  ../shared/REST.md 1.4; RFC 9110, https://fetch.spec.whatwg.org/#http-cors-protocol
#pragma once

#include <optional>

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat {

struct HttpAnswer {
  int status = 200;
  View content_type = "application/json; charset=utf-8";
  std::optional<size_t> length;  // none: in chunks, or until the connection ends
  bool chunked = false;
  bool keep_alive = true;
  bool to_http_1_0 = false;  // which takes it to end unless it is told
  View sync_token;
  View date;
  View origin;             // of the caller; empty: it is no browser
  View asked_for_headers;  // of a preflight
};

Bytes head_of(const HttpAnswer& answer);
Bytes http_date(TimeMs wall_ms);            // "Sun, 06 Nov 1994 08:49:37 GMT"
void append_chunk(Bytes& out, View bytes);  // of a body in chunks; empty bytes: its end
Bytes base32(uint64_t number);              // digits and letters up to v: a sync token

}  // namespace leat
