// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.h"

#include <algorithm>

#include "wal/check.h"

namespace leat::testing {

namespace {
constexpr int kLives = 4;
constexpr uint64_t kStepsMax = 260;
constexpr int64_t kHourMs = 3600 * 1000;
}  // namespace

World::Tally World::tally;

// ---- a client

void SimClient::connect(Broker& broker) { client_ = &broker.connect(*this); }

void SimClient::ask(Dice& dice) {
  for (Words& words : workload_.next(number_, dice)) {
    unsent_ += request_bytes(words);
    asked_.push_back(std::move(words));
  }
}

void SimClient::deliver(Broker& broker, Dice& dice) {
  if (unsent_.empty()) return;
  const size_t size = dice() % 3 != 0 ? unsent_.size() : 1 + dice() % unsent_.size();
  broker.receive(*client_, View(unsent_).substr(0, size));
  unsent_.erase(0, size);
}

void SimClient::listen() {
  View rest = received_;
  while (auto reply = read_reply(rest)) {
    ++World::tally.answers;
    const bool is_push = reply->type == '*' && !reply->items.empty() && reply->items[0].text == "message";
    const Words asked = is_push || asked_.empty() ? Words() : std::move(asked_.front());
    if (!asked.empty()) asked_.pop_front();
    workload_.answered(number_, asked, *reply);
  }
  received_.erase(0, received_.size() - rest.size());
}

void SimClient::break_off(Broker* broker) {
  if (!connected()) return;
  if (broker != nullptr) broker->hang_up(*client_);
  client_ = nullptr;
  for (const Words& words : std::exchange(asked_, {})) workload_.unanswered(number_, words);
  workload_.disconnected(number_);
  unsent_.clear();
  received_.clear();
}

// ---- the world

World::World(uint64_t seed) : dice_(seed) {
  config_.segment_bytes = 16 << 10;
  config_.durability =
      one_in(4) ? (one_in(2) ? DurabilityMode::kInterval : DurabilityMode::kNever) : DurabilityMode::kAlways;
  config_.sync_interval_ms = 100;
  config_.idle_timeout_s = 0;
  camps_.push_back({.mode = config_.durability, .prefix = "g", .workloads = {}, .clients = {}});
  if (one_in(2)) {
    const std::pair<Bytes, DurabilityMode> classes[] = {{"lax", DurabilityMode::kNever},
                                                        {"timed", DurabilityMode::kInterval}};
    for (const auto& [name, mode] : classes) {
      config_.classes.push_back({.name = name, .prefixes = {name + ":"}, .durability = mode});
      camps_.push_back({.mode = mode, .prefix = name + ":", .workloads = {}, .clients = {}});
    }
  }
  disk_.on_sync([this](const Bytes&) {  // inline everything waits for the disk
    if (broker_ == nullptr || broker_->log() == nullptr || broker_->log()->stats().threaded) return;
    clock_.advance_us(sync_us_);
  });
}

World::~World() { broker_.reset(); }  // its last calls to the disk must not find half a broker above

void World::live() {
  open();
  tick();  // knows the empty state as well
  for (int life = 0; life < kLives && !::testing::Test::HasFailure(); ++life) {
    begin_life();
    for (uint64_t left = 20 + dice_() % kStepsMax; left > 0 && step(); --left) continue;
    die();
    open();
    check();
  }
  if (!::testing::Test::HasFailure()) stop_cleanly();
}

// What the world is like this time, and how it is to end.
void World::begin_life() {
  ++tally.lives;
  for (Camp& camp : camps_) settle(camp);
  clients_.clear();
  for_each_client([&](SimClient& client) { clients_.push_back(&client); });
  constexpr int64_t kSyncUs[] = {0, 0, 300, 5'000, 50'000, 2'000'000};
  sync_us_ = kSyncUs[dice_() % std::size(kSyncUs)];
  clock_.drift_percent = static_cast<int64_t>(dice_() % 41) - 20;
  death_ = one_in(3) ? Death::kKill : Death::kPowerCut;
  const uint64_t call = disk_.calls() + 1 + dice_() % 400;
  if (one_in(2)) return disk_.stop_at(call);
  if (!one_in(3)) return;
  disk_.fail_at(call);
  ++tally.failing_calls;
}

void World::settle(Camp& camp) {
  if (!camp.workloads.empty()) return;
  const Bytes name = camp.prefix + std::to_string(++generation_);
  camp.workloads = &camp == &camps_.front() ? all_workloads(name) : class_workloads(name);
  for (const auto& workload : camp.workloads) {
    for (size_t number = 0; number < workload->clients(); ++number)
      camp.clients.push_back(std::make_unique<SimClient>(*workload, number));
  }
}

bool World::loses(DurabilityMode mode) const {
  return mode == DurabilityMode::kNever || (mode == DurabilityMode::kInterval && death_ == Death::kPowerCut);
}

bool World::step() {
  move_time();
  move_network();
  if (one_in(60)) broker_->snapshots().ask();
  if (!one_in(5)) tick();
  move_disk();
  return broker_->failed().ok();
}

void World::move_time() {
  constexpr int64_t kUs[] = {0, 20, 100, 300, 1'000, 3'000, 12'000, 200'000};
  clock_.advance_us(kUs[dice_() % std::size(kUs)]);
  if (one_in(40)) clock_.jump_ms((static_cast<int64_t>(dice_() % 7) - 3) * kHourMs);
}

void World::move_network() {
  for (uint64_t left = 1 + dice_() % 8; left > 0; --left) {
    SimClient& one = *clients_[dice_() % clients_.size()];
    if (!one.connected()) one.connect(*broker_);
    if (one.idle()) one.ask(dice_);
    one.deliver(*broker_, dice_);
    if (one_in(80)) one.break_off(broker_.get());
  }
}

// A write is done at once, the sync behind it when the disk has had its time.
void World::move_disk() {
  while (clock_.monotonic_us() >= disk_busy_until_us_ && broker_->log()->step_thread()) {
    disk_busy_until_us_ = clock_.monotonic_us() + sync_us_;
  }
}

void World::tick() {
  broker_->tick();
  const wal::Log& log = *broker_->log();
  if (!digests_.contains(log.proposed())) digests_[log.proposed()] = broker_->rooms().keyspace.digest();
  if (log.proposed() > log.committed()) ++tally.held;
  for (SimClient* const client : clients_) client->listen();
}

Index World::promised() const {
  const wal::Log& log = *broker_->log();
  return lossy() ? log.synced() : log.committed();
}

void World::die() {
  floor_ = std::max(floor_, promised());
  tally.snapshots += broker_->snapshots().figures(0).taken;
  for_each_client([](SimClient& client) { client.break_off(nullptr); });
  disk_busy_until_us_ = 0;
  death_ == Death::kPowerCut ? ++tally.cuts : ++tally.kills;
  // What stands in the broker must not reach the disk any more: the machine is off, or the process is.
  disk_.stop_at(disk_.calls() + 1);
  broker_.reset();
  death_ == Death::kPowerCut ? disk_.power_cut(dice_()) : disk_.kill();
}

// The next start, which may be cut off as well; the last one must come through.
void World::open() {
  config_.log_thread = static_cast<LogThreadMode>(dice_() % 3);
  config_.snapshot_log_bytes = one_in(2) ? 0 : 3'000 + static_cast<int64_t>(dice_() % 20'000);
  for (int left = one_in(3) ? 2 : 0;; --left) {
    if (left > 0) disk_.stop_at(disk_.calls() + 1 + dice_() % 60);
    broker_ = std::make_unique<Broker>(
        Broker::House{.files = disk_, .clock = clock_, .events = *events_, .seed = dice_(), .deterministic = true},
        config_);
    Status opened = broker_->lock_folder();
    if (opened.ok()) opened = broker_->open();
    if (left <= 0) {
      ASSERT_TRUE(opened.ok()) << opened.text();
      return;
    }
    disk_.stop_at(disk_.calls() + 1);
    broker_.reset();
    // What a kill had left unsynced.
    const bool may_lose = std::all_of(camps_.begin(), camps_.end(), [this](const Camp& camp) {
      return loses(camp.mode) || camp.mode == DurabilityMode::kAlways;
    });
    may_lose && one_in(2) ? disk_.power_cut(dice_()) : disk_.kill();
  }
}

