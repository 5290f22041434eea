// SPDX-License-Identifier: Apache-2.0
// bounded_events.h: warnings that anybody out there can cause: a few lines of each kind a second, and how many
// were left out.
//
// Used by: whoever closes or refuses a client: the doors, the tick, the executor.
// Always:  - of one event no more than kLines lines in a second; the next one after that is preceded by a line that
//            says how many were left out (event=lines_left_out of=… lines=…).
#pragma once

#include <map>

#include "schemas/ids.h"
#include "schemas/log.h"

namespace leat {

class BoundedEvents {
 public:
  static constexpr uint64_t kLines = 10;

  explicit BoundedEvents(Events& events) : events_(events) {}  // must outlive this

  void warning(TimeMs now_ms, View event, Events::Fields fields) {  // monotonic
    Kind& kind = kinds_[Bytes(event)];
    if (now_ms >= kind.since_ms + 1000) {
      if (kind.lines > kLines) events_.warning("lines_left_out", {{"of", event}, {"lines", kind.lines - kLines}});
      kind = {now_ms, 0};
    }
    if (++kind.lines <= kLines) events_.warning(event, fields);
  }

 private:
  struct Kind {
    TimeMs since_ms = -1000;
    uint64_t lines = 0;
  };
  Events& events_;
  std::map<Bytes, Kind> kinds_;  // named in the code: a handful
};

}  // namespace leat
