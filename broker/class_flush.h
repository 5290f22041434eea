// SPDX-License-Identifier: Apache-2.0
// class_flush.h: CLASS FLUSH: deletes the keys of a class from all databases, a slice each tick.
//
// Used by: CLASS FLUSH asks; the tick goes on with it, and tells who waits for the end.
// Always:  - each key goes by a KeyDelete: logged, replayed, seen by waiters and watchers like any deletion;
//          - a slice holds the loop for half a millisecond, so that others are served in between;
//          - every key that was there when it was asked for goes; one that is written meanwhile goes or stays. It goes
//            on when who asked has left.
#pragma once

#include <deque>
#include <optional>

#include "broker/batch.h"
#include "broker/broker_time.h"

namespace leat {

class ClassFlush {
 public:
  struct Done {
    ClassId of;
    uint64_t deleted = 0;
  };

  // All must outlive this.
  ClassFlush(const Classes& classes, Keyspace& keyspace, Batch& batch, BrokerTime& time)
      : classes_(classes), keyspace_(keyspace), batch_(batch), time_(time) {}

  void ask(ClassId id, Ticket asker);
  bool has_work() const { return !asked_.empty(); }
  // A slice. Who asked for what is done with it, if something is.
  std::optional<Ticket> go_on();
  std::optional<Done> take_done(Ticket asker);

 private:
  struct Asked {
    Ticket asker;
    Done so_far;
    std::vector<ValueId> databases;  // still to be gone through, the last one first: ids, since a swap changes numbers
    uint64_t cursor = 0;
  };
  std::optional<DbIndex> database_of(ValueId id) const;
  void delete_some(Asked& asked, DbIndex db);

  const Classes& classes_;
  Keyspace& keyspace_;
  Batch& batch_;
  BrokerTime& time_;
  std::deque<Asked> asked_;  // one after the other
  std::vector<std::pair<Ticket, Done>> done_;
};

}  // namespace leat
