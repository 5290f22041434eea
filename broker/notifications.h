// SPDX-License-Identifier: Apache-2.0
// notifications.h: keyspace events: what happened to which key, for those who subscribed to it.
//
// Used by: Batch, which tells of each effect; the look-ups, which tell of misses; the executor, which publishes what is
//          noted once the command that caused it has run, with the stamp of what it has done.
// Always:  - an event follows from an effect, so no handler can forget one, and a command that changes nothing
//            has none;
//          - the name of an event is Redis'; where one effect has several, the command that caused it decides (kNamed);
//          - an event of a batch is never seen before the batch is as durable as its keys ask;
//          - off, and that is the default, all of it costs one comparison an effect.
// Source:  https://redis.io/docs/latest/develop/use/keyspace-notifications/
#pragma once

#include <utility>
#include <vector>

#include "broker/config/event_classes.h"
#include "broker/keyspace/keyspace.h"
#include "schemas/effect.h"

namespace leat {

struct Notification {
  DbIndex db;
  View event;  // of static storage
  Bytes key;
};

class Notifications {
 public:
  explicit Notifications(const Keyspace& keyspace) : keyspace_(keyspace) {}  // must outlive this

  void follow(EventClasses classes) { classes_ = classes; }
  bool on() const { return classes_.any(); }
  const EventClasses& classes() const { return classes_; }

  void begin_command(View name);      // what is noted from now on is its doing
  void call_it(View event) { named_ = {.event = event}; }  // the name hangs on the command's options
  void before(DbIndex db, const Effect& effect);
  void after(DbIndex db, const Effect& effect);
  void missed(DbIndex db, View key);

  bool empty() const { return noted_.empty(); }
  // In the order in which it happened. What a command deleted and then made anew was replaced, not deleted.
  std::vector<Notification> take();

 private:
  struct Named {
    View event;
    bool once = false;    // however many effects a command needs for it
    bool silent = false;
    bool whole = false;   // whatever its effects are but deletions
  };
  struct Noted {
    EventClass of;
    Notification what;
  };
  static Named named(View command);
  void note(EventClass of, DbIndex db, View event, View key);
  void note_change(EventClass of, DbIndex db, View event, View key);
  void note_whole(DbIndex db, View key);
  void note_if_emptied(DbIndex db, View key);

  const Keyspace& keyspace_;
  EventClasses classes_;
  Named named_;  // of the command; empty: as the effect says
  bool was_there_ = false;
  std::vector<Noted> noted_;
};

}  // namespace leat
