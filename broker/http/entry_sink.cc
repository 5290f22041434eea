// SPDX-License-Identifier: Apache-2.0
#include "broker/http/entry_sink.h"

#include "broker/http/event_sink.h"
#include "broker/http/json_text.h"

namespace leat {

namespace {
constexpr View kNothing = ":\n\n";  // a comment: who is asked for the next sees that this answer is whole
}

Replied EntrySink::error(View text) {
  refusal_ = text;
  append_json_error(out_, text);
  return {};
}

void EntrySink::begin_array() {
  if (depth() == 0) told_ = 0;
  if (depth() + 1 == kFields) data_ += ",\"fields\":[";
}

void EntrySink::end_array() {
  if (depth() == 0 && told_ == 0) out_ += kNothing;
  if (depth() + 1 == kFields) data_ += ']';
  if (depth() + 1 != kEntry) return;
  data_ += '}';
  append_event(out_, id_, data_);
  ++told_;
}

Replied EntrySink::bulk(View bytes) {
  if (depth() == kEntry) {
    id_ = bytes;
    data_ = "{\"id\":\"" + id_ + "\"";
  } else if (depth() == kFields) {
    if (done() > 0) data_ += ',';
    if (base64_) append_json_base64(data_, bytes);
    else append_json(data_, bytes);
  }
  end_item();
  return {};
}

Replied EntrySink::integer(int64_t value) {
  if (depth() == kEntry) {
    data_ += (done() == 2 ? ",\"idle_ms\":" : ",\"deliveries\":") + std::to_string(value);
  }
  end_item();
  return {};
}

Replied EntrySink::null() {
  if (depth() == 0) {  // the wait is over
    told_ = 0;
    out_ += kNothing;
  }
  if (depth() == kEntry) data_ += ",\"fields\":null";
  end_item();
  return {};
}

}  // namespace leat
