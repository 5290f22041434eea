// SPDX-License-Identifier: Apache-2.0
// json_sink.h: replies as JSON text, shaped as RESP2 shapes them: {"result":…} or {"error":"…"}, a comma behind each.
//
// Used by: RestSession, which puts rows together to the body of an answer.
// Always:  - no tree: text is appended as the handler speaks;
//          - a row of more bytes than it may have, before they are encoded, becomes an error that says so;
//          - rows that were refused have their errors in their places;
//          - with base64 every string is encoded, at any depth, but an OK that is a whole result (REST.md 2.1);
//          - of a transaction only EXEC's answer is written: [row,row,…], or one error, the first that was met.
// Source:  ../shared/REST.md section 2
#pragma once

#include "broker/http/json_rows.h"
#include "broker/http/nested_sink.h"

namespace leat {

class JsonSink final : public NestedSink {
 public:
  struct Form {
    bool base64 = false;
    bool transaction = false;
    size_t row_bytes_max = SIZE_MAX;
    std::vector<Rows::Refused> refused = {};
  };
  JsonSink(Bytes& out, Form form)  // out must outlive this
      : out_(out), form_(std::move(form)), row_depth_(form_.transaction ? 1 : 0) {}

  // Of a command: it is an error. Of a transaction: nothing of it was done.
  bool failed() const { return form_.transaction ? undone_ : failed_; }
  // Refused rows whose places come next; whoever has all rows asks for those behind the last.
  void write_refused(Bytes& out);

  Replied simple(View text) override;
  Replied error(View text) override;
  using NestedSink::error;
  Replied integer(int64_t value) override;
  Replied bulk(View bytes) override;
  Replied null() override;

 private:
  bool at_row() const { return depth() == row_depth_; }
  bool before_exec() const { return depth() < row_depth_; }
  void begin_item();
  void begin_array() override;
  void end_array() override;
  void item_ended() override;
  void end_row();
  void write_error(View text);
  void refuse_transaction(View text);
  void text_item(View text);

  Bytes& out_;
  const Form form_;
  const size_t row_depth_;  // how deep rows lie: in a transaction within EXEC's answer
  size_t row_start_ = 0;  // in out_
  size_t row_bytes_ = 0;
  size_t rows_ = 0, refused_rows_ = 0;  // of a pipeline, written so far
  bool failed_ = false;  // the last row
  bool undone_ = false;
  Bytes refused_;  // of a transaction: the first error before EXEC
};

}  // namespace leat
