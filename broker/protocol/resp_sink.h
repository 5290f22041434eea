// SPDX-License-Identifier: Apache-2.0
// resp_sink.h: replies as RESP2 or RESP3 bytes, appended to a client's output.
//
// Used by: the executor, one for each client; EXEC and scripts write through it too.
// Source:  https://redis.io/docs/reference/protocol-spec/
#pragma once

#include "broker/protocol/reply_sink.h"

namespace leat {

class RespSink final : public ReplySink {
 public:
  RespSink(Bytes& out, int protocol) : out_(out), resp3_(protocol == 3) {}  // out must outlive this

  Replied simple(View text) override;
  Replied error(View text) override;
  using ReplySink::error;
  Replied integer(int64_t value) override;
  Replied bulk(View bytes) override;
  Replied null() override;
  Replied null_array() override;
  Replied real(double value) override;
  Replied plain_real(double value) override;
  Replied boolean(bool value) override;
  Replied verbatim_as(View format, View text) override;
  Replied array(size_t count) override;
  Replied map(size_t pairs) override;
  Replied set(size_t count) override;
  Replied push(size_t count) override;
  Replied bulk_of(size_t about, const std::function<void(Bytes&)>& write) override;
  Replied big_number(View digits) override;
  bool attribute(size_t pairs) override;
  Mark reserve_array() override;
  void fill_array(Mark mark, size_t count) override;
  bool resp3() const override { return resp3_; }
  void set_protocol(int protocol) { resp3_ = protocol == 3; }

 private:
  Replied real_as(View text);
  Replied header(char type, int64_t value);
  Bytes& out_;
  bool resp3_;
};

}  // namespace leat
