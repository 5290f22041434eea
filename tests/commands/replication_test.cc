// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class ReplicationTest : public BrokerTest {};

TEST_F(ReplicationTest, WaitEndsWithItsTime) {
  EXPECT_EQ(call("WAIT 0 0"), integer(0));
  EXPECT_EQ(call("WAIT -1 0"), integer(0));
  client().send("WAIT 1 100");
  EXPECT_FALSE(client().has_reply());
  advance_ms(50);
  EXPECT_FALSE(client().has_reply());
  advance_ms(60);
  EXPECT_EQ(client().reply(), integer(0));
  client().send("WAIT 1 0");
  advance_ms(100'000);
  EXPECT_FALSE(client().has_reply()) << "for ever";
  TestClient& other = connect();
  EXPECT_EQ(other.call("CLIENT UNBLOCK " + std::to_string(client().client().id)), integer(1));
  EXPECT_EQ(client().reply(), integer(0));
  client().send("WAIT 1 0");
  EXPECT_EQ(other.call("CLIENT UNBLOCK " + std::to_string(client().client().id) + " ERROR"), integer(1));
  EXPECT_EQ(client().reply(), error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
  call("MULTI");
  call("WAIT 1 0");
  EXPECT_EQ(call("EXEC"), array(0));
  EXPECT_EQ(client().call_words({"EVAL", "return redis.call('WAIT', 1, 0)", "0"}), integer(0))
      << "a script waits for nothing";
  EXPECT_EQ(call("WAIT x 0"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("WAIT 1 x"), error("ERR timeout is not an integer or out of range"));
  EXPECT_EQ(call("WAIT 1 -1"), error("ERR timeout is negative"));
}

// Whatever the durability is, the answer says what is on disk, and asks for it.
TEST_F(ReplicationTest, WaitaofAsksTheDisk) {
  config.log_thread = LogThreadMode::kAlways;
  config.durability = DurabilityMode::kNever;
  restart();
  EXPECT_EQ(call("SET k v"), ok());
  EXPECT_EQ(call("WAITAOF 0 0 0"), array(0, 0));
  client().send("WAITAOF 1 0 0");
  EXPECT_FALSE(client().has_reply());
  let_it_work();
  EXPECT_EQ(client().reply(), array(1, 0));
  EXPECT_EQ(call("WAITAOF 0 0 0"), array(1, 0));
  client().send("WAITAOF 1 1 100");
  advance_ms(110);
  let_it_work();
  EXPECT_EQ(client().reply(), array(1, 0)) << "no replica has it";
  restart_after_power_cut(1);
  EXPECT_EQ(call("GET k"), bulk("v"));
  EXPECT_EQ(call("WAITAOF 2 0 0"), error("ERR value is out of range, value must between 0 and 1"));
  EXPECT_EQ(call("WAITAOF -1 0 0"), error("ERR value is out of range, value must between 0 and 1"));
  EXPECT_EQ(call("WAITAOF x 0 0"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("WAITAOF 1 -1 0"), error("ERR value is out of range, must be positive"));
  EXPECT_EQ(call("WAITAOF 1 0 -1"), error("ERR timeout is negative"));
}

// The disk stands: who waits for it hears so when his time is up, not when the disk goes on.
TEST_F(ReplicationTest, TheirTimeIsUpWhileTheDiskStands) {
  config.log_thread = LogThreadMode::kAlways;
  config.durability = DurabilityMode::kNever;
  restart();
  EXPECT_EQ(call("SET k v"), ok());
  client().send("WAITAOF 1 0 100");
  advance_ms(99);
  EXPECT_FALSE(client().has_reply());
  EXPECT_EQ(broker().next_tick_us(), clock.monotonic_us() + 1000);
  advance_ms(1);
  EXPECT_EQ(client().reply(), array(0, 0));
  client().send("WAIT 1 100");
  advance_ms(100);
  EXPECT_EQ(client().reply(), integer(0));
  client().send("WAITAOF 0 1 100");
  client().send("WAITAOF 1 0 0");
  advance_ms(100);
  EXPECT_EQ(client().reply(), array(0, 0));
  EXPECT_FALSE(client().has_reply());
  TestClient& second = connect();
  second.send("WAITAOF 1 0 100");
  second.hang_up();
  TestClient& third = connect();
  third.send("WAITAOF 1 1 100");
  let_it_work();
  EXPECT_EQ(client().reply(), array(1, 0));
  EXPECT_FALSE(third.has_reply()) << "it asked for a replica, too";
  advance_ms(100);
  EXPECT_EQ(third.reply(), array(1, 0));
}

TEST_F(ReplicationTest, ThereAreNoReplicas) {
  const Reply role = call("ROLE");
  ASSERT_EQ(role.items.size(), 3u);
  EXPECT_EQ(role.items[0], bulk("master"));
  EXPECT_EQ(role.items[1].type, ':');
  EXPECT_EQ(role.items[2], array());
  EXPECT_EQ(call("REPLICAOF no one"), ok());
  EXPECT_EQ(call("SLAVEOF NO ONE"), ok());
  EXPECT_EQ(call("REPLICAOF localhost x"), error("ERR Invalid master port"));
  EXPECT_EQ(call("REPLICAOF localhost 6380").text,
            "ERR leat does not replicate yet: it cannot become a replica of another server");
  EXPECT_EQ(call("FAILOVER"), error("ERR FAILOVER requires connected replicas."));
  EXPECT_EQ(call("FAILOVER ABORT"), error("ERR No failover in progress."));
  EXPECT_EQ(call("FAILOVER TO host 6380 FORCE"), error("ERR FAILOVER requires connected replicas."));
  EXPECT_EQ(call("FAILOVER TO host x"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("FAILOVER TIMEOUT 0"), error("ERR FAILOVER timeout must be greater than 0"));
  EXPECT_EQ(call("FAILOVER x"), error("ERR syntax error"));
  for (const char* line : {"CLUSTER INFO", "CLUSTER MYID", "CLUSTER SLOTS", "CLUSTER SHARDS", "CLUSTER NODES",
                           "CLUSTER KEYSLOT k", "CLUSTER COUNTKEYSINSLOT 1", "READONLY", "READWRITE", "ASKING"}) {
    EXPECT_EQ(call(line), error("ERR This instance has cluster support disabled")) << line;
  }
  EXPECT_EQ(call("CLUSTER HELP"), error("ERR This instance has cluster support disabled"));
  EXPECT_EQ(call("CLUSTER NOSUCH"), error("ERR unknown subcommand 'NOSUCH'. Try CLUSTER HELP."));
  EXPECT_NE(call("LOLWUT").text.find("Redis ver. 7.4"), Bytes::npos);
  EXPECT_EQ(call("LOLWUT VERSION 5 40 x"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("LOLWUT VERSION x"), error("ERR value is not an integer or out of range"));
}

}  // namespace leat::testing
