// SPDX-License-Identifier: Apache-2.0
#include "broker/metrics.h"

#include <algorithm>

#include "broker/version.h"
#include "tests/support/class_test.h"
#include "tests/support/scrape.h"

namespace leat::testing {

size_t lines_in(View text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }

class MetricsTest : public BrokerTest {
 public:
  Scrape scrape() {
    Scrape scraped(metrics_text(rooms()));
    EXPECT_TRUE(scraped.faults().empty()) << scraped.faults().front();
    return scraped;
  }
  double value(View series) {
    const auto found = scrape().value(series);
    EXPECT_TRUE(found) << series;
    return found.value_or(-1);
  }
};

// ---- the text itself

TEST(PrometheusTextTest, LinesAreAsTheFormatSays) {
  PrometheusText text;
  text.counter("calls_total", "How many.", 12);
  text.begin(PrometheusText::Kind::kGauge, "left_out", "Without a figure.");
  text.begin(PrometheusText::Kind::kGauge, "load", "How much.");
  text.add({{"core", "0"}, {"kind", "a\"b\\c\nd\xff"}}, 0.25);
  constexpr uint64_t kBounds[] = {50, 1000}, kCounts[] = {3, 0, 2};
  text.begin(PrometheusText::Kind::kHistogram, "took_seconds", "How long.");
  text.add({}, PrometheusText::Durations{.bounds_us = kBounds, .counts = kCounts, .sum_us = 2'500'000});
  Bytes out;
  EXPECT_FALSE(text.write_slice(out));
  EXPECT_EQ(out,
            "# HELP calls_total How many.\n"
            "# TYPE calls_total counter\n"
            "calls_total 12\n"
            "# HELP load How much.\n"
            "# TYPE load gauge\n"
            "load{core=\"0\",kind=\"a\\\"b\\\\x5cc\\\\x0ad\\\\xff\"} 0.25\n"
            "# HELP took_seconds How long.\n"
            "# TYPE took_seconds histogram\n"
            "took_seconds_count 5\n"
            "took_seconds_sum 2.5\n"
            "took_seconds_bucket{le=\"5e-05\"} 3\n"
            "took_seconds_bucket{le=\"0.001\"} 3\n"
            "took_seconds_bucket{le=\"+Inf\"} 5\n");
  EXPECT_FALSE(text.write_slice(out)) << "and nothing more";
}

TEST(PrometheusTextTest, LabelsAreBounded) {
  PrometheusText text;
  text.begin(PrometheusText::Kind::kGauge, "g", "Help.");
  text.add({{"long", Bytes(1000, 'x')}}, 1);
  Bytes out;
  text.write_slice(out);
  EXPECT_NE(out.find("g{long=\"" + Bytes(64, 'x') + "\"} 1\n"), Bytes::npos) << out;
}

// Large counters are whole numbers, to the last digit.
TEST(PrometheusTextTest, CountersAreExact) {
  PrometheusText text;
  text.counter("a_total", "Help.", 123'456'789'012'345.0);
  Bytes out;
  text.write_slice(out);
  EXPECT_NE(out.find("\na_total 123456789012345\n"), Bytes::npos) << out;
}

// A family that is longer than a slice has one HELP and one TYPE, and all its lines in their order.
TEST(PrometheusTextTest, SlicesAreShortAndJoinToTheWhole) {
  PrometheusText text;
  text.counter("first_total", "Help.", 1);
  text.begin(PrometheusText::Kind::kGauge, "many", "Help.");
  for (int i = 0; i < 1000; ++i) text.add({{"at", std::to_string(i)}}, i);
  text.counter("last_total", "Help.", 1);
  Bytes whole;
  size_t slices = 0;
  for (bool more = true; more; ++slices) {
    Bytes slice;
    more = text.write_slice(slice);
    EXPECT_LE(lines_in(slice), 300u);
    whole += slice;
  }
  EXPECT_GE(slices, 4u);
  const Scrape scraped(whole);
  EXPECT_TRUE(scraped.faults().empty()) << scraped.faults().front();
  EXPECT_EQ(scraped.value("many{at=\"999\"}"), 999);
  EXPECT_EQ(scraped.value("last_total"), 1);
  EXPECT_EQ(lines_in(whole), 3 + 2 + 1000 + 3u);
}

TEST(ScrapeTest, FindsFaults) {
  const Bytes head = "# HELP a_total Help.\n# TYPE a_total counter\n";
  const Bytes histogram = "# HELP h Help.\n# TYPE h histogram\n";
  EXPECT_TRUE(Scrape(head + "a_total 1\n").faults().empty());
  for (const Bytes& bad :
       {head, head + "a_total one\n", head + "b_total 1\n", head + "a_total{x=1} 1\n", head + "a_total 1\na_total 1\n",
        head + "a_total{x=\"\xff\"} 1\n", head + "a_total 1", Bytes("a_total 1\n"),
        head + "a_total 1\n" + head + "a_total{x=\"1\"} 1\n", Bytes("# TYPE a_total counter\na_total 1\n"),
        Bytes("# HELP a Help.\n# TYPE a counter\na 1\n"), histogram + "h_bucket{le=\"1\"} 2\nh_sum 1\nh_count 2\n",
        histogram + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
        histogram + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 3\n",
        histogram + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 2\nh_count 2\n"}) {
    EXPECT_FALSE(Scrape(bad).faults().empty()) << bad;
  }
}

// ---- what it tells

TEST_F(MetricsTest, CommandsThatWereCalled) {
  for (int i = 0; i < 3; ++i) call("SET key value");
  call("LPUSH key x");   // fails: it is no list
  call("GET key extra");  // is rejected
  call("CLIENT ID");
  const Scrape scraped = scrape();
  EXPECT_EQ(scraped.value("leat_commands_total{command=\"set\"}"), 3);
  EXPECT_EQ(scraped.value("leat_commands_total{command=\"client|id\"}"), 1);
  EXPECT_EQ(scraped.value("leat_commands_total{command=\"get\"}"), 0);
  EXPECT_FALSE(scraped.has("leat_commands_total{command=\"hset\"}"));
  EXPECT_EQ(scraped.value("leat_command_errors_total{command=\"lpush\",reason=\"failed\"}"), 1);
  EXPECT_EQ(scraped.value("leat_command_errors_total{command=\"get\",reason=\"rejected\"}"), 1);
  EXPECT_EQ(scraped.value("leat_command_errors_total{command=\"set\",reason=\"failed\"}"), 0);
  EXPECT_EQ(scraped.value("leat_command_duration_seconds_count{command=\"set\"}"), 3);
  EXPECT_FALSE(scraped.has("leat_command_duration_seconds_count{command=\"get\"}")) << "it never ran";
  EXPECT_EQ(scraped.value("leat_error_replies_total"), 2);
  EXPECT_EQ(scraped.value("leat_error_replies_by_kind_total{kind=\"WRONGTYPE\"}"), 1);
  EXPECT_EQ(scraped.value("leat_error_replies_by_kind_total{kind=\"ERR\"}"), 1);
}

// The clock stands but for what a look at it costs, so it is known how long a command takes.
TEST_F(MetricsTest, DurationsOfCommands) {
  clock.look_us = 300;
  for (int i = 0; i < 2; ++i) call("PING");
  clock.look_us = 0;
  const Scrape scraped = scrape();
  const double sum = *scraped.value("leat_command_duration_seconds_sum{command=\"ping\"}");
  EXPECT_GT(sum, 0);
  EXPECT_EQ(scraped.value("leat_command_seconds_total{command=\"ping\"}"), sum);
  EXPECT_EQ(scraped.value("leat_command_duration_seconds_bucket{command=\"ping\",le=\"0.000264\"}"), 0);
  EXPECT_EQ(scraped.value("leat_command_duration_seconds_bucket{command=\"ping\",le=\"0.067633\"}"), 2);
  EXPECT_EQ(scraped.value("leat_command_duration_seconds_bucket{command=\"ping\",le=\"+Inf\"}"), 2);
}

// Beyond the last bound that is told, and still counted.
TEST_F(MetricsTest, ACommandOfMinutes) {
  config.debug_commands = DebugAccess::kYes;
  restart();
  call("DEBUG SLEEP 100");
  const Scrape scraped = scrape();
  EXPECT_EQ(scraped.value("leat_command_duration_seconds_bucket{command=\"debug\",le=\"0.541065\"}"), 0);
  EXPECT_EQ(scraped.value("leat_command_duration_seconds_bucket{command=\"debug\",le=\"+Inf\"}"), 1);
}

TEST_F(MetricsTest, ErrorsThatScriptsWord) {
  for (const char* kind : {R"('A"\\B\255')", "string.rep('L', 5000)", "string.rep('M', 5000)"}) {
    EXPECT_TRUE(client().call_words({"EVAL", "error({err = " + Bytes(kind) + " .. ' x'})", "0"}).is_error());
  }
  const Scrape scraped = scrape();
  EXPECT_EQ(scraped.value(R"(leat_error_replies_by_kind_total{kind="A\"\\x5cB\\xff"})"), 1);
  EXPECT_EQ(scraped.value("leat_error_replies_by_kind_total{kind=\"other\"}"), 2);
  EXPECT_EQ(scraped.value("leat_error_replies_total"), 3);
}

TEST_F(MetricsTest, Clients) {
  TestClient &waiting = connect(), &listening = connect(), &watching = connect();
  waiting.send("BLPOP list 0");
  EXPECT_EQ(listening.call("SUBSCRIBE a").type, '*');
  listening.call("PSUBSCRIBE b*");
  listening.call("SSUBSCRIBE c");
  watching.call("MONITOR");
  call("PUBLISH a message");
  Scrape scraped = scrape();
  EXPECT_EQ(scraped.value("leat_clients_connected"), 4);
  EXPECT_EQ(scraped.value("leat_clients_blocked"), 1);
  EXPECT_EQ(scraped.value("leat_clients_subscribed"), 1);
  EXPECT_EQ(scraped.value("leat_clients_monitoring"), 1);
  EXPECT_EQ(scraped.value("leat_connections_total"), 4);
  EXPECT_EQ(scraped.value("leat_pubsub_channels"), 2);
  EXPECT_EQ(scraped.value("leat_pubsub_patterns"), 1);
  EXPECT_EQ(scraped.value("leat_pubsub_messages_total"), 1);
  EXPECT_GT(*scraped.value("leat_network_input_bytes_total"), 0);
  EXPECT_GT(*scraped.value("leat_network_output_bytes_total"), 0);
  listening.send("UNSUBSCRIBE");
  listening.send("SUNSUBSCRIBE");
  EXPECT_EQ(value("leat_clients_subscribed"), 1) << "to a pattern still";
  listening.hang_up();
  waiting.hang_up();
  tick();
  scraped = scrape();
  EXPECT_EQ(scraped.value("leat_clients_connected"), 2);
  EXPECT_EQ(scraped.value("leat_clients_blocked"), 0);
  EXPECT_EQ(scraped.value("leat_clients_subscribed"), 0);
}

TEST_F(MetricsTest, RefusedClients) {
  config.clients_max = 1;
  restart();
  const double before = value("leat_connections_refused_total");
  connect();
  EXPECT_EQ(value("leat_connections_refused_total"), before + 1);
  EXPECT_EQ(value("leat_clients_max"), 1);
}

TEST_F(MetricsTest, Keys) {
  EXPECT_FALSE(scrape().has("leat_keyspace_hit_ratio")) << "of nothing";
  call("MSET a 1 b 2");
  call("SET c 3 PX 100");
  call("GET a");
  call("GET b");
  call("GET c");
  call("GET nosuch");
  call("SELECT 3");
  call("SET d 4");
  Scrape scraped = scrape();
  EXPECT_EQ(scraped.value("leat_keys{db=\"0\"}"), 3);
  EXPECT_EQ(scraped.value("leat_keys_with_expiry{db=\"0\"}"), 1);
  EXPECT_EQ(scraped.value("leat_keys{db=\"3\"}"), 1);
  EXPECT_FALSE(scraped.has("leat_keys{db=\"1\"}"));
  EXPECT_EQ(scraped.value("leat_keyspace_hits_total"), 3);
  EXPECT_EQ(scraped.value("leat_keyspace_misses_total"), 1);
  EXPECT_EQ(scraped.value("leat_keyspace_hit_ratio"), 0.75);
  advance_ms(1000);
  EXPECT_EQ(value("leat_expired_keys_total"), 1);
  EXPECT_FALSE(scrape().has("leat_class_keys{class=\"default\"}")) << "there is no other";
}

TEST_F(MetricsTest, House) {
  config.maxmemory = 1 << 30;
  restart();
  advance_ms(5000);
  const Scrape scraped = scrape();
  EXPECT_EQ(scraped.value("leat_build_info{version=\"" + Bytes(kLeatVersion) + "\",redis_version=\"" +
                          Bytes(kRedisVersion) + "\"}"),
            1);
  EXPECT_EQ(scraped.value("leat_role{role=\"master\"}"), 1);
  EXPECT_EQ(scraped.value("leat_uptime_seconds"), 5);
  EXPECT_EQ(scraped.value("leat_loading"), 0);
  EXPECT_EQ(scraped.value("leat_failed"), 0);
  EXPECT_GT(*scraped.value("leat_memory_used_bytes"), 0);
  EXPECT_EQ(scraped.value("leat_memory_max_bytes"), 1 << 30);
  EXPECT_TRUE(scraped.has("leat_cpu_seconds_total{mode=\"user\"}"));
  EXPECT_TRUE(scraped.has("leat_disk_free_bytes"));
}

TEST_F(MetricsTest, Log) {
  const Scrape before = scrape();
  for (int i = 0; i < 10; ++i) call("SET key " + std::to_string(i));
  const Scrape after = scrape();
  const auto rise = [&](View series) { return *after.value(series) - *before.value(series); };
  EXPECT_EQ(rise("leat_log_records_total"), 10);
  EXPECT_GE(rise("leat_log_bytes_total"), 10 * 48);
  EXPECT_EQ(rise("leat_log_syncs_total"), 10);
  EXPECT_EQ(rise("leat_log_sync_duration_seconds_count"), 10);
  EXPECT_EQ(rise("leat_log_proposed_index"), 10);
  EXPECT_EQ(rise("leat_log_synced_index"), 10);
  EXPECT_EQ(after.value("leat_log_unsynced_bytes"), 0);
  EXPECT_EQ(after.value("leat_log_threaded"), 0);
  EXPECT_GE(*after.value("leat_log_segments"), 1);
}

TEST_F(MetricsTest, LogThatIsBehind) {
  config.durability = DurabilityMode::kInterval;
  restart();
  call("SET key value");
  Scrape scraped = scrape();
  EXPECT_GT(*scraped.value("leat_log_unsynced_bytes"), 0);
  EXPECT_EQ(scraped.value("leat_log_committed_index"), scraped.value("leat_log_proposed_index"));
  EXPECT_LT(*scraped.value("leat_log_synced_index"), *scraped.value("leat_log_proposed_index"));
}

TEST_F(MetricsTest, Snapshots) {
  call("SET key value");
  Scrape scraped = scrape();
  EXPECT_EQ(scraped.value("leat_snapshots_total"), 0);
  EXPECT_EQ(scraped.value("leat_snapshot_index"), 0);
  EXPECT_EQ(scraped.value("leat_snapshot_changes"), 1);
  EXPECT_GT(*scraped.value("leat_snapshot_log_behind_bytes"), 0);
  EXPECT_EQ(scraped.value("leat_snapshot_log_due_bytes"), config.snapshot_log_bytes);
  EXPECT_FALSE(scraped.has("leat_snapshot_last_duration_seconds"));
  advance_ms(60'000);
  call("SAVE");
  scraped = scrape();
  EXPECT_EQ(scraped.value("leat_snapshots_total"), 1);
  EXPECT_EQ(scraped.value("leat_snapshot_index"), scraped.value("leat_log_proposed_index"));
  EXPECT_EQ(scraped.value("leat_snapshot_changes"), 0);
  EXPECT_EQ(scraped.value("leat_snapshot_log_behind_bytes"), 0);
  EXPECT_NEAR(*scraped.value("leat_snapshot_last_timestamp_seconds"), static_cast<double>(clock.wall_ms()) / 1e3, 1);
  EXPECT_TRUE(scraped.has("leat_snapshot_last_duration_seconds"));
  EXPECT_EQ(scraped.value("leat_snapshot_running"), 0);
  EXPECT_EQ(scraped.value("leat_snapshot_failed"), 0);
}

TEST_F(MetricsTest, ScriptsAndHttp) {
  call("SCRIPT LOAD \"return 1\"");
  HttpStats& http = rooms().stats.http;
  http.requests = 5;
  http.by_status[2] = 3;
  http.by_status[5] = 1;
  http.rows = 40;
  http.unauthorized = 1;
  http.streams_open = 2;
  Scrape scraped = scrape();
  EXPECT_EQ(scraped.value("leat_scripts_cached"), 1);
  EXPECT_EQ(scraped.value("leat_http_requests_total"), 5);
  EXPECT_EQ(scraped.value("leat_http_responses_total{status=\"2xx\"}"), 3);
  EXPECT_EQ(scraped.value("leat_http_responses_total{status=\"5xx\"}"), 1);
  EXPECT_EQ(scraped.value("leat_http_responses_total{status=\"4xx\"}"), 0);
  EXPECT_EQ(scraped.value("leat_http_commands_total"), 40);
  EXPECT_EQ(scraped.value("leat_http_unauthorized_total"), 1);
  call("CONFIG RESETSTAT");
  scraped = scrape();
  EXPECT_EQ(scraped.value("leat_http_requests_total"), 0);
  EXPECT_EQ(scraped.value("leat_http_streams_open"), 2) << "they are open still";
}

// However many commands there are: what a slice holds the loop for is bounded.
TEST_F(MetricsTest, SlicesWithAllCommandsUsed) {
  for (CommandStats& stats : rooms().stats.by_command) {
    stats.calls = 1'000'000;
    stats.microseconds = 123'456'789;
    for (uint64_t us = 1; us < 2'000'000; us *= 2) stats.latency.note(us);
  }
  Metrics metrics(rooms());
  Bytes whole;
  for (bool more = true; more;) {
    Bytes slice;
    more = metrics.write_slice(slice);
    EXPECT_LE(lines_in(slice), 350u);
    whole += slice;
  }
  const Scrape scraped(whole);
  EXPECT_TRUE(scraped.faults().empty()) << scraped.faults().front();
  EXPECT_GT(lines_in(whole), 25 * rooms().table.all().size());
}

class ClassMetricsTest : public ClassTest {};

TEST_F(ClassMetricsTest, EachClass) {
  call("SET cache:a 1");
  call("GET cache:a");
  call("GET cache:nosuch");
  call("LPUSH bull:q job");
  const Scrape scraped(metrics_text(rooms()));
  EXPECT_TRUE(scraped.faults().empty());
  EXPECT_EQ(scraped.value("leat_class_keys{class=\"cache\"}"), 1);
  EXPECT_EQ(scraped.value("leat_class_keys{class=\"jobs\"}"), 1);
  EXPECT_EQ(scraped.value("leat_class_hits_total{class=\"cache\"}"), 1);
  EXPECT_EQ(scraped.value("leat_class_misses_total{class=\"cache\"}"), 1);
  EXPECT_GT(*scraped.value("leat_class_memory_bytes{class=\"cache\"}"), 0);
}

}  // namespace leat::testing
