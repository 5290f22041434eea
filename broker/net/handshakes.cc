// SPDX-License-Identifier: Apache-2.0
#include "broker/net/handshakes.h"

#include <uv.h>

#include "broker/net/connection.h"

namespace leat {

void Handshakes::begin(Connection& connection, uint64_t until_ms) {
  under_way_.insert(&connection);
  deadlines_.push_back({until_ms, &connection});
}

void Handshakes::step_later(Connection& connection) { ready_.push_back(&connection); }

void Handshakes::end(Connection& connection) { under_way_.erase(&connection); }

void Handshakes::run() {
  const uint64_t until_ns = uv_hrtime() + kBudgetNs;
  for (size_t left = ready_.size(); left > 0; --left) {  // not those that are added meanwhile
    Connection* const connection = ready_.front();
    ready_.pop_front();
    if (under_way_.contains(connection)) connection->shake();
    if (uv_hrtime() >= until_ns) return;
  }
}

std::optional<uint64_t> Handshakes::expire(uint64_t now_ms) {
  while (!deadlines_.empty()) {
    const auto [until_ms, connection] = deadlines_.front();
    // Another may have come in its place.
    const bool same = under_way_.contains(connection) && connection->shakes_until_ms() == until_ms;
    if (same && until_ms > now_ms) return until_ms;
    deadlines_.pop_front();
    if (same) connection->shook_too_long();
  }
  return std::nullopt;
}

}  // namespace leat
