// SPDX-License-Identifier: Apache-2.0
// arrivals.h: who may come in: by the allow-list of the door, and how many from one address.
//
// Used by: Server, before anything of a connection is made.
// Always:  - who was let in is counted until left(); who was refused is not;
//          - an IPv6 machine counts by its first 64 bits: it may choose the others.
#pragma once

#include <unordered_map>

#include "broker/config/networks.h"

namespace leat {

class Arrivals {
 public:
  enum class Verdict : uint8_t { kWelcome, kNotAllowed, kTooMany };
  Verdict admit(const IpAddress& from, const Networks& allowed, size_t most) {
    if (!allowed.empty() && !allowed.has(from)) return Verdict::kNotAllowed;
    size_t& here = here_[from.household()];
    if (here >= most) return Verdict::kTooMany;
    ++here;
    return Verdict::kWelcome;
  }
  void left(const IpAddress& from) {
    const auto found = here_.find(from.household());
    if (found != here_.end() && --found->second == 0) here_.erase(found);
  }

 private:
  std::unordered_map<IpAddress, size_t, IpAddressHash> here_;  // by household
};

}  // namespace leat
