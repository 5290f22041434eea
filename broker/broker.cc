// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

#include "broker/latency_watch.h"
#include "broker/libraries.h"
#include "broker/storage/proof.h"
#include "broker/storage/replay.h"
#include "wal/folder.h"

namespace leat {

namespace {

constexpr int64_t kTickBudgetUs = 1000;  // DESIGN.md section 2: a tick ends after about 1 ms
constexpr TimeMs kRestAfterMs = 10;    // without a change
constexpr TimeMs kNightAfterMs = 500;
constexpr int64_t kRestBudgetUs = 200;
constexpr size_t kRestSteps = 64;    // between two looks at the clock
constexpr size_t kWorkSteps = 32;    // some 30 us
constexpr TimeMs kHousekeepingMs = 100;
constexpr TimeMs kLongestWaitMs = 24 * 3600 * 1000;  // for a key that expires in the year 292 million, too
constexpr uint64_t kKeyspaceSalt = 0x6c656174;
constexpr size_t kStrangerInputMax = 256 * 1024;  // who has not authenticated may send so much ahead of it

constexpr View kProtected =
    "DENIED Redis is running in protected mode because no password is set for the default user: "
    "connections are accepted from the loopback interface only. Set requirepass, or protected-mode no.";

constexpr View kGuessesOver =
    "as often as limits.auth_failures allows: none from there is looked at until limits.auth_window_s is over";

wal::Durability wal_durability(DurabilityMode mode) { return static_cast<wal::Durability>(mode); }
wal::LogThread wal_thread(LogThreadMode mode) { return static_cast<wal::LogThread>(mode); }

}  // namespace

Broker::Broker(House house, Config config)
    : house_(house),
      config_(std::move(config)),
      dice_(house.seed),
      time_(house.clock),
      bounded_(house.events),
      classes_(config_),
      keyspace_(house.seed ^ kKeyspaceSalt),
      usage_(classes_, keyspace_),
      notifications_(keyspace_),
      migrations_(watches_),
      client_memory_(config_, clients_, watches_),
      batch_(keyspace_, classes_, usage_, stamps_, waiters_, watches_, tracking_, notifications_),
      vanished_(classes_, stats_, house.events),
      purge_(keyspace_, batch_, vanished_, stats_, time_),
      eviction_(config_, classes_, usage_, keyspace_, batch_, time_, stats_, vanished_, latency_, dice_),
      class_flush_(classes_, keyspace_, batch_, time_),
      scripts_({.memory_bytes_max = static_cast<size_t>(config_.script_memory_bytes_max), .seed = house.seed}),
      functions_({.memory_bytes_max = static_cast<size_t>(config_.script_memory_bytes_max), .seed = house.seed}),
      doorkeeper_(config_, table_.words(), clients_, time_, house.events),
      slow_log_(config_),
      rooms_{config_,     house.events, classes_,  usage_,    class_flush_, keyspace_,  batch_,    stamps_,
             clients_,    waiters_,     watches_,  pubsub_,   scripts_,     functions_, time_,     stats_,
             dice_,       eviction_,    vanished_, slow_log_, latency_,     monitors_,  tracking_, notifications_,
             migrations_, doorkeeper_,  table_,    executor_, *this},
      executor_(rooms_),
      turns_(rooms_, client_memory_, spare_outputs_),
      releases_(rooms_, client_memory_, spare_outputs_),
      snapshots_(config_, keyspace_, time_, house.events),
      backups_(config_, house.files, time_, house.events, snapshots_) {
  stats_.by_command.resize(table_.all().size());
  stats_.by_class.resize(classes_.size());
  keyspace_.encodings = config_.encodings;
  if (house_.deterministic) keyspace_.chunks().memory().tidy_from(0);
  executor_.follow(config_);
  notifications_.follow(config_.keyspace_events);
  doorkeeper_.on_failure([this](const Client& client, View user, View command, bool last) {
    executor_.guard().note_authentication(client, user, command);
    warn_of(client, "authentication_failed", "a password or a token was wrong");
    // An event of its own: it is not left out among the many.
    if (last) warn_of(client, "guessing_stopped", kGuessesOver);
  });
  client_memory_.follow_config();
  started_ms_ = sampled_ms_ = time_.monotonic_ms();
}

Broker::~Broker() = default;

Status Broker::lock_folder() {
  const auto random = house_.deterministic ? std::function<uint64_t()>([this] { return dice_(); }) : wal::random_u64;
  auto lock = wal::open_folder(house_.files, config_.data_dir, random);
  if (!lock.ok()) return lock.status();
  folder_lock_ = std::move(*lock);
  return Status::fine();
}

Status Broker::open() {
  CHECK(folder_lock_ != nullptr);
  if (Status users = doorkeeper_.begin(); !users.ok()) return users;
  executor_.loading = true;
  loading_.started_ms = time_.now_ms();
  Replay replayed(keyspace_, Replay::Fit::kTrusted, [this] { pump(); });
  const auto replay = [&](Index index, TimeMs, View batch) { return replayed.batch(index, batch); };
  const auto progress = [&](uint64_t done, uint64_t total) {
    loading_.bytes_done = done;
    loading_.bytes_total = total;
    pump();
  };
  const auto where =
      house_.deterministic ? wal::SnapshotWriter::Where::kCaller : wal::SnapshotWriter::Where::kBackground;
  if (Status loaded = snapshots_.open(house_.files, house_.clock, where, progress); !loaded.ok()) return loaded;
  wal::LogOptions options;
  options.origin = snapshots_.origin();
  options.folder = config_.data_dir;
  options.durability = wal_durability(config_.durability);
  options.sync_interval_ms = config_.sync_interval_ms;
  options.thread = wal_thread(config_.log_thread);
  options.segment_bytes = static_cast<uint64_t>(config_.segment_bytes);
  options.unsynced_bytes_max = static_cast<uint64_t>(config_.unsynced_bytes_max);
  if (house_.deterministic) {
    options.prepare = wal::SpareMaker::Where::kCaller;
    options.sync = wal::SyncThread::Where::kCaller;
    options.random = [this] { return dice_(); };
  }
  auto opened = wal::Log::open(house_.files, house_.clock, house_.events, std::move(options), replay, progress);
  if (!opened.ok()) return opened.status();
  log_ = std::move(*opened);
  if (wake_) log_->on_progress(wake_);
  time_.not_before(std::max(snapshots_.loaded_time_ms(), log_->recovery().last_time_ms));
  snapshots_.start(*log_, log_->recovery().bytes);
  backups_.start();
  batch_.begin(log_->next_index());
  if (classes_.any()) count_classes();
  load_libraries(keyspace_, functions_, time_, house_.events, [this] { pump(); });
  if (Status users = doorkeeper_.take_over(keyspace_); !users.ok()) return users;
  executor_.loading = false;
  return Status::fine();
}

// As ACL SETUSER would put them: in the log, and on disk before anybody is told them.
Result<std::vector<Broker::FirstToken>> Broker::make_first_tokens() {
  std::vector<FirstToken> made;
  if (config_.http_port == 0 || doorkeeper_.has_token(kHttpUsers[0])) return made;
  for (const HttpUser& one : kHttpUsers) {
    if (doorkeeper_.has_token(one)) continue;
    made.push_back({.user = one.name, .secret = access::new_token(0, 0)});
    access::User user = doorkeeper_.with_token(one, made.back().secret);
    batch_.emit(0, UserSet{.user = user.name(), .rules = user.stored()});
    doorkeeper_.put(std::move(user));
  }
  propose();
  if (!failed_.ok()) return failed_;
  if (Status synced = log_->sync_now(); !synced.ok()) return failed_ = synced;
  return made;
}

// Once, since replay does not count. Others hear LOADING meanwhile.
void Broker::count_classes() {
  int64_t next_us = house_.clock.monotonic_us() + kTickBudgetUs;
  usage_.recount([&] {
    if (house_.clock.monotonic_us() < next_us) return;
    pump();
    next_us = house_.clock.monotonic_us() + kTickBudgetUs;
  });
}

void Broker::set_wake(std::function<void()> wake) {
  wake_ = std::move(wake);
  snapshots_.on_progress(wake_);
  if (log_ != nullptr) log_->on_progress(wake_);
}

void Broker::apply_config() {
  keyspace_.encodings = config_.encodings;
  executor_.follow(config_);
  notifications_.follow(config_.keyspace_events);
  classes_.follow(config_);
  doorkeeper_.follow_config();
  client_memory_.follow_config();
  if (eviction_.limited()) eviction_.reconsider();
  house_.events.set_level(config_.log_level);
  if (log_ == nullptr) return;
  log_->set_durability(wal_durability(config_.durability), config_.sync_interval_ms);
  log_->set_thread_mode(wal_thread(config_.log_thread));
}

// Clients.

Client& Broker::connect(Transport& transport) {
  time_.advance();
  ++stats_.connections;
  Client& client = clients_.add(transport, time_.monotonic_ms());
  doorkeeper_.greet(client);
  client_memory_.touch(client);
  if (clients_.size() > static_cast<size_t>(config_.clients_max)) {
    warn("client_refused", {{"peer", transport.peer()}, {"why", "there are limits.clients already"}});
    turn_away(client, "ERR max number of clients reached");
  } else if (doorkeeper_.keeps_out(client)) {
    turn_away(client, kProtected);
  }
  return client;
}

void Broker::turn_away(Client& client, View why) {
  ++stats_.rejected_connections;
  client.reply().error(why);
  client.output.seal({});
  close_after_reply(client);
  to_release(client);
}

void Broker::receive(Client& client, View bytes) {
  if (client.closing || client.gone) return;
  client.bytes_in += bytes.size();
  stats_.input_bytes += bytes.size();
  ++stats_.reads;
  if (client.in_round) {  // a script pumps the sockets: the words of its requests point into the input
    client.input_later.append(bytes);
    return;
  }
  client.input.append(bytes);
  const size_t waiting = client.input.size() - client.parsed;
  const bool stranger = !client.admitted && waiting > kStrangerInputMax;
  if (stranger || waiting > static_cast<size_t>(config_.query_buffer_bytes_max)) {
    ++stats_.input_limit_disconnections;
    warn_of(client, "client_closed",
            stranger ? "it sent much and has not authenticated" : "it sent more than limits.query_buffer_bytes");
    return kill(client);
  }
  client_memory_.touch(client);
  to_run(client);
}

void Broker::warn_of(const Client& client, View event, View why) {
  warn(event, {{"id", client.id}, {"peer", client.transport.peer()}, {"why", why}});
}

void Broker::hang_up(Client& client) {
  if (client.gone) return;
  client.gone = true;
  executor_.forget(client);  // nothing is popped for a client that has left
  doorkeeper_.left(client);
  client_memory_.left(client);
  gone_.push_back(client.id);
}

void Broker::kill(Client& client) {
  if (client.gone) return;
  client.transport.close_now();
  hang_up(client);
}

void Broker::close_after_reply(Client& client) {
  client.closing = true;
  to_release(client);
}

// The tick.

void Broker::tick() {
  time_.follow_wall();
  ++stats_.ticks;
  forget_hangups();                // first: nothing is popped for a client that has left
  end_tokens();
  turns_.resume();
  make_room();                     // what eviction left over, before anything is added
  turns_.run(kTickBudgetUs);       // parse → handler → effects; waiters a command woke run right after it
  // What a script did until then is in this tick's batch: nobody keeps the half.
  if (stop_unsynced_) return finish_stop();
  executor_.expire_waits();
  executor_.serve_waiters();       // whom a purge of the last tick woke
  flush_classes();                 // a slice of what CLASS FLUSH asked for
  finish_migrations();             // of those that the target has answered
  purge_due();                     // due keys were hidden already; this only gives their memory back
  executor_.tell_of_keys();        // what expired or was evicted
  state_digests();                 // now and then: what replay must come to
  propose();                       // the tick's records: group commit for free
  take_snapshots();                // of what was just proposed, or a slice of the one under way
  serve_synced();                  // whom the disk has caught up with
  release_replies();               // nothing leaves the house before its record does,
  migrations_.tick(reached(), time_.monotonic_ms());  // nor do keys
  close_largest();                 // when clients hold too much
  tidy_memory();                   // when nobody looks at a chunk
  housekeeping();
  if (stop_asked_ && !stopped_) finish_stop();
}

void Broker::forget_hangups() {
  for (const Ticket id : gone_) clients_.forget(id);
  gone_.clear();
}

// Of tokens whose time is over the clients go, whatever they wait for or listen to.
void Broker::end_tokens() {
  while (Client* const client = doorkeeper_.next_over()) {
    warn_of(*client, "client_closed", "its token has ended");
    kill(*client);
  }
}

bool Broker::disk_behind() const { return (log_ != nullptr && log_->throttled()) || snapshots_.throttled(); }

void Broker::make_room() {
  if (executor_.loading) return;
  executor_.disk_behind = disk_behind();
  // Being overwritten is a use; how often a key was used stays what it was.
  const ClassUsage::Note note = eviction_.note(kDefaultClass);
  keyspace_.note_writes_as(note.made, note.replaced);
  if (classes_.any()) usage_.note_writes_as(eviction_.mixed() ? eviction_.notes() : std::vector<ClassUsage::Note>());
  if (may_change()) eviction_.begin_tick();
}

void Broker::flush_classes() {
  if (!class_flush_.has_work() || !may_change()) return;
  const auto asker = class_flush_.go_on();
  executor_.serve_waiters();
  if (!asker) return;
  executor_.retry(*asker);
  class_flush_.take_done(*asker);  // when the asker has left
}

void Broker::finish_migrations() {
  while (may_change()) {
    const auto asker = migrations_.done();
    if (!asker) return;
    executor_.retry(*asker);
    migrations_.forget(*asker);
    executor_.serve_waiters();
  }
}

void Broker::purge_due() {
  const LatencyWatch watch(latency_, config_, time_, "expire-cycle");
  if (!executor_.paused()) purge_.take_slice();
  else if (log_ != nullptr) purge_.state_time();  // what expires is a write, and waits as writes do
  executor_.serve_waiters();
}

// What the log is asked for: what the keys changed in this tick ask for, and what held replies wait for that nobody has
// asked for yet, such as a strict client's that has seen a lax key, or that of a transaction over both.
DurabilityMode Broker::wanted() const {
  DurabilityMode mode = batch_.level();
  if (!log_->is_asked(executor_.waited_for().written, wal::Durability::kInterval))
    mode = stricter(mode, DurabilityMode::kInterval);
  if (!log_->is_asked(executor_.waited_for().synced, wal::Durability::kAlways)) mode = DurabilityMode::kAlways;
  return mode;
}

// Then looks how far the log is: at the end of the tick, because a pump may have swallowed the wake that said so.
void Broker::propose() {
  if (log_ == nullptr || stop_unsynced_) return;
  const wal::Durability wanted_now = wal_durability(wanted());
  if (!batch_.empty()) {
    changed_ms_ = time_.monotonic_ms();
    log_->propose(batch_.bytes(), time_.now_ms(), wanted_now);
    batch_.begin(log_->next_index());
  } else {
    log_->ask(wanted_now);
  }
  log_->poll(time_.monotonic_us());
  note_syncs();
  stamps_.settle(settled());
  if (!log_->status().ok() && failed_.ok()) failed_ = log_->status();
}

// Between two looks the log's own thread may have synced more than once: the last one counts then, and any that was the
// longest.
void Broker::note_syncs() {
  if (config_.latency_threshold_ms == 0) return;
  const wal::Stats stats = log_->stats();
  if (stats.syncs == syncs_seen_) return;
  syncs_seen_ = stats.syncs;
  const bool longest = stats.sync_us_max > std::exchange(sync_us_max_seen_, stats.sync_us_max);
  const int64_t took_us = longest ? stats.sync_us_max : stats.sync_us_last;
  LatencyWatch::note(latency_, config_, time_, "aof-fsync-always", took_us);
}

// Up to here nobody waits for anything, whatever he has chosen.
Index Broker::settled() const {
  switch (classes_.strictest_in_use()) {
    case DurabilityMode::kAlways:
      return log_->synced();
    case DurabilityMode::kInterval:
      return log_->written();
    case DurabilityMode::kNever:
      break;
  }
  return log_->proposed();
}

void Broker::state_digests() {
  if (log_ == nullptr || !batch_.sample().due(log_->stats().bytes + batch_.size(), time_.monotonic_ms())) return;
  for (const DigestSample::Key& key : batch_.sample().take()) {
    if (const auto digest = digest_of(keyspace_, key)) batch_.state(key.db, {.key = key.name, .digest = *digest});
  }
}

void Broker::take_snapshots() {
  if (log_ == nullptr || !log_->status().ok()) return;
  {
    const LatencyWatch watch(latency_, config_, time_, "snapshot");
    snapshots_.tick(batch_.effects());
  }
  if (const auto asker = backups_.tick()) executor_.retry(*asker);
  if (!snapshots_.status().ok() && failed_.ok()) failed_ = snapshots_.status();
}

Status Broker::save() {
  propose();
  if (!failed_.ok()) return failed_;
  return snapshots_.finish(batch_.effects());
}

Status Broker::reload(bool save_first) {
  if (log_ == nullptr) return Status::error("the disk is being read: wait until the broker serves");
  if (class_flush_.has_work())
    return Status::error("a CLASS FLUSH is going through the databases: wait for its answer");
  propose();
  if (!failed_.ok()) return failed_;
  if (save_first || snapshots_.under_way()) {  // one under way has the old chunks
    if (Status saved = save(); !saved.ok()) return saved;
  }
  if (Status synced = log_->sync_now(); !synced.ok()) return failed_ = synced;
  log_->settle_folder();  // the next segment must not get its name while we look for it under the old one
  Keyspace fresh(house_.seed ^ kKeyspaceSalt);
  fresh.encodings = config_.encodings;
  if (house_.deterministic) fresh.chunks().memory().tidy_from(0);
  const auto proof = prove_folder(house_.files, config_.data_dir, fresh);
  if (!proof.ok()) return proof.status();
  if (proof->digest != keyspace_.digest()) return Status::error("what the disk holds is not what the memory holds");
  keyspace_.swap_content(fresh);
  if (classes_.any()) usage_.recount(nullptr);
  return Status::fine();
}

void Broker::serve_synced() {
  if (log_ != nullptr && log_->status().ok()) executor_.serve_synced(log_->synced());
}

Stamp Broker::reached() const {
  return log_ == nullptr ? Stamp{} : Stamp{.synced = log_->synced(), .written = log_->written()};
}

void Broker::release_replies() {
  if (log_ != nullptr && !log_->status().ok() && failed_.ok()) failed_ = log_->status();
  if (!failed_.ok()) return;  // a failed write or sync ends all acknowledgements
  releases_.release(reached());
}

void Broker::close_largest() {
  for (Client* const client : client_memory_.excess(time_.monotonic_ms())) {
    ++stats_.evicted_clients;
    warn_of(*client, "client_closed",
            "all clients together hold more than limits.clients_bytes, and it holds the most");
    kill(*client);
  }
}

// What waits for the disk: it goes by itself.
size_t Broker::bytes_to_disk() const {
  return batch_.size() + snapshots_.waiting_bytes() + (log_ == nullptr ? 0 : log_->buffer_bytes());
}

// A tick is where nobody holds a View of a chunk: what is tidied may move.
void Broker::tidy_memory() {
  tidy_left_ = false;
  const TimeMs idle_ms = turns_.empty() ? time_.monotonic_ms() - changed_ms_ : 0;
  if (idle_ms < kRestAfterMs && !house_.deterministic) {
    keyspace_.tidy_memory(kWorkSteps, ChunkMemory::Hour::kWork);
    return;
  }
  const auto hour = idle_ms < kNightAfterMs ? ChunkMemory::Hour::kRest : ChunkMemory::Hour::kNight;
  batch_.give_back();
  if (hour == ChunkMemory::Hour::kNight) spare_outputs_.clear();
  const int64_t until_us = time_.monotonic_us() + kRestBudgetUs;
  while (!keyspace_.tidy_memory(kRestSteps, hour)) {
    time_.advance();
    if (time_.monotonic_us() < until_us) continue;
    tidy_left_ = true;
    return;
  }
}

void Broker::housekeeping() {
  const TimeMs now_ms = time_.monotonic_ms();
  if (now_ms < next_housekeeping_ms_) return;
  next_housekeeping_ms_ = now_ms + kHousekeepingMs;
  stats_.command_rate.sample(stats_.commands, now_ms - sampled_ms_);
  stats_.input_rate.sample(stats_.input_bytes, now_ms - sampled_ms_);
  stats_.output_rate.sample(stats_.output_bytes, now_ms - sampled_ms_);
  sampled_ms_ = now_ms;
  if (eviction_.limited() && !house_.deterministic) eviction_.measure(bytes_to_disk());
  releases_.close_slow();
  if (config_.idle_timeout_s != 0) close_idle(now_ms);
}

void Broker::close_idle(TimeMs now_ms) {
  for (Client* const client : idle_.look(clients_, now_ms, config_.idle_timeout_s * 1000)) {
    warn_of(*client, "client_closed", "it was idle for limits.idle_timeout_s");
    kill(*client);
  }
}

std::optional<int64_t> Broker::next_tick_us() const {
  std::optional<int64_t> next;
  const auto sooner = [&](int64_t at_us) { next = next ? std::min(*next, at_us) : at_us; };
  if (const auto wait = executor_.next_wait_deadline_ms()) sooner(*wait * 1000);
  if (const auto step = migrations_.next_deadline_ms()) sooner(*step * 1000);
  const auto in_broker_time = [&](TimeMs at_ms) {
    sooner(time_.monotonic_us() + std::clamp<int64_t>(at_ms - time_.now_ms(), 1, kLongestWaitMs) * 1000);
  };
  if (const auto end = doorkeeper_.next_end_ms()) in_broker_time(*end);
  if (log_ != nullptr) {
    if (const auto poll = log_->next_poll_us()) sooner(*poll);
  }
  if (const auto snapshot = snapshots_.next_tick_us(batch_.effects())) sooner(*snapshot);
  if (const auto backup = backups_.next_tick_us()) sooner(*backup);
  if (executor_.paused()) sooner(executor_.pause.until_ms * 1000);
  else if (const auto due = purge_.next_ms()) in_broker_time(*due);
  if (keyspace_.chunks().memory().wants(ChunkMemory::Hour::kRest)) sooner((changed_ms_ + kRestAfterMs) * 1000);
  else if (keyspace_.chunks().memory().wants(ChunkMemory::Hour::kNight)) sooner((changed_ms_ + kNightAfterMs) * 1000);
  if (releases_.any_slow()) sooner(next_housekeeping_ms_ * 1000);
  if (config_.idle_timeout_s != 0 && clients_.size() > 0)
    sooner(idle_.next_look_ms(config_.idle_timeout_s * 1000) * 1000);
  return next;
}

void Broker::serve_while_held() {
  if (held_) return;
  held_ = true;  // hang-ups are not forgotten here: one may be the client whose script runs
  time_.follow_wall();
  turns_.run_inside(kTickBudgetUs);
  release_replies();
  held_ = false;
}

void Broker::finish_stop() {
  backups_.close();
  for (const auto& [id, client] : clients_.all()) {
    if (client->parked != nullptr && !client->gone) executor_.unblock(*client, View());  // as if its time had come
  }
  propose();
  if (log_ != nullptr && !stop_unsynced_) {
    if (Status synced = log_->sync_now(); !synced.ok()) failed_ = synced;
    log_->poll(time_.monotonic_us());
  }
  release_replies();
  const bool wanted =
      save_at_stop_ == Save::kYes || (save_at_stop_ == Save::kAsConfigured && config_.snapshot_on_shutdown);
  if (log_ != nullptr && !stop_unsynced_ && failed_.ok() && wanted) failed_ = snapshots_.finish(batch_.effects());
  if (Status closed = snapshots_.close(); !closed.ok() && failed_.ok()) failed_ = closed;
  if (log_ != nullptr && !stop_unsynced_ && failed_.ok()) {
    if (Status closed = log_->close(); !closed.ok()) failed_ = closed;
  }
  stopped_ = true;
}

}  // namespace leat
