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

#include <vector>

#include "broker/http/flat_sink.h"

namespace leat {

class EntrySink final : public FlatSink {
 public:
  EntrySink(Bytes& out, bool base64) : out_(out), base64_(base64) {}  // out must outlive this

  const Bytes& refusal() const { return refusal_; }
  bool told_some() const { return told_ > 0; }  // by the last answer
  const Bytes& last_id() const { return id_; }  // of all that were told

  Replied simple(View text) override { return bulk(text); }
  Replied error(View text) override;
  using FlatSink::error;
  Replied integer(int64_t value) override;
  Replied bulk(View bytes) override;
  Replied null() override;
  Replied array(size_t count) override;
  Mark reserve_array() override;
  void fill_array(Mark mark, size_t count) override;

 private:
  // How the answer is nested: [ [key, [ [id, [field, …], idle, deliveries], … ]], … ]
  enum Depth : size_t { kEntry = 4, kFields = 5 };
  struct Level {
    size_t left, done = 0;
  };
  void end_item();
  void close();

  Bytes& out_;
  const bool base64_;
  std::vector<Level> levels_;
  Bytes id_, data_;  // of the entry under way
  size_t told_ = 0;  // entries of this answer
  Bytes refusal_;
};

}  // namespace leat
