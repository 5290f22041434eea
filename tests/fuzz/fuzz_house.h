// SPDX-License-Identifier: Apache-2.0
// fuzz_house.h: the real broker, in process, on a clock and a disk of the fuzzer's, and some clients that ask
// it things.
//
// Used by: commands_fuzz, scripts_fuzz.
// Always:  - every byte that a client gets is of a well-formed reply or push of its version of the protocol;
//          - a request gets as many replies as are due, in its turn: after each tick a client that waits for nothing is
//            owed nothing;
//          - in the end the log, replayed, makes the keyspace that was there, and each effect fitted the state that
//            it met;
//          - the same input finds the same house: nothing is left over from the one before;
//          - a script that runs for long is killed, and an allocation of kAllocationMax bytes is a blow-up.
#pragma once

#include <memory>

#include "broker/broker.h"
#include "tests/fuzz/request_maker.h"
#include "tests/support/sim_disk.h"

namespace leat::testing {

// Moves a little whenever somebody looks at it, so that what takes long has its end.
class FuzzClock final : public Clock {
 public:
  TimeMs wall_ms() override { return wall_us() / 1000; }
  int64_t wall_us() override { return 1'700'000'000'000'000 + us_; }
  int64_t monotonic_us() override { return 1'000'000 + (us_ += kStepUs); }
  void hold_us(int64_t us) override { us_ += std::min<int64_t>(us, 10'000'000); }
  void pass_ms(int64_t ms) { us_ += ms * 1000; }

 private:
  static constexpr int64_t kStepUs = 10;
  int64_t us_ = 0;
};

class FuzzHouse {
 public:
  static constexpr size_t kGuests = 4;  // two speak RESP2 at first, two RESP3
  static constexpr size_t kAllocationMax = size_t{256} << 20;

  struct Setting {
    bool watched = false;  // two more clients: one hears all events and messages, one monitors
    bool classes = false;
    bool tight = false;  // memory is: keys go
    bool large = false;  // furniture
  };
  explicit FuzzHouse(const Setting& setting);
  ~FuzzHouse();

  // Of one that waits nothing is asked, unless `also_parked`.
  void ask(size_t guest, const Request& request, bool also_parked = false);
  Bytes call(const Request& request);  // by a client of the house's own; the raw reply
  void pass_ms(int64_t ms);
  void hang_up(size_t guest);
  void finish();  // all waits end, and the log is replayed

  TimeMs now_ms() { return clock_.wall_ms(); }
  std::vector<Bytes> payloads();  // DUMP of the furniture
  Broker& broker() { return *broker_; }

 private:
  struct Guest;

  void connect(Guest& guest);
  void tick();
  void listen(Guest& guest);
  void hear(Guest& guest, View bytes, const struct StrictReply& reply);
  bool is_idle(const Guest& guest) const;
  void end_waits();

  FuzzClock clock_;
  SimDisk disk_;
  std::unique_ptr<Events> events_ = Events::silent();
  Config config_;
  std::vector<std::unique_ptr<Guest>> guests_;  // kGuests, the house's own, and those who watch
  std::unique_ptr<Broker> broker_;
};

}  // namespace leat::testing
