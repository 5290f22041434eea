// SPDX-License-Identifier: Apache-2.0
#include "broker/http/http_answer.h"

#include <fmt/format.h>
#include <llhttp/llhttp.h>

#include <algorithm>
#include <ctime>

namespace leat {

Bytes head_of(const HttpAnswer& answer) {
  fmt::memory_buffer out;
  const auto add = [&out](auto... words) { (out.append(View(words)), ...); };
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} ", answer.status);
  Bytes reason = llhttp_status_name(static_cast<llhttp_status_t>(answer.status));  // METHOD_NOT_ALLOWED
  std::replace(reason.begin(), reason.end(), '_', ' ');
  add(View(reason), "\r\n");
  if (!answer.date.empty()) add("date: ", answer.date, "\r\n");
  if (!answer.content_type.empty()) add("content-type: ", answer.content_type, "\r\n");
  if (answer.length) fmt::format_to(std::back_inserter(out), "content-length: {}\r\n", *answer.length);
  if (answer.chunked) add("transfer-encoding: chunked\r\n");
  // A stream: nobody in between is to keep or gather it.
  if (!answer.length) add("cache-control: no-cache\r\nx-accel-buffering: no\r\n");
  if (!answer.keep_alive) add("connection: close\r\n");
  else if (answer.to_http_1_0) add("connection: keep-alive\r\n");
  if (!answer.origin.empty()) add("access-control-allow-origin: ", answer.origin, "\r\nvary: origin\r\n");
  add("access-control-allow-credentials: true\r\naccess-control-expose-headers: upstash-sync-token\r\n");
  if (!answer.asked_for_headers.empty()) {
    add("access-control-allow-methods: GET, HEAD, POST, PUT\r\naccess-control-max-age: 86400\r\n");
    add("access-control-allow-headers: ", answer.asked_for_headers, "\r\n");
  }
  if (!answer.sync_token.empty()) add("upstash-sync-token: ", answer.sync_token, "\r\n");
  add("\r\n");
  return Bytes(out.data(), out.size());
}

Bytes http_date(TimeMs wall_ms) {
  const std::time_t seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  // In the C locale, which is ours.
  return Bytes(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc));
}

void append_chunk(Bytes& out, View bytes) {
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", bytes.size());
  out.append(bytes).append("\r\n");
}

Bytes base32(uint64_t number) {
  constexpr View kDigits = "0123456789abcdefghijklmnopqrstuv";
  Bytes digits;
  do digits += kDigits[number % 32];
  while (number /= 32);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace leat
