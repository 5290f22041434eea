// SPDX-License-Identifier: Apache-2.0
// doors.h: all the places where connections are taken: what `bind`, the ports and `unix_socket` make of
// them. [libuv]
//
// Used by: Server.
// Always:  - each place that the configuration names has its listener, but those that may be missing on this machine;
//          - a change that fails leaves the places as they were; who is connected stays so whatever changes.
#pragma once

#include <vector>

#include "broker/net/listener.h"

namespace leat {

class Doors {
 public:
  Doors(Server& server, uv_loop_t& loop) : server_(server), loop_(loop) {}  // both must outlive this
  // From now on at the places of `config`, and nowhere else. One clear sentence when one of them is taken, or no place.
  Status open(const Config& config);
  void close() { listeners_.clear(); }
  uint16_t port(Connection::Door door) const;  // as bound; 0: no such door

 private:
  std::vector<ListenPlace> places_of(const Config& config) const;
  Status settle(std::vector<ListenPlace> places, const Config& config);

  Server& server_;
  uv_loop_t& loop_;
  std::vector<Listener::Ptr> listeners_;
};

}  // namespace leat
