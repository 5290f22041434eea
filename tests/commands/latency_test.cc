// SPDX-License-Identifier: Apache-2.0
#include "broker/latency.h"

#include "tests/support/broker_test.h"

namespace leat::testing {

class LatencyTest : public BrokerTest {
 public:
  LatencyTest() { config.debug_commands = DebugAccess::kYes; }
};

// As Redis prints them, whose buckets are of nanoseconds.
TEST(LatencyHistogramTest, BoundsAreThoseOfRedis) {
  const std::vector<uint64_t> known = {1,   2,    4,    8,    16,   33,    66,    132,  264,
                                       528, 1056, 2113, 4227, 8454, 16908, 33816, 67633};
  for (size_t i = 0; i < known.size(); ++i) EXPECT_EQ(LatencyHistogram::kBounds[i], known[i]);
  LatencyHistogram histogram;
  for (const uint64_t us : {0, 1, 2, 3, 4, 17, 33, 34, 67'633, 67'634, 99'000'000}) histogram.note(us);
  const auto& counts = histogram.counts();
  EXPECT_EQ(counts[0], 2u);
  EXPECT_EQ(counts[1], 1u);
  EXPECT_EQ(counts[2], 2u);
  EXPECT_EQ(counts[5], 2u);
  EXPECT_EQ(counts[6], 1u);
  EXPECT_EQ(counts[16], 1u);
  EXPECT_EQ(counts[17], 1u);
  EXPECT_EQ(counts[20], 1u);
  EXPECT_EQ(histogram.calls(), 11u);
  EXPECT_EQ(histogram.percentile_us(50), 33u);
}

TEST_F(LatencyTest, EventsAreKeptByTheSecond) {
  EXPECT_EQ(call("LATENCY LATEST"), array());
  call("DEBUG SLEEP 0.3");
  EXPECT_EQ(call("LATENCY LATEST"), array()) << "nothing is watched yet";
  call("CONFIG SET latency-monitor-threshold 200");
  call("DEBUG SLEEP 0.3");
  call("DEBUG SLEEP 0.1");
  advance_ms(1000);
  call("DEBUG SLEEP 0.5");
  const Reply latest = call("LATENCY LATEST");
  ASSERT_EQ(latest.items.size(), 1u);
  EXPECT_EQ(latest.items[0].items[0], bulk("command"));
  EXPECT_EQ(latest.items[0].items[2], integer(500));
  EXPECT_EQ(latest.items[0].items[3], integer(500));
  const Reply history = call("LATENCY HISTORY command");
  ASSERT_EQ(history.items.size(), 2u);
  EXPECT_EQ(history.items[0].items[1], integer(300));
  EXPECT_EQ(call("LATENCY HISTORY nosuch"), array());
  EXPECT_EQ(call("LATENCY GRAPH command").text.find("command - high 500 ms, low 300 ms (all time high 500 ms)\n"), 0u);
  EXPECT_EQ(call("LATENCY GRAPH nosuch"), error("ERR No samples available for event 'nosuch'"));
  EXPECT_NE(call("LATENCY DOCTOR").text.find("command: 2 latency spikes (average 400 ms, worst 500 ms)"), Bytes::npos);
  EXPECT_EQ(call("LATENCY RESET nosuch"), integer(0));
  EXPECT_EQ(call("LATENCY RESET command nosuch"), integer(1));
  EXPECT_EQ(call("LATENCY RESET"), integer(0));
  EXPECT_EQ(call("LATENCY LATEST"), array());
}

// What holds the loop and is no command.
TEST_F(LatencyTest, EventsOfTheHouse) {
  const auto happened = [&](View event) { return !call("LATENCY HISTORY " + Bytes(event)).items.empty(); };
  call("SET k v PX 10");
  for (int i = 0; i < 40; ++i) call("SET key:" + std::to_string(i) + " " + Bytes(1000, 'x'));
  clock.look_us = 20'000;
  call("SET l v");
  EXPECT_EQ(call("LATENCY LATEST"), array()) << "nothing is watched yet";
  call("CONFIG SET latency-monitor-threshold 15");
  call("LATENCY RESET");
  advance_ms(100);
  EXPECT_TRUE(happened("expire-cycle"));
  EXPECT_FALSE(happened("eviction-cycle"));
  call("CONFIG SET maxmemory-policy allkeys-random maxmemory 10000");
  tick();
  EXPECT_TRUE(happened("eviction-cycle"));
  EXPECT_TRUE(happened("eviction-del"));
  call("CONFIG SET maxmemory 0");
  call("LATENCY RESET");
  call("BGSAVE");
  tick();
  EXPECT_TRUE(happened("snapshot"));
  clock.look_us = 0;
  call("LATENCY RESET");
  call("SET k v");
  EXPECT_FALSE(happened("aof-fsync-always"));
  disk.on_sync([&](const Bytes&) { clock.advance_ms(30); });
  call("SET k v");
  disk.on_sync(nullptr);
  const Reply syncs = call("LATENCY HISTORY aof-fsync-always");
  ASSERT_EQ(syncs.items.size(), 1u);
  EXPECT_EQ(syncs.items[0].items[1], integer(30));
}

TEST_F(LatencyTest, HistogramsCountEachCommand) {
  call("CONFIG RESETSTAT");
  EXPECT_EQ(call("LATENCY HISTOGRAM"), array("config|resetstat", array("calls", 1, "histogram_usec", array(1, 1))));
  call("SET k v");
  call("DEBUG SLEEP 0.00003");
  call("DEBUG SLEEP 0");
  EXPECT_EQ(call("LATENCY HISTOGRAM set"), array("set", array("calls", 1, "histogram_usec", array(1, 1))));
  EXPECT_EQ(call("LATENCY HISTOGRAM debug nosuch"),
            array("debug", array("calls", 2, "histogram_usec", array(1, 1, 33, 2))));
  call("CLIENT ID");
  call("CLIENT LIST");
  EXPECT_EQ(call("LATENCY HISTOGRAM client").items.size(), 4u) << "a container stands for its sub-commands";
  EXPECT_EQ(call("LATENCY HISTOGRAM client|id").items.size(), 2u);
  EXPECT_EQ(call("LATENCY HISTOGRAM nosuch"), array());
  call("HELLO 3");
  EXPECT_EQ(call("LATENCY HISTOGRAM set"),
            (map("set", map("calls", 1, "histogram_usec", map(1, 1)))));
  call("CONFIG SET latency-tracking no");
  call("GET k");
  EXPECT_EQ(call("LATENCY HISTOGRAM get"), map());
}

}  // namespace leat::testing
