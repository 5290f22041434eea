// SPDX-License-Identifier: Apache-2.0
#include "broker/http/entry_sink.h"

#include "broker/http/event_sink.h"
#include "broker/http/json_text.h"
#include "schemas/check.h"

namespace leat {

namespace {
constexpr View kNothing = ":\n\n";  // a comment: who is asked for the next sees that this answer is whole
}

Replied EntrySink::error(View text) {
  refusal_ = text;
  append_json_error(out_, text);
  return {};
}

void EntrySink::end_item() {
  while (!levels_.empty()) {
    ++levels_.back().done;
    if (levels_.back().left == SIZE_MAX || --levels_.back().left > 0) return;
    close();
  }
}

void EntrySink::close() {
  const size_t depth = levels_.size();
  levels_.pop_back();
  if (levels_.empty() && told_ == 0) out_ += kNothing;
  if (depth == kFields) data_ += ']';
  if (depth != kEntry) return;
  data_ += '}';
  append_event(out_, id_, data_);
  ++told_;
}

Replied EntrySink::bulk(View bytes) {
  if (levels_.size() == kEntry) {
    id_ = bytes;
    data_ = "{\"id\":\"" + id_ + "\"";
  } else if (levels_.size() == kFields) {
    if (levels_.back().done > 0) data_ += ',';
    if (base64_) append_json_base64(data_, bytes);
    else append_json(data_, bytes);
  }
  end_item();
  return {};
}

Replied EntrySink::integer(int64_t value) {
  if (levels_.size() == kEntry) {
    data_ += (levels_.back().done == 2 ? ",\"idle_ms\":" : ",\"deliveries\":") + std::to_string(value);
  }
  end_item();
  return {};
}

Replied EntrySink::null() {
  if (levels_.empty()) {  // the wait is over
    told_ = 0;
    out_ += kNothing;
  }
  if (levels_.size() == kEntry) data_ += ",\"fields\":null";
  end_item();
  return {};
}

Replied EntrySink::array(size_t count) {
  if (levels_.empty()) told_ = 0;
  levels_.push_back({count});
  if (levels_.size() == kFields) data_ += ",\"fields\":[";
  if (count > 0) return {};
  close();
  end_item();
  return {};
}

ReplySink::Mark EntrySink::reserve_array() {
  array(SIZE_MAX);
  return levels_.size();
}

void EntrySink::fill_array(Mark mark, size_t) {
  CHECK(mark == levels_.size());
  close();
  end_item();
}

}  // namespace leat
