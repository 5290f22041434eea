// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/salvage_folder.h"

#include "broker/broker.h"
#include "tests/support/nowhere.h"
#include "tests/support/sim_disk.h"

namespace leat::testing {

namespace {

class SteppedClock final : public Clock {
 public:
  TimeMs wall_ms() override { return wall_us() / 1000; }
  int64_t wall_us() override { return 1'700'000'000'000'000 + us_; }
  int64_t monotonic_us() override { return 1'000'000 + us_; }
  void step_ms(int64_t ms) { us_ += ms * 1000; }

 private:
  int64_t us_ = 0;
};

class Maker {
 public:
  explicit Maker(int64_t hours) {
    config_.segment_bytes = 4 << 10;
    config_.log_thread = LogThreadMode::kNever;
    config_.retain_log_hours = hours;
    broker_ = std::make_unique<Broker>(
        Broker::House{.files = disk_, .clock = clock_, .events = *events_, .seed = 42, .deterministic = true}, config_);
    CHECK(broker_->lock_folder().ok() && broker_->open().ok());
    client_ = &broker_->connect(nowhere_);
    send({"XGROUP", "CREATE", "stream", "g", "0", "MKSTREAM"});
  }

  void send(const std::vector<Bytes>& words) {
    Bytes request = "*" + std::to_string(words.size()) + "\r\n";
    for (const Bytes& word : words) request += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    clock_.step_ms(100);
    broker_->receive(*client_, request);
    broker_->tick();
  }

  void write_round(int round) {
    const Bytes n = std::to_string(round);
    send({"SET", "text:" + n, Bytes(static_cast<size_t>(round) * 53 % 700, 'x')});
    send({"RPUSH", "list", n, Bytes(400, 'l'), Bytes(1200, 'b')});
    send({"ZADD", "zset", n, "m" + n + Bytes(300, 'z')});
    send({"HSET", "hash", "f" + n, Bytes(300, 'h')});
    send({"SADD", "set", n + Bytes(150, 'm')});
    send({"XADD", "stream", "*", "n", n, "v", Bytes(round % 5 == 0 ? 1300 : 300, 's')});
    send({"XREADGROUP", "GROUP", "g", "c" + std::to_string(round % 2), "COUNT", "1", "STREAMS", "stream", ">"});
    send({"LPOP", "list"});
    send({"RENAME", "text:" + n, "name:" + n});
  }

  void save() { CHECK(broker_->save().ok()); }
  // Stops in the middle of the next snapshot: the call is that of the database's last writes.
  void stop_saving_at(uint64_t calls) {
    disk_.stop_at(disk_.calls() + calls);
    static_cast<void>(broker_->save());
    disk_.stop_at(0);
  }

  Folder leave() {
    broker_.reset();
    disk_.kill();
    Folder files;
    const auto names = disk_.list("data");
    for (const Bytes& name : *names) files[name] = disk_.contents("data/" + name);
    return files;
  }

 private:
  SteppedClock clock_;
  SimDisk disk_;
  std::unique_ptr<Events> events_ = Events::silent();
  Config config_;
  Nowhere nowhere_;
  std::unique_ptr<Broker> broker_;
  Client* client_ = nullptr;
};

Folder make(int64_t hours, bool unfinished) {
  Maker maker(hours);
  for (int round = 1; round <= 30; ++round) maker.write_round(round);
  maker.save();
  for (int round = 31; round <= 36; ++round) maker.write_round(round);
  if (unfinished) maker.stop_saving_at(25);
  return maker.leave();
}

}  // namespace

std::vector<Folder> salvage_folders() { return {make(24, false), make(0, false), make(24, true), make(0, true)}; }

}  // namespace leat::testing
