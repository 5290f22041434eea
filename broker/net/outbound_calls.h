// SPDX-License-Identifier: Apache-2.0
// outbound_calls.h: the broker's own calls, over TCP.                                       [libuv]
//
// Used by: Server, which has it on its loop, and gives it to the broker.
// Always:  - nothing blocks the loop: names are looked up by libuv's threads, addresses only tried;
//          - a TcpCall deletes itself when its handle is closed and no look-up is under way, and nowhere else: who
//            hangs up only lets go of it.
#pragma once

#include <uv.h>

#include "broker/outbound.h"

namespace leat {

class TcpCall;

class OutboundCalls final : public Outbound {
 public:
  explicit OutboundCalls(uv_loop_t& loop) : loop_(loop) {}  // must outlive this, and run until all are closed
  std::unique_ptr<Call> dial(const Bytes& host, uint16_t port, Caller& caller) override;

 private:
  uv_loop_t& loop_;
};

}  // namespace leat
