// SPDX-License-Identifier: Apache-2.0
// idle_clients.h: who has asked for nothing for so long that he may be gone: looked for a few at a time.
//
// Used by: the tick's housekeeping.
// Always:  - a look is at kClients clients at most, so that many of them do not hold the loop;
//          - who is idle for as long as allowed is found within a tenth of that time, and a second at least;
//          - who waits for a key or listens is not idle.
#pragma once

#include <algorithm>
#include <vector>

#include "broker/client.h"

namespace leat {

class IdleClients {
 public:
  static constexpr size_t kClients = 500;
  static constexpr TimeMs kAgainMs = 100, kRoundMsMin = 1000, kRoundMsMax = 60 * 1000;

  TimeMs next_look_ms(TimeMs allowed_ms) const {  // monotonic
    return std::min(next_look_ms_, last_look_ms_ + round_ms(allowed_ms));  // it may have been set lower since
  }

  std::vector<Client*> look(const Clients& clients, TimeMs now_ms, TimeMs allowed_ms) {
    std::vector<Client*> idle;
    if (now_ms < next_look_ms(allowed_ms)) return idle;
    auto next = clients.all().upper_bound(seen_);
    for (size_t left = kClients; left > 0 && next != clients.all().end(); --left, ++next) {
      Client& client = *next->second;
      seen_ = client.id;
      const bool listens = client.monitors || client.subscriptions() + client.shard_channels.size() > 0;
      const bool waits = client.parked != nullptr || listens;
      if (!waits && !client.gone && now_ms - client.active_ms > allowed_ms) idle.push_back(&client);
    }
    const bool all = next == clients.all().end();
    if (all) seen_ = 0;
    last_look_ms_ = now_ms;
    next_look_ms_ = now_ms + (all ? round_ms(allowed_ms) : kAgainMs);
    return idle;
  }

 private:
  static TimeMs round_ms(TimeMs allowed_ms) { return std::clamp(allowed_ms / 10, kRoundMsMin, kRoundMsMax); }

  Ticket seen_ = 0;  // the last one that was looked at
  TimeMs last_look_ms_ = 0, next_look_ms_ = 0;
};

}  // namespace leat
