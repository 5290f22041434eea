// SPDX-License-Identifier: Apache-2.0
// releases.h: clients whose replies are held until their records are as durable as was promised, and the release
// of these.
//
// Used by: Broker, at the end of each tick.
// Always:  - nothing leaves a client's output before the log has reached what it rests on;
//          - who is closing is closed when all it was owed is sent; who does not read what it is sent is closed
//            at once;
//          - who may go on, since it had too many replies waiting for the disk, stands in the line again.
// Source:  DESIGN.md section 1.
#pragma once

#include <deque>

#include "broker/client_memory.h"
#include "broker/output_limits.h"
#include "broker/rooms.h"
#include "broker/spare_buffers.h"

namespace leat {

class Releases {
 public:
  // All must outlive this.
  Releases(Rooms& rooms, ClientMemory& memory, SpareBuffers& outputs)
      : rooms_(rooms), memory_(memory), outputs_(outputs), limits_(rooms.config) {}

  void add(Client& client);          // it holds something, or is to be closed
  void release(const Stamp& reached);  // what the log has reached
  // Those that were slow readers when they were last sent something: they may be too slow by now.
  bool any_slow() const { return limits_.any(); }
  void close_slow();

 private:
  bool release(Client& client, const Stamp& reached);
  bool send(Client& client, const Stamp& reached);
  void close_slow(Client& client);

  Rooms& rooms_;
  ClientMemory& memory_;
  SpareBuffers& outputs_;
  OutputLimits limits_;
  std::deque<Ticket> line_;
};

}  // namespace leat
