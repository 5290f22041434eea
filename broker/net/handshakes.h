// SPDX-License-Identifier: Apache-2.0
// handshakes.h: TLS handshakes under way: each turn of the loop gives them a bounded share, and each has its time.
//
// Used by: Server, which runs and expires them; Connection, which is one.
// Always:  - a step (some tenths of a millisecond: a signature) is taken outside uv_run, and those that do not fit into
//            kBudgetNs wait for the next turn: who is served already waits no longer than that;
//          - a connection that is gone is not touched again.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_set>

namespace leat {

class Connection;

class Handshakes {
 public:
  static constexpr uint64_t kBudgetNs = 1'000'000;

  // One that ends at `until_ms` (of the loop's clock) if it is not done by then.
  void begin(Connection& connection, uint64_t until_ms);
  void step_later(Connection& connection);  // its peer has sent something
  void end(Connection& connection);         // done, or gone

  bool has_work() const { return !ready_.empty(); }
  void run();
  // Closes those whose time is up. When to call again; nullopt: when another has begun.
  std::optional<uint64_t> expire(uint64_t now_ms);
  size_t under_way() const { return under_way_.size(); }

 private:
  struct Deadline {
    uint64_t until_ms;
    Connection* connection;
  };
  std::unordered_set<Connection*> under_way_;
  std::deque<Connection*> ready_;
  std::deque<Deadline> deadlines_;  // by until_ms, as long as the setting stays; else one may end a little late
};

}  // namespace leat
