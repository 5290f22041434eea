// SPDX-License-Identifier: Apache-2.0
// What one client may ask of the broker, in process; tests/limits.py drives real ones past each limit.
#include "tests/support/broker_test.h"

namespace leat::testing {

class LimitsTest : public BrokerTest {};

TEST_F(LimitsTest, StrangersSayLittle) {
  const auto stranger = [&]() -> TestClient& {
    TestClient& one = connect();
    one.client().admitted = false;
    return one;
  };
  TestClient& wordy = stranger();
  wordy.send_raw("*11\r\n");
  EXPECT_EQ(wordy.reply(), error("ERR Protocol error: unauthenticated multibulk length"));
  EXPECT_TRUE(wordy.closed());
  TestClient& lengthy = stranger();
  lengthy.send_raw("*2\r\n$4\r\nAUTH\r\n$16385\r\n");
  EXPECT_EQ(lengthy.reply(), error("ERR Protocol error: unauthenticated bulk length"));
  EXPECT_TRUE(lengthy.closed());
  TestClient& busy = stranger();
  busy.send_raw("*1\r\n$4\r\nPI" + Bytes(300'000, 'x'));
  EXPECT_TRUE(busy.closed());
  TestClient& polite = stranger();
  EXPECT_EQ(polite.call_words({"PING", Bytes(16384, 'x')}).text.size(), 16384u);
  EXPECT_EQ(call("PING"), simple("PONG"));
}

TEST_F(LimitsTest, StrangersReadWhatTheyAreTold) {
  for (const bool admitted : {false, true}) {
    TestClient& deaf = connect();
    deaf.client().admitted = admitted;
    deaf.unsent_bytes = 16 * 1024;
    deaf.call("PING");
    EXPECT_FALSE(deaf.closed());
    deaf.unsent_bytes = 16 * 1024 + 1;
    deaf.send("PING");
    EXPECT_EQ(deaf.closed(), !admitted);
  }
  EXPECT_EQ(call("PING"), simple("PONG"));
}

TEST_F(LimitsTest, WordsOfARequest) {
  rooms().config.arguments_max = 16;
  EXPECT_EQ(call("DEL 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"), integer(0));
  TestClient& wordy = connect();
  wordy.send_raw("*17\r\n");
  EXPECT_EQ(wordy.reply(), error("ERR Protocol error: invalid multibulk length"));
  EXPECT_TRUE(wordy.closed());
}

TEST_F(LimitsTest, BlockedClients) {
  rooms().config.blocked_clients_max = 1;
  TestClient &first = connect(), &second = connect();
  first.send("BLPOP a 0");
  EXPECT_EQ(second.call("BLPOP b 0"), error("ERR too many clients are blocked already: limits.blocked_clients"));
  second.send("MULTI");
  second.send("BLPOP b 0");
  second.send("EXEC");
  EXPECT_EQ(second.reply(), ok());
  EXPECT_EQ(second.reply(), simple("QUEUED"));
  EXPECT_NE(second.reply().items[0].type, '-') << "there it does not wait";
  EXPECT_EQ(call("RPUSH a x"), integer(1));
  EXPECT_EQ(first.reply(), array("a", "x"));
  second.send("BLPOP b 0");
  EXPECT_TRUE(second.blocked());
}

// Each kind of share counts: what it sent, queued, listens to, watches, waits with and does not read.
TEST_F(LimitsTest, MemoryOfClients) {
  const auto held = [&](const Bytes& name) {
    const Bytes list = call("CLIENT LIST").text, line = list.substr(list.find(" name=" + name + " "));
    return std::stoll(line.substr(line.find(" tot-mem=") + 9));
  };
  const Bytes large(210'000, 'x');
  const auto grows = [&](const Bytes& name, const std::function<void(TestClient&)>& grow) {
    TestClient& client = connect();
    client.call("CLIENT SETNAME " + name);
    const int64_t before = held(name);
    grow(client);
    EXPECT_GE(held(name), before + 200'000) << name;
    EXPECT_EQ(call("CONFIG SET maxmemory-clients 200000"), ok());
    EXPECT_TRUE(client.closed()) << name;
    EXPECT_EQ(call("CONFIG SET maxmemory-clients 0"), ok());
  };
  grows("sends", [&](TestClient& one) { one.send_raw("*2\r\n$4\r\nECHO\r\n$300000\r\n" + large); });
  grows("queues", [&](TestClient& one) { one.call("MULTI"), one.call_words({"SET", "k", large}); });
  grows("listens", [&](TestClient& one) { one.send_words({"SUBSCRIBE", large}); });
  grows("listens-to-patterns", [&](TestClient& one) { one.send_words({"PSUBSCRIBE", large}); });
  grows("listens-to-shards", [&](TestClient& one) { one.send_words({"SSUBSCRIBE", large}); });
  grows("watches", [&](TestClient& one) { one.call_words({"WATCH", large}); });
  grows("waits", [&](TestClient& one) { one.send_words({"BLPOP", large, "0"}); });
  grows("tracks", [&](TestClient& one) {
    one.call("HELLO 3");
    one.call_words({"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", large});
  });
  EXPECT_NE(call("INFO stats").text.find("evicted_clients:8\r\n"), Bytes::npos);

  TestClient &one = connect(), &other = connect(), &kept = connect();
  kept.call("CLIENT NO-EVICT ON");
  EXPECT_EQ(call("CLIENT NO-EVICT ON"), ok());
  EXPECT_EQ(call("CONFIG SET maxmemory-clients 700000"), ok());
  kept.call("MULTI"), other.call("MULTI"), one.call("MULTI");
  kept.call_words({"SET", "k", Bytes(300'000, 'x')});
  other.call_words({"SET", "k", large});
  EXPECT_FALSE(other.closed());
  one.send_words({"SET", "k", Bytes(250'000, 'x')});
  EXPECT_TRUE(one.closed()) << "the largest of those that may go";
  EXPECT_FALSE(other.closed() || kept.closed());
  EXPECT_EQ(call("CONFIG SET maxmemory-clients 100"), ok());
  EXPECT_TRUE(other.closed());
  EXPECT_FALSE(kept.closed());
  EXPECT_EQ(kept.call("PING"), simple("QUEUED"));
  EXPECT_EQ(call("CONFIG SET maxmemory-clients 5%"), ok());
  EXPECT_EQ(call("CONFIG GET maxmemory-clients"), array("maxmemory-clients", "5%"));
  EXPECT_EQ(connect().call("PING"), simple("PONG")) << "of no maxmemory: no limit";
  EXPECT_EQ(call("CONFIG SET maxmemory-clients 101%"),
            error("ERR CONFIG SET failed (possibly related to argument 'maxmemory-clients') - percentage argument must be less or equal to 100"));
  EXPECT_EQ(call("CONFIG SET maxmemory-clients -1"),
            error("ERR CONFIG SET failed (possibly related to argument 'maxmemory-clients') - argument must be a memory or percent value"));
}

TEST_F(LimitsTest, RepliesThatWaitHoldRequestsBack) {
  config.log_thread = LogThreadMode::kAlways;
  restart();
  rooms().config.pipeline_requests_max = 16;
  const uint64_t before = rooms().stats.commands;
  Bytes requests;
  for (int i = 0; i < 100; ++i) requests += request_bytes({"INCR", "n"});
  client().send_raw(requests);
  tick();
  EXPECT_LE(rooms().stats.commands, before + 32);
  EXPECT_GE(rooms().stats.commands, before + 16);
  TestClient& other = connect();
  other.send("SET k v");
  let_it_work();
  EXPECT_EQ(other.reply(), ok());
  for (int i = 1; i <= 100; ++i) EXPECT_EQ(client().reply(), integer(i));
}

TEST_F(LimitsTest, WhoIsIdleIsClosed) {
  rooms().config.idle_timeout_s = 10;
  TestClient &lazy = connect(), &waiter = connect(), &listener = connect();
  waiter.send("BLPOP none 0");
  listener.call("SUBSCRIBE c");
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(call("PING"), simple("PONG"));
    advance_ms(1000);
  }
  EXPECT_TRUE(lazy.closed());
  EXPECT_FALSE(waiter.closed());
  EXPECT_FALSE(listener.closed());
  EXPECT_FALSE(client().closed());
}

TEST_F(LimitsTest, SettingsOfTheDoors) {
  const auto refused = [&](const char* line) { return call(line).text; };
  EXPECT_EQ(call("CONFIG SET allow \"10.0.0.0/8, ::1\""), ok());
  EXPECT_EQ(call("CONFIG GET allow"), array("allow", "10.0.0.0/8, ::1"));
  EXPECT_NE(refused("CONFIG SET allow 10.0.0.1/8").find("is no network"), Bytes::npos);
  EXPECT_EQ(call("CONFIG GET tls-auth-clients"), array("tls-auth-clients", "yes"));
  EXPECT_EQ(call("CONFIG SET tls-auth-clients optional tls-auth-clients-user cn"), ok());
  EXPECT_EQ(call("CONFIG GET tls-auth-clients-user"), array("tls-auth-clients-user", "CN"));
  EXPECT_NE(refused("CONFIG SET tls-protocols TLSv1.1").find("TLSv1.2 and TLSv1.3 are offered"), Bytes::npos);
  EXPECT_EQ(call("CONFIG SET tls-protocols \"TLSv1.2 TLSv1.3\""), ok());
  EXPECT_NE(refused("CONFIG SET tls maybe").find("off, optional, required"), Bytes::npos);
}

// Its answer comes before anything has changed.
TEST_F(LimitsTest, TheDoorIsAskedFirst) {
  Bytes asked;
  std::vector<int64_t> ports;
  broker().set_door({.use_tls =
                         [&](const TlsSettings& wanted) {
                           asked = wanted.cert_file;
                           return wanted.cert_file == "good" ? Status::fine() : Status::error("it is a bad one");
                         },
                     .listen =
                         [&](const Config& wanted) {
                           ports.push_back(wanted.port);
                           return wanted.port == 1 ? Status::error("it is taken") : Status::fine();
                         }});
  EXPECT_EQ(call("CONFIG SET tls-cert-file bad timeout 7"),
            error("ERR CONFIG SET failed (possibly related to argument 'tls-cert-file') - it is a bad one"));
  EXPECT_EQ(asked, "bad");
  EXPECT_EQ(call("CONFIG GET tls-cert-file"), array("tls-cert-file", ""));
  EXPECT_EQ(call("CONFIG GET timeout"), array("timeout", "0")) << "all or nothing";
  EXPECT_EQ(call("CONFIG SET tls-cert-file good"), ok());
  asked.clear();
  EXPECT_EQ(call("CONFIG SET timeout 8"), ok());
  EXPECT_EQ(asked, "") << "it is about something else";
  EXPECT_EQ(call("CONFIG SET tls-cert-file good"), ok());
  EXPECT_EQ(asked, "good") << "the file may have changed";
  EXPECT_EQ(call("CONFIG SET timeout 0"), ok());

  EXPECT_EQ(ports, std::vector<int64_t>{}) << "nothing was said of them yet";
  EXPECT_EQ(call("CONFIG SET port 1 timeout 9"),
            error("ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. it is taken"));
  EXPECT_EQ(call("CONFIG GET port"), array("port", "6379"));
  EXPECT_EQ(call("CONFIG GET timeout"), array("timeout", "0"));
  EXPECT_EQ(call("CONFIG SET port 1 bind 127.0.0.2"),
            error("ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses. it is taken"));
  EXPECT_EQ(call("CONFIG SET port 2"), ok());
  EXPECT_EQ(call("CONFIG GET port"), array("port", "2"));
  ports.clear();
  EXPECT_EQ(call("CONFIG SET port 3 tls-cert-file bad"),
            error("ERR CONFIG SET failed (possibly related to argument 'tls-cert-file') - it is a bad one"));
  EXPECT_EQ(ports, (std::vector<int64_t>{3, 2})) << "and back";
  EXPECT_EQ(call("CONFIG SET bind \"* ::1\"").type, '-') << "others could reach it, and there is no password";
  Bytes many;
  for (int i = 0; i < 17; ++i) many += "127.0.0." + std::to_string(i + 1) + " ";
  EXPECT_NE(call("CONFIG SET bind \"" + many + "\"").text.find("at most 16 addresses"), Bytes::npos);
}

}  // namespace leat::testing
