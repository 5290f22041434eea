// SPDX-License-Identifier: Apache-2.0
// broker.h: the house: owns every room, wires them, runs the tick. Knows no socket: tests run it in process.
//
// Used by: main, through net/server; tests, through a transport of their own.
// Always:  - one thread calls it; a second broker may live in the same process;
//          - nothing leaves a client's output before its records are as durable as the classes of their keys ask;
//          - when the log cannot be written, acknowledgements end at once and failed() says why.
// Source:  DESIGN.md sections 1 and 2.
#pragma once

#include <functional>
#include <optional>

#include "broker/backups.h"
#include "broker/bounded_events.h"
#include "broker/client_memory.h"
#include "broker/commands/executor.h"
#include "broker/commands/table.h"
#include "broker/idle_clients.h"
#include "broker/purge.h"
#include "broker/releases.h"
#include "broker/rooms.h"
#include "broker/snapshots.h"
#include "broker/spare_buffers.h"
#include "broker/turns.h"
#include "wal/log.h"

namespace leat {

class Broker {
 public:
  struct House {  // what the broker stands on; all must outlive it
    wal::FileSystem& files;
    Clock& clock;
    Events& events;
    uint64_t seed;  // of its dice and hashes
    // A simulation: no threads: it steps the log's itself; random numbers from the seed; chunks move at each tick, so
    // that who keeps a View of one for too long is found.
    bool deterministic = false;
  };
  // Lets the sockets be served while something holds the loop: a slow script, a long recovery. May be empty.
  using Pump = std::function<void()>;

  Broker(House house, Config config);
  ~Broker();

  // Makes the data folder or finds it, and keeps others out. The first thing to do: then listen, then open().
  Status lock_folder();
  // Rebuilds the keyspace from the snapshot and the log behind it. Until it is done requests hear LOADING.
  Status open();
  // Behind open(): tokens for the users that come in by HTTP, when there is such a door and nobody has a token for it.
  // They are in the log when this returns, and nobody will be told them again.
  struct FirstToken {
    View user;
    Bytes secret;
  };
  Result<std::vector<FirstToken>> make_first_tokens();

  // Clients. The transport must stay until hang_up() was called and the next tick has begun.
  Client& connect(Transport& transport);
  void receive(Client& client, View bytes);
  void hang_up(Client& client);
  // By a certificate that our authorities vouch for: what its only common name is. Empty: nothing is known of him.
  void certified(Client& client, View common_name) { doorkeeper_.recognise(client, common_name); }
  // Called by the executor: a client has something to run, or to send.
  void to_run(Client& client) { turns_.add(client); }
  void to_release(Client& client) { releases_.add(client); }
  void kill(Client& client);               // CLIENT KILL: closed at once, whatever it waits for
  void close_after_reply(Client& client);  // QUIT

  void tick();
  // Whether the next tick has work that no event will announce.
  bool has_work() const {
    const bool changes = eviction_.has_work() || class_flush_.has_work() || migrations_.done();
    return !turns_.empty() || purge_.has_work() || tidy_left_ || (changes && may_change()) || snapshots_.has_work() ||
           turns_.may_resume();
  }
  size_t runnable() const { return turns_.waiting(); }  // clients that have something to run
  // When a tick is wanted at the latest, monotonic microseconds; nullopt: only when something happens.
  std::optional<int64_t> next_tick_us() const;
  // Serves other clients in the middle of a script or a recovery: they hear BUSY or LOADING.
  void serve_while_held();
  void set_pump(Pump pump) { pump_ = std::move(pump); }
  // The way to other servers; null ends all that are being called. Must outlive this, or be taken away.
  void set_outbound(Outbound* outbound) { migrations_.call_by(outbound); }
  void pump() {
    if (pump_) pump_();
    serve_while_held();
  }
  // What CONFIG SET would make of them, before it takes effect: the door refuses what it could not use, and stays as
  // it was.
  struct Door {
    std::function<Status(const TlsSettings&)> use_tls;  // reads the files again, also when nothing differs
    std::function<Status(const Config&)> listen;        // where the configuration says
  };
  void set_door(Door door) { door_ = std::move(door); }
  Status use_tls(const TlsSettings& changed) const { return door_.use_tls ? door_.use_tls(changed) : Status::fine(); }
  Status listen(const Config& changed) const { return door_.listen ? door_.listen(changed) : Status::fine(); }
  // What anybody out there can cause: a few lines of each kind a second.
  void warn(View event, Events::Fields fields) { bounded_.warning(time_.monotonic_ms(), event, fields); }
  void warn_of(const Client& client, View event, View why);
  bool disk_behind() const;  // so much waits for it that nothing more may be changed
  // Called from the log's thread when held replies may have become free.
  void set_wake(std::function<void()> wake);

