// SPDX-License-Identifier: Apache-2.0
// world.h: one seed's world: a broker, its disk, its clocks, its network and all its clients, and what may befall them.
//
// Used by: simulation_test.cc.
// Always:  - one thread, and all chance comes from the seed: a failure comes again;
//          - the log's thread takes as long for a sync as the world says, and ticks run meanwhile;
//          - keys of a class are judged as their class promises, whatever the broker promises the others;
//          - after each crash the state is that of the end of a tick that was known, at or behind all that
//            was promised.
#pragma once

#include <deque>
#include <map>

#include "tests/simulation/workload.h"

namespace leat::testing {

// A wall that jumps and drifts, and a monotonic clock that does not.
class SimClock final : public Clock {
 public:
  TimeMs wall_ms() override { return wall_us() / 1000; }
  int64_t wall_us() override { return wall_us_; }
  int64_t monotonic_us() override { return monotonic_us_; }
  void advance_us(int64_t us) { monotonic_us_ += us, wall_us_ += us + us * drift_percent / 100; }
  void jump_ms(int64_t ms) { wall_us_ += ms * 1000; }

  int64_t drift_percent = 0;

 private:
  int64_t wall_us_ = 1'700'000'000'000'000;
  int64_t monotonic_us_ = 1'000'000;
};

// One client behind a network that delivers in pieces and breaks.
class SimClient final : public Transport {
 public:
  SimClient(Workload& workload, size_t number) : workload_(workload), number_(number) {}

  bool connected() const { return client_ != nullptr; }
  bool idle() const { return asked_.empty() && unsent_.empty(); }
  void connect(Broker& broker);
  void ask(Dice& dice);              // when it is idle
  void deliver(Broker& broker, Dice& dice);  // a piece of what it has sent
  void listen();                     // reads what has arrived
  void break_off(Broker* broker);    // null: the broker is dead

  void write(Bytes& bytes) override { received_ += bytes; }
  void close_when_sent() override {}
  void close_now() override {}
  size_t unsent() const override { return 0; }
  Bytes peer() const override { return "127.0.0.1:50000"; }
  Bytes local() const override { return "127.0.0.1:6379"; }

 private:
  Workload& workload_;
  const size_t number_;
  Client* client_ = nullptr;
  std::deque<Words> asked_;  // in order; the front's reply comes first
  Bytes unsent_, received_;
};

class World {
 public:
  explicit World(uint64_t seed);
  ~World();

  void live();  // several lives, several deaths

  struct Tally {
    uint64_t lives = 0, answers = 0, held = 0, snapshots = 0, cuts = 0, kills = 0, failing_calls = 0;
  };
  static Tally tally;  // of all seeds: a simulation that never came to something tests less than it says

 private:
  void begin_life();
  bool step();  // false: the broker has died
  void move_time();
  void move_network();
  void move_disk();
  void tick();
  void die();
  void open();
  void check();
  Reply ask(const Words& words);
  void stop_cleanly();

  // The clients of one class of keys, judged by its mode.
  struct Camp {
    DurabilityMode mode;
    Bytes prefix;
    std::vector<std::unique_ptr<Workload>> workloads;
    std::vector<std::unique_ptr<SimClient>> clients;
  };
  void settle(Camp& camp);
  template <typename Visit>
  void for_each_client(Visit visit) {
    for (Camp& camp : camps_) {
      for (const auto& client : camp.clients) visit(*client);
    }
  }

  bool one_in(uint64_t n) { return dice_() % n == 0; }
  bool loses(DurabilityMode mode) const;  // what was acknowledged, in the death that comes
  bool lossy() const { return loses(config_.durability); }
  Index promised() const;  // the highest index that must survive the death that comes

  Dice dice_;
  SimClock clock_;
  SimDisk disk_;
  std::unique_ptr<Events> events_ = Events::silent();
  Config config_;
  std::unique_ptr<Broker> broker_;
  std::vector<Camp> camps_;
  std::vector<SimClient*> clients_;  // of all of them

  enum class Death : uint8_t { kKill, kPowerCut };
  Death death_ = Death::kKill;
  int64_t sync_us_ = 0;     // how long the disk takes, this life
  int64_t disk_busy_until_us_ = 0;
  uint64_t generation_ = 0;
  Index floor_ = 0;         // promised before the last death
  std::map<Index, uint64_t> digests_;  // at the end of the ticks, by the last index proposed
};

}  // namespace leat::testing
