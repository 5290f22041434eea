// SPDX-License-Identifier: Apache-2.0
#include "broker/health.h"

#include "broker/metrics.h"
#include "tests/support/broker_test.h"
#include "tests/support/scrape.h"

namespace leat::testing {

class HealthTest : public BrokerTest {
 public:
  Bytes health() { return health_json(rooms(), HealthCaller::kAnybody); }
};

TEST_F(HealthTest, OfABrokerThatServes) {
  call("SET key value");
  advance_ms(3000);
  EXPECT_TRUE(healthy(rooms()));
  const Bytes index = std::to_string(broker().log()->proposed());
  EXPECT_EQ(health(), R"({"status":"ok","uptime_s":3,"index":)" + index + R"(,"durable_index":)" + index +
                          R"(,"loading":false,"role":"master"})");
}

TEST_F(HealthTest, AKnownCallerLearnsMore) {
  call("SET key value");
  for (const char* line : {"GET key", "GET key", "GET nosuch"}) call(line);
  const Bytes told = health_json(rooms(), HealthCaller::kKnown);
  constexpr View kFigures =
      R"("role":"master","hit_rate":0.6667,"hits":2,"misses":1,"operations_total":4,"memory_used_bytes":)";
  EXPECT_NE(told.find(kFigures), Bytes::npos) << told;
  EXPECT_TRUE(told.ends_with(R"(,"clients":1})")) << told;
  EXPECT_EQ(health().find("hits"), Bytes::npos);
}

TEST_F(HealthTest, NoLookUpsMakeNoRate) {
  EXPECT_NE(health_json(rooms(), HealthCaller::kKnown).find(R"("hit_rate":0.0000,"hits":0,"misses":0)"), Bytes::npos);
}

TEST_F(HealthTest, WhatIsNotOnTheDisk) {
  config.durability = DurabilityMode::kInterval;
  restart();
  call("SET key value");
  const auto index_of = [&](View name) { return std::stoull(health().substr(health().find(name) + name.size())); };
  EXPECT_GT(index_of("\"index\":"), index_of("\"durable_index\":"));
}

TEST_F(HealthTest, WhileLoading) {
  for (int i = 0; i < 3000; ++i) client().send("SET key " + Bytes(2000, 'x'));
  while (client().has_reply()) client().reply();
  Bytes told;
  bool well = true;
  std::optional<double> loading;
  while_loading = [&] {
    if (!told.empty()) return;
    told = health_json(rooms(), HealthCaller::kKnown);
    well = healthy(rooms());
    const Scrape scraped(metrics_text(rooms()));
    EXPECT_TRUE(scraped.faults().empty()) << scraped.faults().front();
    EXPECT_FALSE(scraped.has("leat_log_syncs_total")) << "there is no log yet";
    loading = scraped.value("leat_loading");
  };
  restart();
  while_loading = nullptr;
  EXPECT_EQ(told.substr(0, told.find("hit_rate")),
            R"({"status":"loading","uptime_s":0,"index":0,"durable_index":0,"loading":true,"role":"master",")");
  EXPECT_FALSE(well);
  EXPECT_EQ(loading, 1);
  EXPECT_TRUE(healthy(rooms()));
}

TEST_F(HealthTest, AfterTheDiskFailed) {
  disk.fail_at(disk.calls() + 1);
  client().send("SET key value");
  disk.fail_at(0);
  ASSERT_FALSE(broker().log()->status().ok());
  EXPECT_FALSE(healthy(rooms()));
  EXPECT_TRUE(health().starts_with(R"({"status":"failed",)")) << health();
  EXPECT_EQ(Scrape(metrics_text(rooms())).value("leat_failed"), 1);
}

}  // namespace leat::testing