  // SHUTDOWN, SIGTERM: after the tick everything is synced, blocked clients are answered, then stopped() is true.
  // While a slow script runs it ends at once, as Redis does: what was answered is in the log, and of what was not, the
  // script's batch with it, nothing will be there.
  void stop() {
    stop_asked_ = true;
    if (executor_.busy) stop_unsynced_ = script_killed = true;
  }
  enum class Save : uint8_t { kAsConfigured, kYes, kNo };
  void stop(Save save) { stop(), save_at_stop_ = save; }
  bool stopped() const { return stopped_; }
  const Status& failed() const { return failed_; }
  bool script_killed = false;

  Rooms& rooms() { return rooms_; }
  wal::Log* log() { return log_.get(); }
  Snapshots& snapshots() { return snapshots_; }
  Backups& backups() { return backups_; }
  Result<uint64_t> disk_free_bytes() { return house_.files.free_bytes(config_.data_dir); }
  Purge& purge() { return purge_; }
  // DEBUG RELOAD, LOADAOF: what the disk holds, read as a start reads it, takes the place of what is here, if it is the
  // same; else it says so, and what is here stays. Between commands, as save().
  Status reload(bool save_first);
  Status save();        // SAVE: a snapshot now, waited for; between commands, when no script or transaction runs
  void apply_config();  // after CONFIG SET
  uint64_t port = 0, http_port = 0;  // as bound, for INFO
  struct TlsDoor {
    uint64_t port = 0;  // 0: none
    Bytes subject;      // of our certificate; empty: no TLS
    TimeMs expires_ms = 0;
  };
  TlsDoor tls_door;
  TimeMs started_ms() const { return started_ms_; }  // monotonic
  struct Loading {
    uint64_t bytes_done = 0, bytes_total = 0;
    TimeMs started_ms = 0;
  };
  const Loading& loading() const { return loading_; }

 private:
  void count_classes();
  void forget_hangups();
  void end_tokens();
  void turn_away(Client& client, View why);
  void make_room();
  bool may_change() const { return executor_.may_evict() && !disk_behind(); }  // what nobody waits for
  void purge_due();
  void flush_classes();
  void finish_migrations();
  DurabilityMode wanted() const;
  Index settled() const;
  void propose();
  void note_syncs();
  void state_digests();
  void take_snapshots();
  void serve_synced();
  Stamp reached() const;
  void release_replies();
  void close_largest();
  void tidy_memory();
  void housekeeping();
  void close_idle(TimeMs now_ms);
  size_t bytes_to_disk() const;
  void finish_stop();

  House house_;
  Config config_;
  Stats stats_;
  std::mt19937_64 dice_;
  BrokerTime time_;
  BoundedEvents bounded_;
  CommandTable table_;
  Classes classes_;
  Keyspace keyspace_;
  ClassUsage usage_;
  Stamps stamps_;
  Clients clients_;
  consumers::Waiters waiters_;
  Watches watches_;
  PubSub pubsub_;
  Tracking tracking_;
  Notifications notifications_;
  Migrations migrations_;
  ClientMemory client_memory_;
  Batch batch_;
  Vanished vanished_;
  Purge purge_;
  LatencyEvents latency_;
  Eviction eviction_;
  ClassFlush class_flush_;
  ScriptHost scripts_;
  FunctionHost functions_;
  Doorkeeper doorkeeper_;
  SlowLog slow_log_;
  Monitors monitors_;
  Rooms rooms_;
  Executor executor_;
  SpareBuffers spare_outputs_;
  Turns turns_;
  Releases releases_;
  std::unique_ptr<wal::FileLock> folder_lock_;  // outlives what stands in the folder
  Snapshots snapshots_;
  Backups backups_;
  std::unique_ptr<wal::Log> log_;

  IdleClients idle_;
  std::vector<Ticket> gone_;
  Pump pump_;
  Door door_;
  std::function<void()> wake_;
  Loading loading_;
  TimeMs started_ms_ = 0;
  TimeMs next_housekeeping_ms_ = 0;
  TimeMs sampled_ms_ = 0;
  uint64_t syncs_seen_ = 0;  // by note_syncs()
  int64_t sync_us_max_seen_ = 0;
  TimeMs changed_ms_ = 0;  // when something last did, monotonic
  bool tidy_left_ = false;
  bool held_ = false;  // inside serve_while_held
  Save save_at_stop_ = Save::kAsConfigured;
  bool stop_asked_ = false, stop_unsynced_ = false, stopped_ = false;
  Status failed_;
};

}  // namespace leat
