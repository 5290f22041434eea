// SPDX-License-Identifier: Apache-2.0
// migrations.h: the MIGRATEs under way, of each client that waits for one.
//
// Used by: MIGRATE, which begins them and takes them when they are over; the tick, which lets them go on; the executor,
//          which tells when a client has stopped waiting.
// Always:  - the loop waits for none of them: others are served while keys travel;
//          - a key that goes away is watched as WATCH does it, and more closely where it is a stream: whatever changes
//            it on the way, or what its groups have read, is known exactly;
//          - who hangs up, or is unblocked, ends his own: his keys stay here, also those that the target has taken.
#pragma once

#include <map>
#include <optional>

#include "broker/broker_time.h"
#include "broker/migration.h"
#include "broker/watches.h"

namespace leat {

class Migrations {
 public:
  explicit Migrations(Watches& watches) : watches_(watches) {}  // must outlive this

  // The way out; null: there is none (any more).
  void call_by(Outbound* outbound);
  // Notices from now on what happens to a key.
  Ticket watch(DbIndex db, View key);
  bool changed(Ticket watched) const { return watches_.broken(watched); }

  void begin(Ticket asker, Migration::Order order);
  const Migration* of(Ticket asker) const;
  void forget(Ticket asker);  // idempotent

  // After propose(): those go that the log has caught up with; all others as far as they can.
  void tick(const Stamp& reached, TimeMs now_ms);
  // Whose is over: until he has taken it, and was forgotten.
  std::optional<Ticket> done() const;
  bool any() const { return !by_asker_.empty(); }
  size_t watched() const;  // keys
  std::optional<TimeMs> next_deadline_ms() const;  // monotonic

 private:
  // Watches knows its clients by tickets, too: these are none that a client can have.
  static constexpr Ticket kFirstWatch = Ticket{1} << 63;
  Watches& watches_;
  Outbound* outbound_ = nullptr;
  std::map<Ticket, Migration> by_asker_;
  Ticket next_watch_ = kFirstWatch;
};

}  // namespace leat
