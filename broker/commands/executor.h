// SPDX-License-Identifier: Apache-2.0
// executor.h: takes a request, decides whether it may run, runs it, and sees to what follows: reply, wait, waiters.
//
// Used by: Broker's tick (requests, deadlines), the transaction and script families (queued and nested commands).
// Always:  - ready waiters are served after each command, script or EXEC, before the next request;
//          - a wait inside MULTI or a script ends at once, here and nowhere else;
//          - a reply is sealed with the stamp of what it rests on; replies of a client stay in order;
//          - time is frozen per command, script or EXEC.
#pragma once

#include <optional>
#include <set>

#include "broker/commands/admission.h"
#include "broker/commands/context.h"
#include "broker/commands/error_counts.h"
#include "broker/commands/guard.h"
#include "broker/commands/running_script.h"
#include "consumers/deadlines.h"

namespace leat {

class Executor {
 public:
  // Must outlive this.
  explicit Executor(Rooms& rooms) : rooms_(rooms), admission_(rooms), guard_(rooms), errors_(rooms.stats) {}

  // One request. False: not now (CLIENT PAUSE, disk_behind); the request stays where it is.
  bool request(Client& client, const Command* command, Args args);

  // EXEC's body: the queued commands one after the other, all at the caller's frozen time.
  void run_queued(Context& exec);
  // One command of a script; its reply, an error included, goes to `reply`. `db` is the script's own SELECT.
  void call_nested(Context& script, DbIndex& db, Args args, ReplySink& reply);

  // What is slow, as the configuration has it.
  void follow(const Config& config);

  // Waits whose time has come, to end or to be looked at again.
  void expire_waits();
  std::optional<TimeMs> next_wait_deadline_ms() const;  // monotonic
  // Ends a wait with an error, or as if its time had come when `error` is empty.
  void unblock(Client& client, View error);
  void serve_waiters();
  void retry(Ticket waiter);  // what it waits for is no key, and has come
  void serve_synced(Index synced);  // who waits for the disk
  size_t blocked() const { return rooms_.waiters.size(); }

  // The client is leaving: nothing will be popped for it.
  void forget(Client& client);
  void tell_of_keys();  // that no command has changed: they expired or were evicted
  void seal(Client& client, const Stamp& stamp);
  const Stamp& waited_for() const { return waited_for_; }  // the highest that was ever sealed
  void wait_for(const Stamp& stamp) { waited_for_.raise(stamp); }  // what leaves by another door than a reply
  // A message to a client that did not ask, stamped with what its sender has seen. `self`: whose request sends it,
  // null: nobody's; what it sends to itself, as to anybody in the middle of a reply, goes behind that reply.
  template <typename Write>
  void push(Client& to, const Client* self, const Stamp& stamp, Write write) {
    if (&to == self || !to.output.sealed()) {
      to.say(to.behind_reply.bytes, write);
      to.behind_reply.stamp.raise(stamp);
    } else {
      write(to.reply());
      seal_push(to, stamp);
    }
  }

  // While a script is slow others hear BUSY; while loading, LOADING.
  bool busy = false;
  const RunningScript* running = nullptr;  // a script or a function, slow or not
  Status busy_error() const;
  bool is_full() const { return admission_.is_full(); }  // memory, when the request began
  Guard& guard() { return guard_; }
  ErrorCounts& errors() { return errors_; }
  bool loading = false;
  // While too much waits for the disk whatever may write waits too; a tick says so before it runs requests.
  bool disk_behind = false;

  // CLIENT PAUSE
  struct Pause {
    TimeMs until_ms = 0;  // monotonic
    bool writes_only = true;
  };
  Pause pause;
  bool scripts_debug = false;  // DEBUG SET-DISABLE-DENY-SCRIPTS
  // Eviction writes: it waits where writes wait.
  bool may_evict() const { return !loading && !busy && !disk_behind && !paused(); }
  bool paused() const { return pause.until_ms > rooms_.time.monotonic_ms(); }

 private:
  Status refusal(const Client& client, const Command* command, Args args);
  bool is_forbidden(Context& ctx, Args args);
  bool must_pause(const Client& client, const Command& command, Args args) const;
  bool may_write(const Command& command, Args args) const;
  void run(Client& client, const Command& command, Args args);
  Outcome handle(Context& ctx, Args args);
  Outcome invoke(Context& ctx, Args args);
  bool too_many_wait(const Client& client, const Wait& wait) const;
  void park(Client& client, const Command& command, Args args, Wait wait, DbIndex db);
  void unpark(Client& client);
  void resume(Client& client, const Stamp& answered);
  void plan_look(Client& client, TimeMs at_ms);  // instead of the one that was planned; 0: none
  bool may_look() const { return may_evict(); }  // what it finds it claims: that waits where writes wait
  void touch_due_looks();
  void retry(Client& client);
  void answer_timeout(ReplySink& reply, OnTimeout on_timeout);
  void refuse(Client& client, const Status& why);
  void refuse_exec(Client& client, const Status& why);
  void count_time(CommandStats& stats, int64_t took_us);
  void count_waited(const Parked& parked, bool failed);
  void turn_away(Client& client, const Status& forbidden);
  void end_wait(Client& client, View error, const Stamp& stamp);
  void note_slow(const Context& ctx, Args args, int64_t took_us);
  void show(const Context& ctx, Args args);
  void publish_events(const Client* self, Stamp stamp);
  void send_shown(const Context& ctx);
  void seal_push(Client& to, const Stamp& stamp);

  Rooms& rooms_;
  Admission admission_;
  Guard guard_;
  ErrorCounts errors_;
  Stamp waited_for_;
  bool histograms_ = true;
  int64_t slow_us_ = INT64_MAX;  // a request that takes so long is noted; one comparison for all that is not
  consumers::Deadlines<Ticket> deadlines_;  // monotonic ms; payload: the ticket
  consumers::Deadlines<Ticket> looks_;      // the same, of Wait::look_again_ms
  std::set<std::pair<Index, Ticket>> syncs_;  // of Wait::synced
};

}  // namespace leat
