// SPDX-License-Identifier: Apache-2.0
#include "broker/http/event_sink.h"

#include <algorithm>

#include "broker/http/json_text.h"
#include "schemas/check.h"

namespace leat {

void append_event(Bytes& out, View id, View text) {
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  for (;;) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    out.append("data: ").append(text.substr(0, end)).append("\n");
    if (end == text.size()) break;
    text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  out += '\n';
}

void EventSink::word(View text) {
  CHECK(left_ > 0);
  append_utf8(line_, text);
  if (--left_ > 0) {
    line_ += ',';
    return;
  }
  append_event(out_, "", line_);
  line_.clear();
}

Replied EventSink::simple(View text) {
  if (text == "OK") append_event(out_, "", "\"OK\"");
  else append_event(out_, "", text);
  return {};
}

Replied EventSink::error(View text) {
  refusal_ = text;
  append_json_error(out_, text);
  return {};
}

Replied EventSink::integer(int64_t value) {
  char digits[kIntegerTextMax];
  word(View(digits, write_integer(digits, value)));
  return {};
}

Replied EventSink::array(size_t count) {
  CHECK(left_ == 0);  // no message has another in it
  left_ = count;
  return {};
}

ReplySink::Mark EventSink::reserve_array() { CHECK(false); }
void EventSink::fill_array(Mark, size_t) { CHECK(false); }

}  // namespace leat
