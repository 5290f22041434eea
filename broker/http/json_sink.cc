// SPDX-License-Identifier: Apache-2.0
#include "broker/http/json_sink.h"

#include "broker/http/json_text.h"
#include "broker/http/refusal.h"

namespace leat {

namespace {
constexpr View kResult = "{\"result\":", kError = "{\"error\":";
}

void JsonSink::begin_item() {
  if (done() > 0) out_ += ',';
  if (!at_row()) return;
  write_refused(out_);
  failed_ = false;
  row_bytes_ = 0;
  row_start_ = out_.size();
  out_ += kResult;
}

void JsonSink::item_ended() {
  if (at_row()) end_row();
  if (depth() > 0) return;
  out_ += ',';
  ++rows_;
}

void JsonSink::write_refused(Bytes& out) {
  for (; refused_rows_ < form_.refused.size() && form_.refused[refused_rows_].row == rows_ + refused_rows_;
       ++refused_rows_) {
    append_json_error(out, form_.refused[refused_rows_].text);
    out += ',';
  }
}

void JsonSink::end_row() {
  out_ += '}';
  if (row_bytes_ <= form_.row_bytes_max) return;
  out_.resize(row_start_);
  write_error(too_large(form_.row_bytes_max, row_bytes_).text);
  out_ += '}';
  failed_ = false;  // it was executed
}

void JsonSink::write_error(View text) {
  failed_ = true;
  out_ += kError;
  append_json(out_, text);
}

// Of a row that was not queued, and of EXEC, which does nothing then.
void JsonSink::refuse_transaction(View text) {
  if (refused_.empty()) refused_ = text;
  if (!text.starts_with("EXECABORT")) return;
  undone_ = true;
  write_error(refused_);
  out_ += "},";
}

Replied JsonSink::error(View text) {
  if (before_exec()) return refuse_transaction(text), Replied();
  if (!at_row()) return text_item(text), Replied();
  begin_item();
  out_.resize(row_start_);
  write_error(text);
  end_item();
  return {};
}

void JsonSink::text_item(View text) {
  begin_item();
  row_bytes_ += text.size();
  if (form_.base64) append_json_base64(out_, text);
  else append_json(out_, text);
  end_item();
}

Replied JsonSink::simple(View text) {
  if (before_exec()) return {};  // QUEUED
  if (!form_.base64 || !at_row() || text != "OK") return text_item(text), Replied();
  begin_item();
  out_ += "\"OK\"";
  end_item();
  return {};
}

Replied JsonSink::integer(int64_t value) {
  char digits[kIntegerTextMax];
  begin_item();
  const size_t size = write_integer(digits, value);
  row_bytes_ += size;
  out_.append(digits, size);
  end_item();
  return {};
}

Replied JsonSink::bulk(View bytes) { return text_item(bytes), Replied(); }

Replied JsonSink::null() {
  begin_item();
  out_ += "null";
  end_item();
  return {};
}

void JsonSink::begin_array() {
  if (!before_exec()) begin_item();
  else failed_ = false;
  out_ += '[';
}

void JsonSink::end_array() { out_ += ']'; }

}  // namespace leat
