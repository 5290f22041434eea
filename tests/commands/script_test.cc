// SPDX-License-Identifier: Apache-2.0
// What scripts do to the house; what they may do to Lua is in tests/unit/script.
#include <set>

#include "tests/support/broker_test.h"

namespace leat::testing {

class ScriptTest : public BrokerTest {
 protected:
  Reply eval(const Bytes& body, const std::vector<Bytes>& keys = {}, const std::vector<Bytes>& args = {}) {
    std::vector<Bytes> words = {"EVAL", body, std::to_string(keys.size())};
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), args.begin(), args.end());
    return client().call_words(words);
  }
};

TEST_F(ScriptTest, ReadsAndWrites) {
  EXPECT_EQ(eval("redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])", {"k"}, {"v"}), bulk("v"));
  EXPECT_EQ(eval("return redis.call('TYPE', KEYS[1]).ok", {"k"}), bulk("string"));
  EXPECT_EQ(eval("return {redis.call('GET', 'none'), 1, 2.9, 'x', true}"), array(null(), 1, 2, "x", 1));
  EXPECT_EQ(eval("return redis.call('LPUSH', KEYS[1], 1)", {"k"}).text.substr(0, 9), "WRONGTYPE");
  EXPECT_EQ(eval("return redis.call('NONSENSE')").text.substr(0, 44), "ERR Unknown Redis command called from script");
  EXPECT_EQ(eval("return redis.call('MULTI')").text.substr(0, 49), "ERR This Redis command is not allowed from script");
  EXPECT_EQ(eval("return redis.call('BLPOP', 'none', 0)"), null());
  EXPECT_EQ(call("EVAL \"return 1\" x"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("EVAL \"return 1\" -1"), error("ERR Number of keys can't be negative"));
  EXPECT_EQ(call("EVAL \"return 1\" 2 k"), error("ERR Number of keys can't be greater than number of args"));
}

TEST_F(ScriptTest, AScriptThatFailsHalfWayKeepsWhatItWrote) {
  EXPECT_EQ(eval("redis.call('SET', 'a', 1) error('stop')").type, '-');
  restart();
  EXPECT_EQ(call("GET a"), bulk("1"));
}

TEST_F(ScriptTest, CacheAndItsErrors) {
  const Reply sha = call("SCRIPT LOAD \"return 7\"");
  EXPECT_EQ(call("EVALSHA " + sha.text + " 0"), integer(7));
  EXPECT_EQ(call("SCRIPT EXISTS " + sha.text + " ffffffffffffffffffffffffffffffffffffffff"), array(1, 0));
  EXPECT_EQ(call("EVALSHA ffffffffffffffffffffffffffffffffffffffff 0"),
            error("NOSCRIPT No matching script. Please use EVAL."));
  call("MULTI");
  call("EVALSHA " + sha.text + " 0");
  call("EVAL \"return 8\" 0");
  EXPECT_EQ(call("EXEC"), array(7, 8));
  TestClient& other = connect();
  EXPECT_EQ(other.call("EVALSHA " + sha.text + " 0"), integer(7));
  EXPECT_EQ(call("SCRIPT FLUSH"), ok());
  EXPECT_EQ(call("EVALSHA " + sha.text + " 0").text.substr(0, 8), "NOSCRIPT");
  EXPECT_EQ(call("SCRIPT KILL"), error("NOTBUSY No scripts in execution right now."));
}

TEST_F(ScriptTest, ReadOnlyScripts) {
  EXPECT_EQ(call("EVAL_RO \"return redis.call('GET', 'k')\" 0"), null());
  EXPECT_EQ(call("EVAL_RO \"return redis.call('SET', 'k', 1)\" 0").text.substr(0, 58),
            "ERR Write commands are not allowed from read-only scripts.");
  EXPECT_EQ(eval("#!lua flags=no-writes\nreturn redis.call('SET', 'k', 1)").type, '-');
  EXPECT_EQ(call("EXISTS k"), integer(0));
}

// Writes wake waiters after the script, not in the middle of it.
TEST_F(ScriptTest, WakesWaitersAfterItEnds) {
  TestClient& waiter = connect();
  waiter.send("BLPOP l 0");
  EXPECT_EQ(eval("redis.call('RPUSH', 'l', 'a', 'b') return redis.call('LLEN', 'l')"), integer(2));
  EXPECT_EQ(waiter.reply(), array("l", "a"));
  EXPECT_EQ(call("LLEN l"), integer(1));
}

TEST_F(ScriptTest, SeesOneFrozenTimeAndItsOwnDatabase) {
  EXPECT_EQ(eval("redis.call('SELECT', 3) redis.call('SET', 'k', 1) return redis.call('DBSIZE')"), integer(1));
  EXPECT_EQ(call("EXISTS k"), integer(0));
  EXPECT_EQ(eval("local a = redis.call('TIME') for i = 1, 1000 do redis.call('TIME') end "
                 "local b = redis.call('TIME') return a[1] == b[1] and a[2] == b[2]"), integer(1));
}

// Rate limiters make unique members of it.
TEST_F(ScriptTest, TimeHasMicrosecondsInScriptsAndTransactionsToo) {
  clock.look_us = 7;
  const Bytes script = "local t = redis.call('TIME') return t[1] * 1000000 + t[2]";
  std::set<int64_t> seen;
  for (int i = 0; i < 50; ++i) seen.insert(std::stoll(eval(script).text));
  EXPECT_EQ(seen.size(), 50u);
  EXPECT_LT(*seen.rbegin() - *seen.begin(), 50'000) << "and none is rounded up";
  call("MULTI");
  call("TIME");
  call("TIME");
  const Reply both = call("EXEC");
  EXPECT_EQ(both.items[0], both.items[1]) << "frozen";
  EXPECT_FALSE(both.items[0].items[1].text.ends_with("000"));
}

TEST_F(ScriptTest, SevenThousandValuesAtOnce) {
  EXPECT_EQ(eval("local t = {} for i = 1, 7000 do t[i] = i end return redis.call('RPUSH', KEYS[1], unpack(t))", {"l"}),
            integer(7000));
  EXPECT_EQ(eval("return #redis.call('LRANGE', KEYS[1], 0, 6999)", {"l"}), integer(7000));
}

// A runaway script makes others hear BUSY and dies by SCRIPT KILL; one that wrote cannot be killed.
TEST_F(ScriptTest, ARunawayScriptIsKilled) {
  rooms().config.busy_reply_threshold_ms = 0;
  TestClient& other = connect();
  int pumps = 0;
  broker().set_pump([&] {
    ++pumps;
    if (pumps == 1) other.send_without_tick("GET k");
    if (pumps == 3) other.send_without_tick("SCRIPT KILL");
  });
  const Reply killed = eval("while true do end");
  EXPECT_NE(killed.text.find("Script killed by user with SCRIPT KILL"), Bytes::npos) << killed;
  EXPECT_EQ(other.reply(),
            error("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."));
  EXPECT_EQ(other.reply(), ok());

  pumps = 0;
  broker().set_pump([&] {
    if (++pumps == 1) other.send_without_tick("SCRIPT KILL");
  });
  EXPECT_EQ(eval("redis.call('SET', 'k', 1) for i = 1, 100000 do local x = i end return 5"), integer(5));
  tick();
  EXPECT_EQ(other.reply().text.substr(0, 10), "UNKILLABLE");
  broker().set_pump(nullptr);
}

// However much it has written: its own effects are not what bounds the others' turn.
TEST_F(ScriptTest, OthersAreHeardBesideAScriptThatWritesMuch) {
  rooms().config.busy_reply_threshold_ms = 0;
  TestClient& other = connect();
  bool asked = false;
  broker().set_pump([&] {
    if (asked || rooms().batch.size() < (1 << 20)) return;
    asked = true;
    other.send_without_tick("PING");
    other.send_without_tick("SCRIPT KILL");
  });
  EXPECT_EQ(eval("for i = 1, 3000 do redis.call('RPUSH', 'l', string.rep('x', 1000)) end return 1"), integer(1));
  broker().set_pump(nullptr);
  ASSERT_TRUE(asked);
  EXPECT_EQ(other.reply().text.substr(0, 4), "BUSY");
  EXPECT_EQ(other.reply().text.substr(0, 10), "UNKILLABLE");
}

// SHUTDOWN NOSAVE and SIGTERM end a runaway script with the broker, and of what it did nothing is there: also not what
// others did in its tick, and they were not told that it was.
TEST_F(ScriptTest, AShutdownBesideAScriptLeavesNoHalf) {
  for (const bool by_signal : {false, true}) {
    rooms().config.busy_reply_threshold_ms = 0;
    ASSERT_EQ(call("SET before 1"), ok());
    TestClient& waiter = connect();
    waiter.send("BLPOP woken 0");
    TestClient& other = connect();
    int pumps = 0;
    broker().set_pump([&] {
      if (++pumps != 1) return;
      if (by_signal) broker().stop();
      else other.send_without_tick("SHUTDOWN NOSAVE");
    });
    broker().snapshots().ask();
    client().send_without_tick("SET beside 1");
    client().send_without_tick(
        "EVAL \"redis.call('SET', 'half', 1) redis.call('RPUSH', 'woken', 'x') while true do end\" 0");
    tick();
    EXPECT_TRUE(broker().stopped());
    EXPECT_FALSE(client().has_reply());
    EXPECT_FALSE(waiter.has_reply() && !waiter.reply().is_null());
    broker().set_pump(nullptr);
    restart();
    EXPECT_EQ(call("MGET before beside half"), array("1", Reply(null()), Reply(null())));
    EXPECT_EQ(call("EXISTS woken"), integer(0));
  }
}

// The client of a slow script hangs up, or sends on: neither may touch what the script stands on.
TEST_F(ScriptTest, ItsOwnClientMaySendOnOrLeaveMeanwhile) {
  rooms().config.busy_reply_threshold_ms = 0;
  int pumps = 0;
  broker().set_pump([&] {
    if (++pumps == 1) client().send_without_tick("SET later " + Bytes(100000, 'x'));
  });
  EXPECT_EQ(eval("for i = 1, 100000 do local x = i end return ARGV[1]", {}, {"mine"}), bulk("mine"));
  tick();
  EXPECT_EQ(client().reply(), ok());

  TestClient& leaving = connect();
  pumps = 0;
  broker().set_pump([&] {
    if (++pumps == 1) broker().hang_up(leaving.client());
  });
  leaving.send_without_tick("EVAL \"for i = 1, 100000 do local x = i end return redis.call('SET', 'k', 1)\" 0");
  tick();
  tick();
  broker().set_pump(nullptr);
  EXPECT_EQ(call("GET k"), bulk("1"));
}

}  // namespace leat::testing
