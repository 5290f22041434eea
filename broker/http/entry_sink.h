// SPDX-License-Identifier: Apache-2.0
// entry_sink.h: what XREADGROUP answers as server-sent events, one an entry:
//
//   id: 1721284005242-0
//   data: {"id":"1721284005242-0","fields":["temperature","21"]}
//
// Used by: RestSession for /consume.
// Always:  - an entry that was deleted while it was pending has null for its fields;
//          - what XREADGROUP … CLAIM took over says for how long it had been idle and how often it was delivered;
//          - an answer without an entry is a comment;
//          - an error is no event but {"error":…}; refusal() tells, and the session ends the stream.
// Source:  https://html.spec.whatwg.org/multipage/server-sent-events.html
#pragma once

#include "broker/http/nested_sink.h"

namespace leat {

class EntrySink final : public NestedSink {
 public:
  EntrySink(Bytes& out, bool base64) : out_(out), base64_(base64) {}  // out must outlive this

  const Bytes& refusal() const { return refusal_; }
  bool told_some() const { return told_ > 0; }  // by the last answer
  const Bytes& last_id() const { return id_; }  // of all that were told

  Replied simple(View text) override { return bulk(text); }
  Replied error(View text) override;
  using NestedSink::error;
  Replied integer(int64_t value) override;
  Replied bulk(View bytes) override;
  Replied null() override;

 private:
  // How the answer is nested: [ [key, [ [id, [field, …], idle, deliveries], … ]], … ]
  enum Depth : size_t { kEntry = 4, kFields = 5 };
  void begin_array() override;
  void end_array() override;

  Bytes& out_;
  const bool base64_;
  Bytes id_, data_;  // of the entry under way
  size_t told_ = 0;  // entries of this answer
  Bytes refusal_;
};

}  // namespace leat
