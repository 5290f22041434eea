// SPDX-License-Identifier: Apache-2.0
// context.h: what a handler may see and do: look keys up, emit effects, reply.
//
// Used by: handlers. The executor makes one for each command, also inside MULTI and scripts.
// Always:  - time is frozen (one now_us for a command, a script, an EXEC);
//          - every look-up, hit or miss, raises what the reply rests on (DESIGN.md section 1), and every key that it
//            sees or changes, how durable its class wants that to be;
//          - a key that is due is not found, and a write to it emits its expiry first; fields of a hash that are due
//            are not in it, and one whose fields all are is not found;
//          - what `find` and `look` return dies with the next emit.
#pragma once

#include "broker/batch.h"
#include "broker/client.h"
#include "broker/commands/command.h"
#include "broker/footing.h"
#include "broker/rooms.h"

namespace leat {

class Rollback;

extern const Status kWrongType;  // WRONGTYPE Operation against a key …

class Context {
 public:
  Context(Rooms& rooms, Client& client, ReplySink& reply, const Command& command, DbIndex db, int64_t now_us)
      : rooms(rooms), client(client), reply(reply), command(command), db(db), now_us(now_us), now_ms(now_us / 1000) {
    footing.level = rooms.classes.level_at_first(client.durability);
  }

  Rooms& rooms;
  Client& client;
  ReplySink& reply;
  const Command& command;
  DbIndex db;
  const int64_t now_us;  // broker time
  const TimeMs now_ms;
  const Wait* resumed = nullptr;  // set when this run follows a wait: its resolved ids
  bool time_is_up = false;        // … and nothing more is to come (OnTimeout::kHandler)
  TimeMs arrived_ms = 0;          // monotonic, of the request: deadlines count from it
  bool nested = false;            // in a script or a transaction: a wait ends at once
  bool in_script = false;
  bool read_only = false;         // EVAL_RO, FCALL_RO, or the script says so
  bool allow_oom = false;         // … that it adds although memory is full
  Rollback* rollback = nullptr;   // of a script over REST: keeps what an effect is about to change

  // The key's value of that type; null when there is none. WRONGTYPE when it holds another type.
  template <typename T>
  Result<Shown<T>> find(View key) { return find_in<T>(db, key); }
  template <typename T>
  Result<Shown<T>> find_in(DbIndex where, View key) {
    const std::optional<Found> found = look_in(where, key);
    if (!found) return Shown<T>();
    if (found->type != T::kType) return kWrongType;
    return show<T>(where, *found);
  }
  template <typename T>
  Shown<T> show(DbIndex where, const Found& found) {
    const Database& database = rooms.keyspace.database(where);
    if constexpr (std::is_same_v<T, Hash>) return Shown<T>(database, found, hides(found) ? now_ms : 0);
    else return database.see<T>(found);
  }
  // The same for strings.
  Result<std::optional<View>> find_text(View key);
  // The same as a read has it: of the sources of what is stored, of the value that SET … GET answers.
  template <typename T>
  Result<Shown<T>> read(View key) {
    const Reading reading(*this);
    return find<T>(key);
  }
  // While one lives, look-ups are hits and misses, as those of a command that only reads.
  class Reading {
   public:
    explicit Reading(Context& ctx) : ctx_(ctx) { ctx_.reading_ = true; }
    ~Reading() { ctx_.reading_ = false; }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    Context& ctx_;
  };
  // Whatever the key holds.
  std::optional<Found> look(View key) { return look_in(db, key); }
  std::optional<Found> look_in(DbIndex where, View key);
  // For what rests on a key that this does not look up.
  void rest_on(DbIndex where, View key) {
    footing.rest_on(rooms.stamps.of(where, key));
    if (rooms.classes.any()) footing.at_least(rooms.classes.level_of(key, client.durability));
  }
  // For what rests on a whole database: SCAN, DBSIZE, RANDOMKEY …: the last proposed index, as the strictest class
  // has it.
  void rest_on_everything() {
    footing.rest_on(rooms.batch.last_index());
    footing.at_least(rooms.classes.strictest(client.durability));
  }
  // For what rests on the libraries of functions.
  void rest_on_libraries() {
    footing.rest_on(rooms.stamps.of_libraries());
    if (rooms.classes.any()) footing.at_least(rooms.classes.strictest(client.durability));
  }
  // For what rests on the users: what they may do, and whether a password fits.
  void rest_on_users() {
    footing.rest_on(rooms.stamps.of_users());
    if (rooms.classes.any()) footing.at_least(rooms.classes.strictest(client.durability));
  }
  // Whether its time has come. Then the reply rests on the time as well: until a record of this tick or later is
  // committed (the purge sees to one), a start after a crash could have an earlier time, and the key again.
  bool is_due(const Found& found) {
    const bool due = (found.expire_at_ms != kNoExpiry && found.expire_at_ms <= now_ms) ||
                     (found.field_due_ms <= now_ms && is_due_whole(found, now_ms));
    if (due) rest_on_time();
    return due;
  }
  const Database& database() const { return rooms.keyspace.database(db); }

  // Changes state: logged, applied, noticed by waiters, watchers and metrics.
  template <typename E>
  void emit(const E& effect) { emit_in(db, effect); }
  template <typename E>
  void emit_in(DbIndex where, const E& effect) {
    if (rollback != nullptr) [[unlikely]] {
      if constexpr (requires { effect.key; }) {
        for_each_key(where, effect, [&](DbIndex db_of_key, View key) { keep(db_of_key, key); });
      }
    }
    if (saw_due_) emit_after_expiry(where, effect);
    else footing.at_least(rooms.batch.emit(where, effect, client.durability));
    footing.rest_on(rooms.batch.index());
  }

  // Monotonic deadline of a wait of `timeout_ms` from when the request arrived; 0 stays 0.
  TimeMs deadline_ms(TimeMs timeout_ms) const { return timeout_ms == 0 ? 0 : arrived_ms + timeout_ms; }

  // What the client has seen, this command included: as durable as that must be what others hear of it.
  Stamp seen() const {
    Stamp stamp = footing.stamp();
    stamp.raise(client.output.stamp());
    return stamp;
  }

  Footing footing;  // what the reply rests on

 private:
  void rest_on_time() { footing.rest_on(rooms.batch.index()), rooms.vanished.due_met = true; }
  // Whether fields of the hash are due: then the reply rests on the time, too.
  bool hides(const Found& hash) {
    const bool some = hash.field_due_ms <= now_ms;
    if (some) rest_on_time();
    return some;
  }
  // The keys of the effect that are due go first, and rows beside them move: what the effect borrows is copied before.
  template <typename E>
  void emit_after_expiry(DbIndex where, const E& effect) {
    Bytes scratch;
    EffectEncoder copier;
    const E copy = copier.encode(scratch, where, effect);
    for_each_key(where, copy, [&](DbIndex db_of_key, View key) { expire_if_due(db_of_key, key); });
    footing.at_least(rooms.batch.emit(where, copy, client.durability));
  }
  void keep(DbIndex where, View key);  // in the rollback
  void expire_if_due(DbIndex where, View key);
  void expire_fields(DbIndex where, View key);
  void count_look(bool hit, ClassId of_class);
  bool saw_due_ = false;
  bool reading_ = false;
};

}  // namespace leat
