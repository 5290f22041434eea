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
  failed_ = false;
  row_start_ = out_.size();
  out_ += kResult;
}

void JsonSink::item_ended() {
  if (at_row()) end_row();
  if (depth() == 0) out_ += ',';
}

void JsonSink::end_row() {
  out_ += '}';
  const size_t size = out_.size() - row_start_;
  if (size <= form_.row_bytes_max) return;
  out_.resize(row_start_);
  write_error(too_large(form_.row_bytes_max, size).text);
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
  out_.append(digits, write_integer(digits, value));
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
