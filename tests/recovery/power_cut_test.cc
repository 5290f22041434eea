// SPDX-License-Identifier: Apache-2.0
// Many clients from one seed, the power cut at any call to the disk, a reopening, and the ledger's question: is each
// acknowledged change there, and none half there? With every second seed the log is so short that snapshots are taken
// and segments retired all the time.
#include <random>

#include "tests/support/broker_test.h"

namespace leat::testing {

class PowerCutTest : public BrokerTest, public ::testing::WithParamInterface<uint64_t> {
 protected:
  // What was sent and what was acknowledged, per client: pushes to its own list, and transactions over two counters.
  struct Ledger {
    int pushed = 0, push_acknowledged = 0;
    int rounds = 0, rounds_acknowledged = 0;
  };
  static constexpr int kClients = 4;

  void SetUp() override {
    if (GetParam() % 2 == 0) {
      config.snapshot_log_bytes = 4000;
      config.segment_bytes = 64 << 10;
    }
    start();
  }

  void run_until_the_disk_stops(std::mt19937_64& dice, Ledger (&ledgers)[kClients]) {
    for (int step = 0; step < 400 && broker().failed().ok(); ++step) {
      const int who = static_cast<int>(dice() % kClients);
      const Bytes id = std::to_string(who);
      Ledger& ledger = ledgers[who];
      TestClient& one = connect();
      if (dice() % 2 == 0) {
        one.send("RPUSH list:" + id + " " + std::to_string(++ledger.pushed));
        if (one.has_reply()) ++ledger.push_acknowledged;
      } else {
        ++ledger.rounds;
        one.send_raw(request_bytes({"MULTI"}) + request_bytes({"INCR", "left:" + id}) +
                     request_bytes({"EVAL", "return redis.call('INCR', KEYS[1])", "1", "right:" + id}) +
                     request_bytes({"EXEC"}));
        if (one.received().find("*2\r\n") != Bytes::npos) ++ledger.rounds_acknowledged;
      }
      if (!broker().failed().ok()) return;
      one.hang_up();
    }
  }

  int64_t number(const Bytes& line) {
    const Reply reply = call(line);
    return reply.is_null() ? 0 : reply.number();
  }
};

TEST_P(PowerCutTest, LosesNothingAcknowledged) {
  std::mt19937_64 dice(GetParam());
  Ledger ledgers[kClients];
  for (int cut = 0; cut < 4; ++cut) {
    disk.stop_at(disk.calls() + 1 + dice() % 300);
    run_until_the_disk_stops(dice, ledgers);
    disk.stop_at(0);
    restart_after_power_cut(dice());
    for (int who = 0; who < kClients; ++who) {
      const Bytes id = std::to_string(who);
      Ledger& ledger = ledgers[who];
      const int64_t there = number("LLEN list:" + id);
      EXPECT_GE(there, ledger.push_acknowledged) << "seed " << GetParam();
      EXPECT_LE(there, ledger.pushed) << "seed " << GetParam();
      const int64_t rounds = number("GET left:" + id);
      EXPECT_EQ(rounds, number("GET right:" + id)) << "half a transaction, seed " << GetParam();
      EXPECT_GE(rounds, ledger.rounds_acknowledged) << "seed " << GetParam();
      EXPECT_LE(rounds, ledger.rounds) << "seed " << GetParam();
      ledger = {static_cast<int>(there), static_cast<int>(there), static_cast<int>(rounds), static_cast<int>(rounds)};
    }
  }
  if (GetParam() % 2 == 0) {
    EXPECT_GT(broker().snapshots().figures(0).index, 0u) << "or it tests less than it says";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PowerCutTest, ::testing::Range<uint64_t>(1, 31));

// A failed write or sync ends all acknowledgements, and the next start has all that was acknowledged.
TEST_F(BrokerTest, NothingIsAcknowledgedAfterAFailedCall) {
  for (uint64_t nth = 1; nth <= 12; ++nth) {
    const Reply before = call("LLEN l");
    disk.fail_at(disk.calls() + nth);
    int64_t acknowledged = before.number();
    while (broker().failed().ok()) {
      client().send("RPUSH l x");
      if (client().has_reply()) acknowledged = client().reply().number();
    }
    disk.fail_at(0);
    client().send("RPUSH l y");
    EXPECT_FALSE(client().has_reply());
    restart();
    EXPECT_GE(call("LLEN l").number(), acknowledged);
  }
}

}  // namespace leat::testing
