// SPDX-License-Identifier: Apache-2.0
// rest_door.h: what all connections to the REST door share.
//
// Used by: Server, which owns one, and looks in every second while anybody is connected; RestSession.
// Always:  - a session is in `sessions` from begin() until its wire is closed, and in `scrapes` while it
//            writes figures.
#pragma once

#include <unordered_set>

#include "broker/broker.h"
#include "broker/http/json_rows.h"

namespace leat {

class RestSession;

class RestDoor {
 public:
  static constexpr TimeMs kLookEveryMs = 1000;

  explicit RestDoor(Broker& broker) : broker(broker) {}  // must outlive this

  // Ends what took too long, keeps streams awake.
  void look();
  // Scrapes of /metrics are written in slices, one a turn of the loop: all figures would hold it for milliseconds.
  bool has_work() const { return !scrapes.empty(); }
  void work();
  const Bytes& date();  // of this second

  Broker& broker;
  JsonRows json;  // its memory serves all of them: a body is read in one go
  std::unordered_set<RestSession*> sessions;
  std::vector<RestSession*> scrapes;
  size_t streams = 0;  // that are open

 private:
  Bytes date_;
  TimeMs date_s_ = -1;
};

}  // namespace leat
