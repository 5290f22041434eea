// SPDX-License-Identifier: Apache-2.0
// purge.h: keys and fields that are due go, and the memory of what is dead is given back, in slices.
//
// Used by: the tick, after its requests: look-ups hide what is due, so nobody waits for this.
// Always:  - a slice takes about half a millisecond; has_work() says that the next tick should go on;
//          - what goes is logged, by an effect like any other: replay decides nothing by the clock.
#pragma once

#include <optional>

#include "broker/batch.h"
#include "broker/broker_time.h"
#include "broker/stats.h"
#include "broker/vanished.h"

namespace leat {

class Purge {
 public:
  // All must outlive this.
  Purge(Keyspace& keyspace, Batch& batch, Vanished& vanished, Stats& stats, BrokerTime& time)
      : keyspace_(keyspace), batch_(batch), vanished_(vanished), stats_(stats), time_(time) {}

  void take_slice();
  // Instead, while nothing may go (CLIENT PAUSE): a reply may rest on the time all the same, and then a record tells
  // it, with what a key that is short or not there has come to.
  void state_time();
  bool has_work() const { return left_; }
  // When the next is due, in broker time; nothing: none ever is, or nothing goes by itself.
  std::optional<TimeMs> next_ms() const;

  bool active = true;  // DEBUG SET-ACTIVE-EXPIRE: what is due goes by itself, and not only when somebody met some of it

 private:
  // False: time is up, and some are left.
  bool take_keys(int64_t until_us);
  bool take_fields(int64_t until_us);
  bool free_dead(int64_t until_us);
  bool is_over(int64_t until_us);

  Keyspace& keyspace_;
  Batch& batch_;
  Vanished& vanished_;
  Stats& stats_;
  BrokerTime& time_;
  bool left_ = false;
};

}  // namespace leat
