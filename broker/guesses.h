// SPDX-License-Identifier: Apache-2.0
// guesses.h: how often somebody could not say who he is, by where he comes from: past a bound he is not listened to
// for a while.
//
// Used by: the doorkeeper, before it looks at a password or a token, and after one was wrong.
// Always:  - an address is counted as the doors count connections: an IPv6 machine by its first 64 bits;
//          - the window begins with the first failure and is over after its time, whatever comes meanwhile: somebody
//            who is not listened to cannot make it longer, and nobody elsewhere notices;
//          - no more than kAddressesMax are remembered: of more, those whose window began first are forgotten.
#pragma once

#include <deque>
#include <unordered_map>

#include "broker/config/networks.h"
#include "schemas/ids.h"

namespace leat {

class Guesses {
 public:
  static constexpr size_t kAddressesMax = 4096;  // about half a megabyte

  // Monotonic times. `most`: so many failures in a window; 0: no bound.
  bool may_try(const IpAddress& from, TimeMs now_ms, TimeMs window_ms, size_t most) {
    forget_past(now_ms - window_ms);
    const auto found = failures_.find(from.household());
    return most == 0 || found == failures_.end() || found->second < most;
  }
  // How many that makes in this window.
  size_t failed(const IpAddress& from, TimeMs now_ms, TimeMs window_ms) {
    forget_past(now_ms - window_ms);
    const auto [place, is_new] = failures_.try_emplace(from.household(), 0);
    if (is_new) windows_.push_back({now_ms, place->first});
    const size_t failures = ++place->second;
    forget_past(now_ms - window_ms);
    return failures;
  }
  size_t addresses() const { return failures_.size(); }

 private:
  struct Window {
    TimeMs since_ms;
    IpAddress from;
  };
  void forget_past(TimeMs until_ms) {
    while (!windows_.empty() && (windows_.front().since_ms <= until_ms || windows_.size() > kAddressesMax)) {
      failures_.erase(windows_.front().from);
      windows_.pop_front();
    }
  }

  std::unordered_map<IpAddress, size_t, IpAddressHash> failures_;  // by household; each has its window
  std::deque<Window> windows_;                                     // in the order in which they began
};

}  // namespace leat