void World::check() {
  if (::testing::Test::HasFailure()) return;
  const Index there = broker_->log()->proposed();
  EXPECT_GE(there, floor_) << "what was promised is lost";
  ASSERT_TRUE(digests_.contains(there)) << "record " << there << " ended no tick: half a batch";
  EXPECT_EQ(broker_->rooms().keyspace.digest(), digests_[there]) << "another state than at record " << there;
  digests_.erase(digests_.upper_bound(there), digests_.end());
  floor_ = std::min(floor_, there);
  clients_.clear();  // until the next life: some of them end here
  const ClassUsage& usage = broker_->rooms().usage;
  const auto counted = usage.counted();
  for (ClassId id = 0; id < counted.size() && broker_->rooms().classes.any(); ++id)
    EXPECT_EQ(usage.of(id), counted[id]);
  const int64_t sync_us = std::exchange(sync_us_, 0);
  for (Camp& camp : camps_) {
    if (loses(camp.mode)) {  // acknowledgements may be gone, so the ledgers begin anew
      camp.clients.clear();
      camp.workloads.clear();
      continue;
    }
    for (const auto& workload : camp.workloads) workload->check([this](const Words& words) { return ask(words); });
  }
  sync_us_ = sync_us;
}

// One request of a client of its own; waits for the disk.
Reply World::ask(const Words& words) {
  struct Asker : Transport {
    Bytes received;
    void write(Bytes& bytes) override { received += bytes; }
    void close_when_sent() override {}
    void close_now() override {}
    size_t unsent() const override { return 0; }
    Bytes peer() const override { return "127.0.0.1:50001"; }
    Bytes local() const override { return "127.0.0.1:6379"; }
  } asker;
  Client& client = broker_->connect(asker);
  broker_->receive(client, request_bytes(words));
  tick();
  while (broker_->log()->step_thread()) continue;
  tick();
  View rest = asker.received;
  const auto reply = read_reply(rest);
  EXPECT_TRUE(reply.has_value()) << words.front() << " was not answered";
  broker_->hang_up(client);
  tick();
  return reply.value_or(null());
}

void World::stop_cleanly() {
  broker_->stop();
  while (!broker_->stopped()) tick();
  ASSERT_TRUE(broker_->failed().ok()) << broker_->failed().text();
  const uint64_t digest = broker_->rooms().keyspace.digest();
  broker_.reset();
  const auto report = wal::check_folder(disk_, config_.data_dir);
  ASSERT_TRUE(report.ok() && report->sound) << (report.ok() ? report->verdict : Bytes(report.status().text()));
  disk_.power_cut(dice_());
  open();
  if (!::testing::Test::HasFatalFailure()) {
    EXPECT_EQ(broker_->rooms().keyspace.digest(), digest);
  }
}

}  // namespace leat::testing
