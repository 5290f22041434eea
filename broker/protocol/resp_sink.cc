// SPDX-License-Identifier: Apache-2.0
#include "broker/protocol/resp_sink.h"

#include "broker/protocol/numbers.h"

namespace leat {

namespace {
constexpr size_t kHeaderMax = 1 + kIntegerTextMax + 2;

size_t write_header(char* line, char type, int64_t value) {
  line[0] = type;
  size_t size = 1 + write_integer(line + 1, value);
  line[size++] = '\r';
  line[size++] = '\n';
  return size;
}
}  // namespace

Replied RespSink::header(char type, int64_t value) {
  char line[kHeaderMax];
  out_.append(line, write_header(line, type, value));
  return {};
}

Replied RespSink::simple(View text) {
  out_ += '+';
  out_ += text;
  out_ += "\r\n";
  return {};
}

// A line break in an error would end the reply early and turn its rest into another: it becomes a blank.
Replied RespSink::error(View text) {
  out_ += '-';
  for (const char c : text) out_ += c == '\r' || c == '\n' ? ' ' : c;
  out_ += "\r\n";
  return {};
}

Replied RespSink::integer(int64_t value) { return header(':', value); }

// What is short is put together first: the output grows once instead of three times.
Replied RespSink::bulk(View bytes) {
  constexpr size_t kShort = 128;
  char line[kHeaderMax + kShort + 2];
  size_t size = write_header(line, '$', static_cast<int64_t>(bytes.size()));
  if (bytes.size() > kShort) {
    out_.append(line, size);
    out_.append(bytes);
    out_.append("\r\n", 2);
    return {};
  }
  if (!bytes.empty()) std::memcpy(line + size, bytes.data(), bytes.size());
  size += bytes.size();
  line[size++] = '\r';
  line[size++] = '\n';
  out_.append(line, size);
  return {};
}

Replied RespSink::null() {
  out_ += resp3_ ? "_\r\n" : "$-1\r\n";
  return {};
}

Replied RespSink::null_array() {
  out_ += resp3_ ? "_\r\n" : "*-1\r\n";
  return {};
}

Replied RespSink::real(double value) {
  char text[kRealTextMax];
  return real_as(View(text, write_real(text, value)));
}

Replied RespSink::plain_real(double value) { return real_as(long_real_text(value)); }

Replied RespSink::real_as(View text) {
  if (!resp3_) return bulk(text);
  out_ += ',';
  out_ += text;
  out_ += "\r\n";
  return {};
}

Replied RespSink::boolean(bool value) {
  if (!resp3_) return integer(value);
  out_ += value ? "#t\r\n" : "#f\r\n";
  return {};
}

Replied RespSink::verbatim_as(View format, View text) {
  if (!resp3_) return bulk(text);
  header('=', static_cast<int64_t>(text.size() + 4));
  out_ += format;
  out_ += ':';
  out_ += text;
  out_ += "\r\n";
  return {};
}

Replied RespSink::array(size_t count) { return header('*', static_cast<int64_t>(count)); }
Replied RespSink::map(size_t pairs) {
  return resp3_ ? header('%', static_cast<int64_t>(pairs)) : header('*', static_cast<int64_t>(pairs * 2));
}
Replied RespSink::set(size_t count) { return header(resp3_ ? '~' : '*', static_cast<int64_t>(count)); }
Replied RespSink::push(size_t count) { return header(resp3_ ? '>' : '*', static_cast<int64_t>(count)); }

Replied RespSink::bulk_of(size_t about, const std::function<void(Bytes&)>& write) {
  const size_t start = out_.size();
  out_.reserve(start + about + kHeaderMax + 2);
  write(out_);
  char line[kHeaderMax];
  out_.insert(start, line, write_header(line, '$', static_cast<int64_t>(out_.size() - start)));
  out_ += "\r\n";
  return {};
}

Replied RespSink::big_number(View digits) {
  if (!resp3_) return bulk(digits);
  out_ += '(';
  out_ += digits;
  out_ += "\r\n";
  return {};
}

bool RespSink::attribute(size_t pairs) {
  if (resp3_) header('|', static_cast<int64_t>(pairs));
  return resp3_;
}

ReplySink::Mark RespSink::reserve_array() { return out_.size(); }

void RespSink::fill_array(Mark mark, size_t count) {
  char line[kHeaderMax];
  out_.insert(mark, line, write_header(line, '*', static_cast<int64_t>(count)));
}

}  // namespace leat
