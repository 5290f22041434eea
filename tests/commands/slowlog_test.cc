// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class SlowLogTest : public BrokerTest {
 public:
  SlowLogTest() { config.debug_commands = DebugAccess::kYes; }
  // The words of the entries, the newest first.
  std::vector<Reply> logged() {
    std::vector<Reply> words;
    for (const Reply& entry : call("SLOWLOG GET -1").items) words.push_back(entry.items.at(3));
    return words;
  }
};

TEST_F(SlowLogTest, OnlyWhatTakesLongIsNoted) {
  call("SET k v");
  EXPECT_EQ(call("SLOWLOG LEN"), integer(0));
  call("CLIENT SETNAME sleeper");
  call("DEBUG SLEEP 0.05");
  EXPECT_EQ(call("SLOWLOG LEN"), integer(1));
  const Reply entry = call("SLOWLOG GET").items.at(0);
  ASSERT_EQ(entry.items.size(), 6u);
  EXPECT_EQ(entry.items[0], integer(0));
  EXPECT_EQ(entry.items[2], integer(50000));
  EXPECT_EQ(entry.items[3], array("DEBUG", "SLEEP", "0.05"));
  EXPECT_EQ(entry.items[4], bulk("127.0.0.1:50000"));
  EXPECT_EQ(entry.items[5], bulk("sleeper"));
  EXPECT_EQ(call("SLOWLOG RESET"), ok());
  EXPECT_EQ(call("SLOWLOG LEN"), integer(0));
  call("DEBUG SLEEP 0.05");
  EXPECT_EQ(call("SLOWLOG GET 1").items.at(0).items[0], integer(1)) << "ids go on";
}

TEST_F(SlowLogTest, TheLogIsBounded) {
  call("CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3");
  for (int i = 0; i < 10; ++i) call("PING");
  EXPECT_EQ(call("SLOWLOG LEN"), integer(3));
  call("CONFIG SET slowlog-max-len 0");
  call("SLOWLOG RESET");
  call("PING");
  EXPECT_EQ(call("SLOWLOG LEN"), integer(0));
  call("CONFIG SET slowlog-max-len 128 slowlog-log-slower-than -1");
  call("SLOWLOG RESET");
  call("DEBUG SLEEP 1");
  EXPECT_EQ(call("SLOWLOG LEN"), integer(0));
}

TEST_F(SlowLogTest, WordsAreCut) {
  call("CONFIG SET slowlog-log-slower-than 0");
  std::vector<Bytes> many = {"SADD", "set"};
  for (int i = 0; i < 38; ++i) many.push_back(std::to_string(i));
  client().call_words(many);
  const Reply words = logged().at(0);
  ASSERT_EQ(words.items.size(), 32u);
  EXPECT_EQ(words.items[30], bulk("28"));
  EXPECT_EQ(words.items[31], bulk("... (9 more arguments)"));
  client().call_words({"SADD", "set", Bytes(129, 'A')});
  EXPECT_EQ(logged().at(0).items[2], bulk(Bytes(128, 'A') + "... (1 more bytes)"));
}

TEST_F(SlowLogTest, PasswordsAreNotNoted) {
  call("CONFIG SET slowlog-log-slower-than 0");
  const auto last = [&](View line) {
    call(line);
    return logged().at(0);
  };
  EXPECT_EQ(last("AUTH default secret"), array("AUTH", "(redacted)", "(redacted)"));
  EXPECT_EQ(last("HELLO 2 AUTH default secret SETNAME me"),
            array("HELLO", "2", "AUTH", "(redacted)", "(redacted)", "SETNAME", "me"));
  EXPECT_EQ(last("CONFIG SET masterauth \"\" hz 12"), array("CONFIG", "SET", "masterauth", "(redacted)", "hz", "12"));
  EXPECT_EQ(last("config set requirepass secret"), array("config", "set", "requirepass", "(redacted)"));
}

TEST_F(SlowLogTest, OfATransactionItsCommandsAreNotedAndOfAScriptTheScript) {
  call("MULTI");
  call("DEBUG SLEEP 0.02");
  call("EXEC");
  EXPECT_EQ(logged(), std::vector<Reply>{array("DEBUG", "SLEEP", "0.02")});
  call("CONFIG SET slowlog-log-slower-than 0");
  call("SLOWLOG RESET");
  call("EVAL \"return redis.call('SET', 'k', 'v')\" 0");
  EXPECT_EQ(logged().at(0).items.at(0), bulk("EVAL"));
  EXPECT_EQ(logged().size(), 3u) << "SLOWLOG RESET, EVAL, SLOWLOG GET";
}

TEST_F(SlowLogTest, AWaitIsNotedWhenItEnds) {
  call("CONFIG SET slowlog-log-slower-than 0");
  TestClient& waiter = connect();
  waiter.send("BLPOP l 0");
  call("SLOWLOG RESET");
  call("RPUSH l a");
  EXPECT_EQ(waiter.reply(), array("l", "a"));
  EXPECT_EQ(logged().at(0), array("BLPOP", "l", "0"));
}

TEST_F(SlowLogTest, ArgumentsAreChecked) {
  EXPECT_EQ(call("SLOWLOG GET -2"), error("ERR count should be greater than or equal to -1"));
  EXPECT_EQ(call("SLOWLOG GET x"), error("ERR count should be greater than or equal to -1"));
  EXPECT_EQ(call("SLOWLOG GET 1 2"),
            error("ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP."));
  EXPECT_EQ(call("SLOWLOG LEN 1"), error("ERR wrong number of arguments for 'slowlog|len' command"));
  EXPECT_EQ(call("SLOWLOG HELP").type, '*');
}

}  // namespace leat::testing
