// SPDX-License-Identifier: Apache-2.0
// broker_test.h: the real broker, in process, on a clock and a disk that the test owns: no sleeps, no ports.
//
// Used by: tests/commands, tests/recovery.
// Always:  - TearDown replays the log into an empty keyspace and compares digests: every command test is a recovery
//            test; so must have a snapshot of the live chunks, and one that went to the disk and was loaded at a start.
//            Each effect of the log must fit the state it meets, as salvage asks;
//          - a client's send() runs a tick, so what it asked is answered, parked or refused when send() returns;
//          - time moves only by advance_ms(), and by what a look at the clock costs when a test says that it does.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "broker/broker.h"
#include "tests/support/memory_snapshot.h"
#include "tests/support/reply.h"
#include "tests/support/sim_disk.h"

namespace leat::testing {

class TestClock final : public Clock {
 public:
  TimeMs wall_ms() override { return wall_us() / 1000; }
  int64_t wall_us() override { return wall_us_; }
  int64_t monotonic_us() override { return hold_us(look_us), monotonic_us_; }
  void hold_us(int64_t us) override { wall_us_ += us, monotonic_us_ += us; }
  void advance_ms(int64_t ms) { wall_us_ += ms * 1000, monotonic_us_ += ms * 1000; }
  void set_wall_ms(TimeMs ms) { wall_us_ = ms * 1000; }
  int64_t look_us = 0;

 private:
  int64_t wall_us_ = 1'700'000'000'000'000;
  int64_t monotonic_us_ = 1'000'000;
};

class BrokerTest;

// One client, as if connected over a socket.
class TestClient final : public Transport {
 public:
  explicit TestClient(BrokerTest& test) : test_(test) {}

  // Sends one request and runs a tick. The first form splits at blanks ("" and "a b" may be quoted).
  void send(View line);
  void send_words(const std::vector<Bytes>& words);
  void send_raw(View bytes);         // and runs a tick
  void send_without_tick(View line);
  // The next reply; fails the test when there is none. has_reply() tells.
  Reply reply();
  bool has_reply();
  Reply call(View line) { return send(line), reply(); }
  Reply call_words(const std::vector<Bytes>& words) { return send_words(words), reply(); }
  void hang_up();
  bool closed() const { return closed_; }
  bool blocked() const { return client_ != nullptr && client_->parked != nullptr; }
  Client& client() { return *client_; }
  Bytes& received() { return received_; }

  void write(Bytes& bytes) override { received_ += bytes; }
  void close_when_sent() override { closed_ = true; }
  void close_now() override { closed_ = true; }
  size_t unsent() const override { return unsent_bytes; }
  Bytes peer() const override { return peer_name; }
  Bytes local() const override { return "127.0.0.1:6379"; }

  Bytes peer_name = "127.0.0.1:50000";
  size_t unsent_bytes = 0;  // as if the other side did not read

 private:
  friend class BrokerTest;
  BrokerTest& test_;
  Client* client_ = nullptr;
  Bytes received_;
  bool closed_ = false;
};

std::vector<Bytes> split_words(View line);
Bytes request_bytes(const std::vector<Bytes>& words);

class BrokerTest : public ::testing::Test {
 public:
  BrokerTest();
  ~BrokerTest() override;

  void SetUp() override { start(); }
  void TearDown() override;

  // A client that lives until the test ends (or the broker is restarted).
  TestClient& connect();
  TestClient& client() { return *clients_.front(); }  // the first one, there from the start
  Reply call(View line) { return client().call(line); }

  void tick() { broker_->tick(); }
  // Until nothing is left to do, also for a log thread that only does what the test tells it to
  // (LogThreadMode::kAlways).
  void let_it_work() {
    do {
      while (broker().log()->step_thread()) continue;
      tick();
    } while (broker().has_work() || broker().log()->step_thread());
  }
  void advance_ms(int64_t ms);  // and runs ticks
  Broker& broker() { return *broker_; }
  Rooms& rooms() { return broker_->rooms(); }

  // The process dies and starts again on the same disk; with a cut, the machine does.
  void restart();
  Status try_restart();  // what the start says; after a refusal there is no broker
  void restart_after_power_cut(uint64_t seed);
  uint64_t digest() { return rooms().keyspace.digest(); }

  TestClock clock;
  SimDisk disk;
  std::function<void()> while_loading;  // called now and then by the next start; connect() works in it
  MemorySnapshot snapshot;  // of the broker since its start
  Config config;  // of the next start
  Bytes next_peer = "127.0.0.1:50000";  // of the next client

 protected:
  void start();

 private:
  Status open();
  std::unique_ptr<Events> events_ = Events::silent();
  std::deque<std::unique_ptr<TestClient>> clients_;
  std::unique_ptr<Broker> broker_;
};

}  // namespace leat::testing
