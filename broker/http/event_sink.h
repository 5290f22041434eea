// SPDX-License-Identifier: Apache-2.0
// event_sink.h: messages as server-sent events, the way Upstash words them: "data: message,chat,hello" and a
// blank line.
//
// Used by: RestSession for /subscribe, /psubscribe and /monitor.
// Always:  - a message is one event: its words are joined by commas; a line break in it begins another data line, as
//            the standard has it;
//          - an error is no event but {"error":…}, the answer that is sent instead of a stream; refusal() tells.
// Source:  ../shared/REST.md section 3; https://html.spec.whatwg.org/multipage/server-sent-events.html
#pragma once

#include "broker/http/flat_sink.h"

namespace leat {

class EventSink final : public FlatSink {
 public:
  explicit EventSink(Bytes& out) : out_(out) {}  // must outlive this

  const Bytes& refusal() const { return refusal_; }

  Replied simple(View text) override;  // MONITOR's OK, and its lines
  Replied error(View text) override;
  using FlatSink::error;
  Replied integer(int64_t value) override;
  Replied bulk(View bytes) override { return word(bytes), Replied(); }
  Replied null() override { return word(""), Replied(); }
  Replied array(size_t count) override;
  Mark reserve_array() override;
  void fill_array(Mark, size_t) override;

 private:
  void word(View text);

  Bytes& out_;
  Bytes line_;       // of the message under way
  size_t left_ = 0;  // words of it that are still to come
  Bytes refusal_;
};

// An event of that text; `id` may be empty.
void append_event(Bytes& out, View id, View text);

}  // namespace leat
