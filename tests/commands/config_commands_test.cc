// SPDX-License-Identifier: Apache-2.0
#include "broker/config/config_rewrite.h"

#include <fstream>
#include <sstream>

#include "tests/support/broker_test.h"

namespace leat::testing {

class ConfigCommandsTest : public BrokerTest {
 public:
  ConfigCommandsTest() { config.segment_bytes = 4 << 20; }  // a value that may be set
};

// What tools do: read everything, set it again.
TEST_F(ConfigCommandsTest, WhatWasReadCanBeSetAgain) {
  const Reply all = call("CONFIG GET *");
  EXPECT_GT(all.items.size(), 2 * 190u);
  for (size_t i = 0; i + 1 < all.items.size(); i += 2) {
    const Bytes& name = all.items[i].text;
    EXPECT_EQ(client().call_words({"CONFIG", "SET", name, all.items[i + 1].text}), ok()) << name;
  }
  EXPECT_EQ(call("CONFIG GET *"), all);
}

// Those of `CONFIG GET *` of Redis 7.0.15, and what 7.2 and 7.4 brought.
TEST_F(ConfigCommandsTest, RedisNamesAreKnown) {
  std::ifstream file(Bytes(LEAT_SOURCE_DIR) + "/tests/commands/redis_settings.txt");
  size_t names = 0;
  for (Bytes name; std::getline(file, name);) {
    if (name.empty() || name[0] == '#') continue;
    ++names;
    EXPECT_EQ(client().call_words({"CONFIG", "GET", name}).items.size(), 2u) << name;
  }
  EXPECT_GT(names, 190u);
}

TEST_F(ConfigCommandsTest, TheNamesOfTheFileAreReadWhenTheyAreGivenInFull) {
  EXPECT_EQ(call("CONFIG SET memory.max_bytes 1gb"), ok());
  EXPECT_EQ(call("CONFIG GET memory.max_bytes"), array("memory.max_bytes", "1073741824"));
  EXPECT_EQ(call("CONFIG GET maxmemory"), array("maxmemory", "1073741824"));
  EXPECT_EQ(call("CONFIG GET memory.*"), array()) << "patterns are for Redis' names";
}

TEST_F(ConfigCommandsTest, WhatIsRememberedIsChecked) {
  EXPECT_EQ(call("CONFIG SET hz 20"), ok());
  EXPECT_EQ(call("CONFIG GET hz"), array("hz", "20"));
  EXPECT_EQ(call("CONFIG SET hz x").text,
            "ERR CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer");
  EXPECT_EQ(
      call("CONFIG SET activedefrag perhaps"),
      error("ERR CONFIG SET failed (possibly related to argument 'activedefrag') - argument must be 'yes' or 'no'"));
  EXPECT_EQ(call("CONFIG SET slave-read-only no"), ok());
  EXPECT_EQ(call("CONFIG GET replica-read-only"), array("replica-read-only", "no")) << "an old name of the same";
  EXPECT_EQ(call("CONFIG SET hash-max-ziplist-entries 7"), ok());
  EXPECT_EQ(call("CONFIG GET hash-max-listpack-entries"), array("hash-max-listpack-entries", "7"));
  EXPECT_EQ(call("CONFIG SET repl-backlog-size 2mb"), ok());
  EXPECT_EQ(call("CONFIG GET repl-backlog-size"), array("repl-backlog-size", "2097152"));
  EXPECT_EQ(call("CONFIG SET loglevel verbose"), ok());
  EXPECT_EQ(call("CONFIG GET loglevel"), array("loglevel", "notice"));
  EXPECT_EQ(call("CONFIG SET hz 1 hz 2").type, '-');
}

TEST_F(ConfigCommandsTest, ThereAreNoModules) {
  EXPECT_EQ(call("MODULE LIST"), array());
  EXPECT_EQ(call("MODULE HELP").items[0].text.substr(0, 7), "MODULE ");
  for (const char* line : {"MODULE LOAD x", "MODULE LOADEX x CONFIG a b ARGS c", "MODULE UNLOAD x"}) {
    rooms().config.module_commands = DebugAccess::kNo;
    EXPECT_EQ(call(line).text.substr(0, 91),
              "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you ")
        << line;
    rooms().config.module_commands = DebugAccess::kLocal;
    EXPECT_EQ(call(line).text.substr(0, 10), "ERR Error ") << line;
  }
  EXPECT_EQ(call("MODULE UNLOAD"), error("ERR wrong number of arguments for 'module|unload' command"));
  EXPECT_EQ(call("MODULE"), error("ERR wrong number of arguments for 'module' command"));
}

TEST_F(ConfigCommandsTest, WhatRedisLetsNobodyChange) {
  EXPECT_EQ(call("CONFIG SET daemonize no"), ok()) << "it is so already";
  EXPECT_NE(call("CONFIG SET daemonize yes").text.find("can't set immutable config"), Bytes::npos);
  EXPECT_EQ(call("CONFIG SET appendonly no"), ok()) << "there is a log all the same";
  EXPECT_EQ(call("SET k v"), ok());
  EXPECT_EQ(client().call_words({"CONFIG", "SET", "shutdown-on-sigterm", "NOSAVE now"}), ok());
  EXPECT_EQ(call("CONFIG GET shutdown-on-sigterm"), array("shutdown-on-sigterm", "nosave now"));
  EXPECT_EQ(call("CONFIG SET shutdown-on-sigterm later").text.substr(0, 3), "ERR");
}

TEST_F(ConfigCommandsTest, WhoWantsWhatIsHiddenNamesIt) {
  EXPECT_EQ(call("CONFIG GET key-load-dela*"), array());
  EXPECT_EQ(call("CONFIG GET KEY-LOAD-DELAY"), array("key-load-delay", "0"));
}

TEST_F(ConfigCommandsTest, ThePercentilesThatInfoTells) {
  const auto set = [&](const char* value) {
    return client().call_words({"CONFIG", "SET", "latency-tracking-info-percentiles", value});
  };
  EXPECT_EQ(call("CONFIG GET latency-tracking-info-percentiles"),
            array("latency-tracking-info-percentiles", "50 99 99.9"));
  EXPECT_EQ(set("0.0 50.0 100.0"), ok());
  EXPECT_EQ(call("CONFIG GET latency-tracking-info-percentiles"),
            array("latency-tracking-info-percentiles", "0 50 100"));
  const Bytes info = call("INFO latencystats").text;
  EXPECT_NE(info.find("latency_percentiles_usec_config|set:p0="), Bytes::npos) << info;
  EXPECT_NE(info.find(",p100="), Bytes::npos) << info;
  for (const char* bad : {"10.0 50.0 a", "10.0 101.0", "-1", "nan"}) EXPECT_EQ(set(bad).type, '-') << bad;
  EXPECT_EQ(set(""), ok()) << "none";
}

// As redis-server 7.0.15 has it: two names are two parameters, and the last one counts.
TEST_F(ConfigCommandsTest, AnOldNameBesideTheNewOne) {
  EXPECT_EQ(call("CONFIG SET hash-max-ziplist-entries 1 hash-max-listpack-entries 2"), ok());
  EXPECT_EQ(call("CONFIG GET hash-max-ziplist-entries"), array("hash-max-ziplist-entries", "2"));
  EXPECT_EQ(call("CONFIG SET hz 1 hz 2"),
            error("ERR CONFIG SET failed (possibly related to argument 'hz') - duplicate parameter"));
}

TEST_F(ConfigCommandsTest, OutputLimits) {
  EXPECT_EQ(call("CONFIG GET client-output-buffer-limit"),
            array("client-output-buffer-limit",
                  "normal 1073741824 268435456 300 slave 268435456 67108864 60 pubsub 33554432 8388608 60"));
  EXPECT_EQ(call("CONFIG SET client-output-buffer-limit \"pubsub 1mb 512kb 10 replica 2mb 0 0\""), ok());
  EXPECT_EQ(call("CONFIG GET client-output-buffer-limit"),
            array("client-output-buffer-limit",
                  "normal 1073741824 268435456 300 slave 2097152 0 0 pubsub 1048576 524288 10"));
  EXPECT_EQ(rooms().config.pubsub_output_bytes_max, 1 << 20);
  EXPECT_EQ(rooms().config.pubsub_output_soft_bytes_max, 512 << 10);
  EXPECT_EQ(rooms().config.pubsub_output_soft_s, 10);
  for (const char* wrong : {"normal 1 2", "nosuch 1 2 3", "normal x 0 0", "normal -1 0 0", ""}) {
    EXPECT_EQ(client().call_words({"CONFIG", "SET", "client-output-buffer-limit", wrong}).type, '-') << wrong;
  }
}

// Over the soft limit for so long, and not a moment below.
TEST_F(ConfigCommandsTest, SoftOutputLimitsTakeTheirTime) {
  call("CONFIG SET client-output-buffer-limit \"normal 1000 500 10 pubsub 1000 300 1\"");
  TestClient& slow = connect();
  slow.unsent_bytes = 500;
  slow.call("PING");
  advance_ms(9000);
  EXPECT_FALSE(slow.closed());
  slow.unsent_bytes = 499;
  advance_ms(2000);
  slow.unsent_bytes = 600;
  slow.call("PING");
  advance_ms(10'000);
  EXPECT_FALSE(slow.closed()) << "it had read meanwhile";
  EXPECT_TRUE(broker().next_tick_us().has_value()) << "somebody must look";
  advance_ms(101);
  EXPECT_TRUE(slow.closed());
  TestClient& listener = connect();
  listener.call("SUBSCRIBE c");
  listener.unsent_bytes = 300;
  call("PUBLISH c m");
  advance_ms(1000);
  EXPECT_FALSE(listener.closed());
  advance_ms(101);
  EXPECT_TRUE(listener.closed());
  TestClient& much = connect();
  much.unsent_bytes = 1001;
  much.send("PING");
  EXPECT_TRUE(much.closed());
  TestClient& gone = connect();
  gone.unsent_bytes = 600;
  gone.call("PING");
  gone.hang_up();
  advance_ms(20'000);
  EXPECT_NE(call("INFO stats").text.find("client_output_buffer_limit_disconnections:3\r\n"), Bytes::npos);
}

Bytes rewrite(const Bytes& text, const Config& config) {
  const auto fresh = rewritten(text, config);
  return fresh.ok() ? *fresh : "refused: " + Bytes(fresh.status().text());
}

TEST(ConfigRewriteTest, OnlyWhatDiffersChanges) {
  Config config;
  const Bytes text = "# é mine\nport = 6379  # the port\n\n[memory]\n# how much\nmax_bytes = \"1gb\"   # all\n\n"
                     "[log]\nlevel = 'info'\n[snapshot]\non_shutdown = false\n";
  config.maxmemory = 1 << 30;
  EXPECT_EQ(rewrite(text, config), text);
  config.maxmemory = 512 << 20;
  config.log_level = "debug";
  config.snapshot_on_shutdown = true;
  EXPECT_EQ(rewrite(text, config),
            "# é mine\nport = 6379  # the port\n\n[memory]\n# how much\nmax_bytes = 536870912   # all\n\n"
            "[log]\nlevel = \"debug\"\n[snapshot]\non_shutdown = true\n");
}

TEST(ConfigRewriteTest, WhatIsMissingIsAddedWhereItBelongs) {
  Config config;
  config.maxmemory_samples = 9;
  config.durability = DurabilityMode::kInterval;
  config.slowlog_slower_than_us = 0;
  EXPECT_EQ(rewrite("# mine\nport = 6379\n# more\n\n[memory]\nmax_bytes = 0\n\n[log]\nlevel = \"info\"", config),
            "# mine\nport = 6379\ndurability = \"interval\"\n# more\n\n[memory]\nmax_bytes = 0\nsamples = 9\n\n"
            "[log]\nlevel = \"info\"\n\n[slow]\nlog_us = 0\n");
  EXPECT_EQ(rewrite("", config), "durability = \"interval\"\n\n[memory]\nsamples = 9\n\n[slow]\nlog_us = 0\n");
  EXPECT_EQ(rewrite("memory = {max_bytes = 5}\n", config).find("refused: "), 0u) << "a table within a line stays";
}

// A token that stands in the file stays as it stands there; one that was set since is written as its digest.
TEST(ConfigRewriteTest, NoSecretIsWritten) {
  Config config;
  const Bytes text = "[http]\ntoken = \"a-secret-of-the-file\"\n";
  ASSERT_TRUE(set_config("http.token=a-secret-of-the-file", config).ok());
  EXPECT_EQ(rewrite(text, config), text);
  ASSERT_TRUE(set_config("http.token=a-secret-of-config-set", config).ok());
  EXPECT_EQ(rewrite(text, config), "[http]\ntoken = \"token=" + access::digest_of("a-secret-of-config-set") + "\"\n");
  EXPECT_EQ(set_config("http.token=secret", config).text().find("secret"), View::npos);
}

TEST_F(ConfigCommandsTest, RewriteKeepsTheFile) {
  EXPECT_EQ(call("CONFIG REWRITE"), error("ERR The server is running without a config file"));
  const Bytes path = ::testing::TempDir() + "leat_rewrite_test.toml";
  std::ofstream(path) << "# mine\n[memory]\nsamples = 6 # few\n";
  config.file = path;
  config.maxmemory_samples = 6;
  restart();
  const Bytes classless = "# mine\n[memory]\nsamples = 7 # few\n";
  EXPECT_EQ(call("CONFIG SET maxmemory-samples 7"), ok());
  EXPECT_EQ(call("CONFIG REWRITE"), ok());
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_NE(text.str().find(classless.substr(7)), Bytes::npos) << text.str();
  Config read;
  EXPECT_TRUE(read_config_file(path, read).ok());
  EXPECT_EQ(read.maxmemory_samples, 7);
  std::remove(path.c_str());
  EXPECT_EQ(call("CONFIG REWRITE").type, '-');
}

}  // namespace leat::testing
