// SPDX-License-Identifier: Apache-2.0
// output_limits.h: how much a client may leave unread, and for how long: beyond that it is closed, or it would eat
// the memory.
//
// Used by: the broker's release of replies, and its housekeeping, which looks at the slow ones again.
// Always:  - only what was released and not yet taken by the socket counts: replies that wait for the disk do not;
//          - over the hard bound it is closed at once, over the soft one when it has been so for that many seconds,
//            without a moment below;
//          - who has not authenticated has a bound of his own, or anybody could fill the memory with NOAUTH
//            (CVE-2025-21605).
// Source:  https://redis.io/docs/latest/develop/reference/clients/ (output buffer limits), DESIGN.md section 2.1
#pragma once

#include <map>
#include <vector>

#include "broker/client.h"
#include "broker/config/config.h"

namespace leat {

class OutputLimits {
 public:
  explicit OutputLimits(const Config& config) : config_(config) {}  // must outlive this

  static constexpr int64_t kOfStrangers = 16 * 1024;

  enum class Verdict : uint8_t { kFine, kTooMuch, kTooLong };
  Verdict check(const Client& client, TimeMs now_ms) {  // monotonic
    const auto unsent = static_cast<int64_t>(client.transport.unsent());
    if (!client.admitted && unsent > kOfStrangers) [[unlikely]] return Verdict::kTooMuch;
    const auto [setting, hard, soft, seconds] = bounds_of(client);
    if (hard > 0 && unsent > hard) return Verdict::kTooMuch;
    if (soft == 0 || unsent < soft) {
      if (any()) since_ms_.erase(client.id);
      return Verdict::kFine;
    }
    const TimeMs began_ms = since_ms_.try_emplace(client.id, now_ms).first->second;
    return now_ms - began_ms > seconds * 1000 ? Verdict::kTooLong : Verdict::kFine;
  }

  // Which bound holds for the client: for the log.
  View name_for(const Client& client) const {
    const auto unsent = static_cast<int64_t>(client.transport.unsent());
    const Bounds bounds = bounds_of(client);
    return !client.admitted && (bounds.hard == 0 || unsent <= bounds.hard) ? View("16 KiB before it authenticates")
                                                                           : bounds.setting;
  }

  // Those that are over their soft bound, as far as anybody has looked.
  bool any() const { return !since_ms_.empty(); }
  std::vector<Ticket> slow() const {
    std::vector<Ticket> all;
    for (const auto& [id, since_ms] : since_ms_) all.push_back(id);
    return all;
  }
  void forget(Ticket client) { since_ms_.erase(client); }

 private:
  struct Bounds {
    View setting;
    int64_t hard, soft, seconds;
  };
  Bounds bounds_of(const Client& client) const {
    const bool listens =
        client.subscriptions() + client.shard_channels.size() > 0 || client.monitors || client.tracking != nullptr;
    if (listens) {
      return {"limits.pubsub_output_bytes", config_.pubsub_output_bytes_max, config_.pubsub_output_soft_bytes_max,
              config_.pubsub_output_soft_s};
    }
    if (client.rest != nullptr) {
      return {"limits.rest_output_bytes", config_.rest_output_bytes_max, config_.rest_output_soft_bytes_max,
              config_.rest_output_soft_s};
    }
    return {"limits.output_bytes", config_.output_bytes_max, config_.output_soft_bytes_max, config_.output_soft_s};
  }

  const Config& config_;
  std::map<Ticket, TimeMs> since_ms_;  // monotonic
};

}  // namespace leat
