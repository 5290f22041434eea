// SPDX-License-Identifier: Apache-2.0
// outbound.h: calls that the broker itself makes to other servers: bytes to them, and bytes back.
//
// Used by: Migration; net/outbound_calls makes them over TCP, tests answer them without a socket.
// Always:  - dial() returns before the caller is told anything;
//          - the caller is told from within the loop's callbacks, where he only takes note: he acts in the tick,
//            which follows;
//          - who has hung up is told nothing more.
#pragma once

#include <memory>

#include "schemas/bytes.h"

namespace leat {

class Outbound {
 public:
  class Caller {
   public:
    virtual ~Caller() = default;
    virtual void connected() = 0;
    virtual void written() = 0;  // all that was given to write() is out of our hands
    virtual void received(View bytes) = 0;
    virtual void unreachable() = 0;  // no such host, or no way there
    virtual void lost() = 0;     // it refused, or hung up: nothing more comes
  };
  class Call {
   public:
    virtual ~Call() = default;            // hangs up
    virtual void write(Bytes bytes) = 0;  // once connected; one at a time: the next when that was written()
  };

  virtual ~Outbound() = default;
  // `host` is an address or a name, which is looked up beside the loop. The caller must outlive the call.
  virtual std::unique_ptr<Call> dial(const Bytes& host, uint16_t port, Caller& caller) = 0;
};

}  // namespace leat
