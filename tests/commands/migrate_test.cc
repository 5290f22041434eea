// SPDX-License-Identifier: Apache-2.0
// MIGRATE, with the test as the other server. tests/migrate.py has keys move between real ones.
#include <random>

#include "tests/support/broker_test.h"
#include "tests/support/test_outbound.h"

namespace leat::testing {

namespace {
const Reply kNoKey = simple("NOKEY");
const Reply kNotConnected = error("IOERR error or timeout connecting to the client");
const Reply kNotWritten = error("IOERR error or timeout writing to target instance");
const Reply kNotRead = error("IOERR error or timeout reading from target instance");
const Reply kChanged = error(
    "ERR 1 of 1 keys were changed or deleted here while they were on their way: here they stay as "
    "they are now, and the target has them as they were");
}  // namespace

class MigrateTest : public BrokerTest {
 public:
  void SetUp() override {
    BrokerTest::SetUp();
    broker().set_outbound(&outbound);
  }
  void TearDown() override {
    if (rooms().migrations.any()) {
      clock.advance_ms(1'000'000'000);
      tick(), tick(), tick();
    }
    EXPECT_EQ(rooms().watches.clients(), 0u) << "a watch was left";
    broker().set_outbound(nullptr);
    BrokerTest::TearDown();
  }

 protected:
  TestOutbound::Line& line() { return *outbound.lines.back(); }
  // The other side takes the call.
  TestOutbound::Line& accepted() {
    line().accept();
    tick(), tick();
    return line();
  }
  void answer(View bytes) {
    line().answer(bytes);
    tick(), tick();
  }
  Bytes restore(View key, View ttl = "0", const std::vector<Bytes>& more = {}, DbIndex db = 0) {
    TestClient& looker = connect();
    looker.call("SELECT " + std::to_string(db));
    std::vector<Bytes> words = {"RESTORE", Bytes(key), Bytes(ttl), looker.call_words({"DUMP", Bytes(key)}).text};
    words.insert(words.end(), more.begin(), more.end());
    return request_bytes(words);
  }
  bool exists(View key) { return connect().call("EXISTS " + Bytes(key)) == integer(1); }

  TestOutbound outbound;
};

TEST_F(MigrateTest, AKeyGoesWhenTheTargetHasIt) {
  call("SET k value");
  client().send("MIGRATE there.example 6380 k 0 1000");
  ASSERT_EQ(outbound.lines.size(), 1u);
  EXPECT_EQ(line().host, "there.example");
  EXPECT_EQ(line().port, 6380);
  EXPECT_TRUE(client().blocked());
  EXPECT_EQ(line().said, "") << "nobody is there yet";
  EXPECT_EQ(accepted().take(), restore("k"));
  EXPECT_TRUE(exists("k"));
  answer("+O");
  EXPECT_FALSE(client().has_reply());
  EXPECT_EQ(connect().call("PING"), simple("PONG")) << "others do not wait";
  answer("K\r\n");
  EXPECT_EQ(client().reply(), ok());
  EXPECT_TRUE(line().hung_up);
  EXPECT_FALSE(exists("k"));
  EXPECT_EQ(call("PING"), simple("PONG"));
}

TEST_F(MigrateTest, Options) {
  call("SELECT 3");
  call("RPUSH list a b");
  call("SET k v");
  call("PEXPIRE k 5000");
  client().send("MIGRATE h 1 \"\" 7 0 copy REPLACE AUTH pass KEYS list nosuch k");
  EXPECT_EQ(accepted().take(), request_bytes({"AUTH", "pass"}) + request_bytes({"SELECT", "7"}))
      << "no key before these";
  answer("+OK\r\n");
  EXPECT_EQ(line().take(), "");
  answer("+OK\r\n");
  EXPECT_EQ(line().take(), restore("list", "0", {"REPLACE"}, 3) + restore("k", "5000", {"REPLACE"}, 3));
  answer("+OK\r\n+OK\r\n");
  EXPECT_EQ(client().reply(), ok());
  EXPECT_EQ(call("EXISTS list k"), integer(2)) << "COPY";
  client().send("MIGRATE h 1 list 0 -5 AUTH2 user pass");
  EXPECT_EQ(accepted().take(), request_bytes({"AUTH", "user", "pass"}));
  answer("+OK\r\n");
  EXPECT_EQ(line().take(), restore("list", "0", {}, 3)) << "to database 0, where it is already";
  answer("+OK\r\n");
  EXPECT_EQ(client().reply(), ok());
  EXPECT_EQ(call("EXISTS list k"), integer(1));
}

TEST_F(MigrateTest, ArgumentErrors) {
  call("SET k v");
  const Reply syntax = error("ERR syntax error"), number = error("ERR value is not an integer or out of range");
  EXPECT_EQ(call("MIGRATE h 1 k 0"), error("ERR wrong number of arguments for 'migrate' command"));
  EXPECT_EQ(call("MIGRATE h 1 k 0 10 NOSUCH"), syntax);
  EXPECT_EQ(call("MIGRATE h 1 k x x NOSUCH"), syntax);
  EXPECT_EQ(call("MIGRATE h 1 k 0 10 AUTH"), syntax);
  EXPECT_EQ(call("MIGRATE h 1 k 0 10 AUTH2 u"), syntax);
  EXPECT_EQ(call("MIGRATE h 1 k x 10"), number);
  EXPECT_EQ(call("MIGRATE h 1 nosuch 0 x"), number);
  EXPECT_EQ(call("MIGRATE h 1 k 0 10 KEYS k"),
            error("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"));
  EXPECT_EQ(call("MIGRATE h 1 nosuch 0 10"), kNoKey);
  EXPECT_EQ(call("MIGRATE h 1 \"\" 0 10"), kNoKey);
  EXPECT_EQ(call("MIGRATE h 1 \"\" 0 10 KEYS"), kNoKey);
  EXPECT_EQ(call("MIGRATE h 1 \"\" 0 10 KEYS x y"), kNoKey);
  EXPECT_TRUE(outbound.lines.empty());
}

TEST_F(MigrateTest, NotWhereNobodyCanWait) {
  call("SET k v");
  const Reply refused =
      error("ERR MIGRATE waits for the other server: it cannot be run inside a transaction or a script");
  call("MULTI");
  EXPECT_EQ(call("MIGRATE h 1 k 0 10"), simple("QUEUED"));
  EXPECT_EQ(call("MIGRATE h 1 nosuch 0 10"), simple("QUEUED"));
  EXPECT_EQ(call("EXEC"), array(refused, kNoKey));
  EXPECT_EQ(client().call_words({"EVAL", "return redis.pcall('MIGRATE', 'h', '1', 'k', '0', '10')", "0"}), refused);
  EXPECT_TRUE(outbound.lines.empty());
}

TEST_F(MigrateTest, WhatTheTargetRefusesStays) {
  for (const char* key : {"a", "b", "c"}) call("SET " + Bytes(key) + " v");
  client().send("MIGRATE h 1 \"\" 0 10 KEYS a b c");
  accepted();
  answer("+OK\r\n-BUSYKEY Target key name already exists.\r\n");
  EXPECT_FALSE(client().has_reply());
  answer("-OOM of the second\r\n");
  EXPECT_EQ(client().reply(), error("ERR Target instance replied with error: BUSYKEY Target key name already exists."));
  EXPECT_EQ(call("MGET a b c"), array(null(), "v", "v"));

  client().send("MIGRATE h 1 b 20 10 AUTH wrong");
  accepted().take();
  answer("-WRONGPASS invalid\r\n-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(client().reply(), error("ERR Target instance replied with error: WRONGPASS invalid"));
  EXPECT_EQ(line().take(), "") << "no key was sent";

  client().send("MIGRATE h 1 b 0 10");
  accepted();
  answer("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_EQ(client().reply(), error("ERR Target instance replied with error: HTTP/1.1 400 Bad Request"));
  client().send("MIGRATE h 1 b 0 10");
  accepted();
  answer("\r\n");
  EXPECT_EQ(client().reply(), error("ERR Target instance replied with error: nothing"));
  EXPECT_EQ(call("MGET b c"), array("v", "v"));
}

TEST_F(MigrateTest, WhatGoesWrongOnTheWay) {
  call("SET a v");
  call("SET b v");
  client().send("MIGRATE h 1 a 0 10");
  line().find_nobody();
  tick(), tick();
  EXPECT_EQ(client().reply(), kNotConnected);
  client().send("MIGRATE h 1 a 0 10");
  line().lose();
  tick(), tick();
  EXPECT_EQ(client().reply(), kNotWritten) << "refused: Redis says it so";
  client().send("MIGRATE h 1 a 0 50");
  advance_ms(49);
  EXPECT_FALSE(client().has_reply());
  advance_ms(1);
  tick();
  EXPECT_EQ(client().reply(), kNotConnected);
  EXPECT_TRUE(line().hung_up);

  client().send("MIGRATE h 1 a 0 50");
  line().stands = true;
  accepted();
  advance_ms(50);
  tick();
  EXPECT_EQ(client().reply(), kNotWritten);

  client().send("MIGRATE h 1 \"\" 0 50 KEYS a b");
  accepted();
  advance_ms(40);
  answer("+OK\r\n");
  advance_ms(40);
  EXPECT_FALSE(client().has_reply()) << "each sign of life counts";
  advance_ms(10);
  tick();
  EXPECT_EQ(client().reply(), kNotRead);
  EXPECT_EQ(call("MGET a b"), array(null(), "v")) << "what was acknowledged is there";

  client().send("MIGRATE h 1 b 0 0");
  accepted();
  advance_ms(999);
  EXPECT_FALSE(client().has_reply()) << "0 is a second";
  line().lose();
  tick(), tick();
  EXPECT_EQ(client().reply(), kNotRead);
  client().send("MIGRATE h 1 b 0 0");
  accepted();
  answer(Bytes(70'000, '+'));
  EXPECT_EQ(client().reply(), kNotRead) << "a line without end";
  broker().set_outbound(nullptr);
  client().send("MIGRATE h 1 b 0 0");
  tick();
  EXPECT_EQ(client().reply(), kNotConnected);
  broker().set_outbound(&outbound);
}

// The last sign of life and the end come together: what the target has taken, it has taken.
TEST_F(MigrateTest, AnsweredAndGone) {
  call("SET k v");
  client().send("MIGRATE h 1 k 0 50");
  accepted();
  line().answer("+OK\r\n");
  line().lose();
  tick(), tick();
  EXPECT_EQ(client().reply(), ok());
  EXPECT_FALSE(exists("k"));
}

// A loop that was held has heard nothing meanwhile: that is no time-out.
TEST_F(MigrateTest, AHeldLoopIsNoTimeOut) {
  call("SET k v");
  client().send("MIGRATE h 1 k 0 50");
  accepted();
  clock.advance_ms(10'000);
  tick();
  answer("+OK\r\n");
  EXPECT_EQ(client().reply(), ok());
}

TEST_F(MigrateTest, WhatChangesOnTheWayStays) {
  TestClient& other = connect();
  for (const char* change :
       {"APPEND k x", "PEXPIRE k 100000", "SET k v", "RENAME other k", "DEL k", "FLUSHALL", "SWAPDB 0 1"}) {
    call("SET k v");
    call("SET other v");
    call("PERSIST k");
    client().send("MIGRATE h 1 k 0 50");
    accepted();
    other.call(change);
    answer("+OK\r\n");
    EXPECT_EQ(client().reply(), kChanged) << change;
    call("FLUSHALL");
  }
  call("SET k v");
  client().send("MIGRATE h 1 k 0 50 COPY");
  accepted();
  other.call("APPEND k x");
  answer("+OK\r\n");
  EXPECT_EQ(client().reply(), ok()) << "it stays anyway";
  client().send("MIGRATE h 1 k 0 50");
  accepted();
  EXPECT_EQ(other.call("GET k"), bulk("vx"));
  answer("+OK\r\n");
  EXPECT_EQ(client().reply(), ok()) << "to look is no change";
}

// What was acknowledged to its readers goes with a stream, or the stream stays.
TEST_F(MigrateTest, AStreamWhoseGroupsMovedOnStays) {
  TestClient& other = connect();
  for (const char* change : {"XACK s g 1-1", "XREADGROUP GROUP g c STREAMS s >", "XGROUP CREATE s g2 $",
                             "XGROUP DESTROY s g", "XGROUP SETID s g 0", "XGROUP CREATECONSUMER s g d",
                             "XGROUP DELCONSUMER s g c", "XCLAIM s g d 0 1-1", "XSETID s 9-9"}) {
    for (const char* line :
         {"XADD s 1-1 a b", "XADD s 2-1 a b", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c COUNT 1 STREAMS s >"})
      call(line);
    client().send("MIGRATE h 1 s 0 50");
    accepted();
    EXPECT_FALSE(other.call(change).is_error()) << change;
    answer("+OK\r\n");
    EXPECT_EQ(client().reply(), kChanged) << change;
    EXPECT_TRUE(exists("s")) << change;
    call("FLUSHALL");
  }
}

// Its time came while it was on its way: there, too.
TEST_F(MigrateTest, WhatExpiresOnTheWayHasGone) {
  call("SET k v PX 100");
  client().send("MIGRATE h 1 k 0 5000");
  EXPECT_EQ(accepted().take(), restore("k", "100"));
  advance_ms(150);
  answer("+OK\r\n");
  EXPECT_EQ(client().reply(), ok());
  EXPECT_FALSE(exists("k"));
}

// Two of the same: the second is an error of the target, or, with REPLACE, none.
TEST_F(MigrateTest, AKeyNamedTwice) {
  call("SET k v");
  client().send("MIGRATE h 1 \"\" 0 50 REPLACE KEYS k k");
  accepted();
  answer("+OK\r\n+OK\r\n");
  EXPECT_EQ(client().reply(), ok());
  EXPECT_FALSE(exists("k"));
}

TEST_F(MigrateTest, WhoLeavesKeepsHisKeys) {
  call("SET k v");
  TestClient& other = connect();
  other.send("MIGRATE h 1 k 0 50");
  accepted();
  other.hang_up();
  EXPECT_TRUE(line().hung_up);
  client().send("MIGRATE h 1 k 0 50");
  accepted();
  const Bytes unblock = "CLIENT UNBLOCK " + std::to_string(client().client().id);
  EXPECT_EQ(connect().call(unblock), integer(1));
  EXPECT_EQ(client().reply(), error("IOERR given up before the target instance had answered: the keys were kept here"));
  EXPECT_TRUE(line().hung_up);
  client().send("MIGRATE h 1 k 0 50");
  EXPECT_EQ(connect().call(unblock + " ERROR"), integer(1));
  EXPECT_EQ(client().reply(), error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
  EXPECT_TRUE(line().hung_up);
  EXPECT_TRUE(exists("k"));
}

// The deletion is a write: it waits where writes wait.
TEST_F(MigrateTest, APauseHoldsTheDeletion) {
  call("SET k v");
  client().send("MIGRATE h 1 k 0 5000");
  accepted();
  connect().call("CLIENT PAUSE 100 WRITE");
  answer("+OK\r\n");
  EXPECT_FALSE(client().has_reply());
  EXPECT_FALSE(broker().has_work()) << "nobody spins meanwhile";
  EXPECT_TRUE(exists("k"));
  advance_ms(101);
  EXPECT_EQ(client().reply(), ok());
}

TEST_F(MigrateTest, ItIsADeletion) {
  call("CONFIG SET notify-keyspace-events KEg");
  TestClient& listener = connect();
  listener.call("SUBSCRIBE __keyevent@0__:del");
  TestClient& watcher = connect();
  call("SET k v");
  watcher.call("WATCH k");
  watcher.call("MULTI");
  client().send("MIGRATE h 1 k 0 5000");
  accepted();
  EXPECT_FALSE(listener.has_reply());
  answer("+OK\r\n");
  EXPECT_EQ(client().reply(), ok());
  EXPECT_EQ(listener.reply(), array("message", "__keyevent@0__:del", "k"));
  EXPECT_EQ(watcher.call("EXEC"), null_array());
}

// A large value leaves piece by piece, and nothing is read before that.
TEST_F(MigrateTest, ALargeValueGoesInPieces) {
  Bytes large;
  for (std::mt19937 dice(1); large.size() < 300'000;) large += static_cast<char>(dice());  // or it is packed to nothing
  client().call_words({"SET", "k", large});
  client().call("APPEND k y");
  client().send("MIGRATE h 1 k 0 50");
  line().stands = true;
  accepted();
  Bytes got = line().take();
  EXPECT_EQ(got.size(), 64u * 1024);
  int pieces = 1;
  for (; pieces < 10; ++pieces) {
    advance_ms(30);
    line().caller->written();
    tick();
    if (line().said.empty()) break;
    got += line().take();
  }
  EXPECT_EQ(got, restore("k"));
  answer("+OK\r\n");
  EXPECT_EQ(client().reply(), ok());
}

TEST_F(MigrateTest, KeysAndSecrets) {
  EXPECT_EQ(call("COMMAND GETKEYS MIGRATE h 1 k 0 10 COPY"), array("k"));
  EXPECT_EQ(call("COMMAND GETKEYS MIGRATE h 1 \"\" 0 10 AUTH keys KEYS a b"), array("a", "b"));
  EXPECT_TRUE(call("COMMAND GETKEYS MIGRATE h 1 k 0 10 KEYS a b").is_error());
  call("CONFIG SET slowlog-log-slower-than 0");
  call("MIGRATE h 1 nosuch 0 10 AUTH2 user secret");
  const Reply log = call("SLOWLOG GET 1");
  EXPECT_EQ(log.items.at(0).items.at(3),
            array("MIGRATE", "h", "1", "nosuch", "0", "10", "AUTH2", "(redacted)", "(redacted)"));
}

// Nobody out there sees what a crash could take back.
class MigrateSlowDiskTest : public MigrateTest {
 public:
  MigrateSlowDiskTest() { config.log_thread = LogThreadMode::kAlways; }
  void TearDown() override {
    let_it_work();
    MigrateTest::TearDown();
  }
};

TEST_F(MigrateSlowDiskTest, NothingLeavesBeforeItIsOnDisk) {
  client().send("SET settled v");
  let_it_work();
  EXPECT_EQ(client().reply(), ok());
  client().send("SET fresh v");
  TestClient& mover = connect();
  mover.send("MIGRATE h 1 \"\" 0 50 KEYS settled fresh");
  EXPECT_TRUE(outbound.lines.empty());
  advance_ms(1000);
  EXPECT_TRUE(outbound.lines.empty()) << "nor does its time begin";
  let_it_work();
  ASSERT_EQ(outbound.lines.size(), 1u);
  line().accept();
  tick(), tick();
  line().answer("+OK\r\n+OK\r\n");
  tick(), tick();
  EXPECT_FALSE(mover.has_reply()) << "the deletion is not on disk";
  let_it_work();
  EXPECT_EQ(mover.reply(), ok());
  EXPECT_EQ(client().reply(), ok());
}

TEST_F(MigrateSlowDiskTest, APromiseOfNoneLetsItGoAtOnce) {
  config.durability = DurabilityMode::kNever;
  restart();
  broker().set_outbound(&outbound);
  client().send("SET fresh v");
  client().send("MIGRATE h 1 fresh 0 50");
  EXPECT_EQ(outbound.lines.size(), 1u);
  line().accept();
  tick(), tick();
  answer("+OK\r\n");
}

}  // namespace leat::testing
