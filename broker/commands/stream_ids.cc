// SPDX-License-Identifier: Apache-2.0
#include "broker/commands/stream_ids.h"

#include <charconv>

#include "broker/commands/parse.h"

namespace leat {

const Status kInvalidStreamId = Status::error("ERR Invalid stream ID specified as stream command argument");

namespace {

constexpr size_t kIdTextMax = 20 + 1 + 20;

// Leading zeros and a plus are fine here, unlike in other numbers.
std::optional<uint64_t> part_of(View digits) {
  if (digits.starts_with('+')) digits.remove_prefix(1);
  uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

Result<StreamId> parse_id(View text, uint64_t missing_seq) {
  const size_t dash = text.find('-');
  const auto ms = part_of(text.substr(0, dash));
  const auto seq = dash == View::npos ? missing_seq : part_of(text.substr(dash + 1));
  if (!ms || !seq) return kInvalidStreamId;
  return StreamId{*ms, *seq};
}

Result<StreamId> parse_edge(View text, uint64_t missing_seq) {
  if (text == "-") return StreamId{};
  if (text == "+") return kStreamIdMax;
  return parse_id(text, missing_seq);
}

bool is_exclusive(View text) { return text.size() > 1 && text[0] == '('; }

size_t write_id(char* to, StreamId id) {
  char* at = std::to_chars(to, to + kIdTextMax, id.ms).ptr;
  *at++ = '-';
  return std::to_chars(at, to + kIdTextMax, id.seq).ptr - to;
}

}  // namespace

Result<StreamId> stream_id_of(View text) { return parse_id(text, 0); }
Result<StreamId> stream_id_or_edge_of(View text) { return parse_edge(text, 0); }

Result<StreamId> range_start_of(View text) {
  if (!is_exclusive(text)) return parse_edge(text, 0);
  const auto id = parse_id(text.substr(1), 0);
  if (!id.ok()) return id.status();
  if (id->is_max()) return Status::error("ERR invalid start ID for the interval");
  return id->next();
}

Result<StreamId> range_end_of(View text) {
  if (!is_exclusive(text)) return parse_edge(text, UINT64_MAX);
  const auto id = parse_id(text.substr(1), UINT64_MAX);
  if (!id.ok()) return id.status();
  if (id->is_zero()) return Status::error("ERR invalid end ID for the interval");
  return id->previous();
}

Result<std::vector<StreamId>> stream_ids_of(Views words) {
  std::vector<StreamId> ids;
  ids.reserve(words.size());
  for (const View word : words) {
    const auto id = stream_id_of(word);
    if (!id.ok()) return id.status();
    ids.push_back(*id);
  }
  return ids;
}

Result<NewId> new_id_of(View text) {
  if (text == "*") return NewId{};
  if (text.ends_with("-*")) {
    const auto ms = part_of(text.substr(0, text.size() - 2));
    if (!ms) return kInvalidStreamId;
    return NewId{.ms = *ms};
  }
  const auto id = stream_id_of(text);
  if (!id.ok()) return id.status();
  return NewId{.ms = id->ms, .seq = id->seq};
}

Bytes id_text(StreamId id) {
  char text[kIdTextMax];
  return Bytes(text, write_id(text, id));
}

Replied reply_id(ReplySink& reply, StreamId id) {
  char text[kIdTextMax];
  return reply.bulk(View(text, write_id(text, id)));
}

Replied reply_entry(ReplySink& reply, const Stream::Cursor& at, std::vector<View>& scratch) {
  at.fields(scratch);
  reply.array(2);
  reply_id(reply, at.id());
  reply.array(scratch.size());
  for (const View part : scratch) reply.bulk(part);
  return {};
}

Replied reply_entries(ReplySink& reply, Stream::Cursor at, StreamId last, uint64_t count) {
  std::vector<View> scratch;
  const auto mark = reply.reserve_array();
  uint64_t written = 0;
  for (; at.valid() && at.id() <= last && written < count; at.next(), ++written) reply_entry(reply, at, scratch);
  reply.fill_array(mark, written);
  return {};
}

}  // namespace leat
