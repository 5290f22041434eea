// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class MemoryTest : public BrokerTest {};

TEST_F(MemoryTest, UsageIsOfOneKey) {
  EXPECT_EQ(call("MEMORY USAGE nosuch"), null());
  call("SET small v");
  client().call_words({"SET", "large", Bytes(100000, 'x')});
  const int64_t small = call("MEMORY USAGE small").number(), large = call("MEMORY USAGE large SAMPLES 0").number();
  EXPECT_GT(small, 0);
  EXPECT_LT(small, 500);
  EXPECT_GT(large, 100000);
  EXPECT_LT(large, 140000);
  for (int i = 0; i < 1000; ++i) call("SADD set member-" + std::to_string(i));
  EXPECT_GT(call("MEMORY USAGE set").number(), 10000);
  EXPECT_EQ(call("MEMORY USAGE set SAMPLES"), error("ERR syntax error"));
  EXPECT_EQ(call("MEMORY USAGE set SAMPLES -1"), error("ERR syntax error"));
  EXPECT_EQ(call("MEMORY USAGE set SAMPLES x"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("MEMORY USAGE set x 1"), error("ERR syntax error"));
}

TEST_F(MemoryTest, StatsHaveRedisFields) {
  call("SET k v");
  const Reply flat = call("MEMORY STATS");
  EXPECT_EQ(flat.type, '*');
  call("HELLO 3");
  const Reply stats = call("MEMORY STATS");
  EXPECT_EQ(stats.type, '%');
  EXPECT_EQ(flat.items.size(), stats.items.size());
  const auto field = [&](View name) {
    for (size_t i = 0; i + 1 < stats.items.size(); i += 2) {
      if (stats.items[i].text == name) return stats.items[i + 1];
    }
    return error("missing");
  };
  EXPECT_GT(field("total.allocated").number(), 0);
  EXPECT_EQ(field("keys.count"), integer(1));
  EXPECT_EQ(field("db.0").type, '%');
  EXPECT_EQ(field("dataset.percentage").type, ',');
  EXPECT_EQ(field("fragmentation.bytes").type, ':');
  EXPECT_EQ(call("MEMORY PURGE"), ok());
  EXPECT_EQ(call("MEMORY DOCTOR").type, '=');
  EXPECT_EQ(call("MEMORY MALLOC-STATS").type, '=');
  EXPECT_EQ(call("MEMORY NOSUCH"), error("ERR unknown subcommand 'NOSUCH'. Try MEMORY HELP."));
}

}  // namespace leat::testing
