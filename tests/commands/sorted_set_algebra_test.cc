// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

const Reply kSyntax = error("ERR syntax error");

class SortedSetAlgebraTest : public BrokerTest {
 public:
  void SetUp() override {
    BrokerTest::SetUp();
    call("ZADD a 1 x 2 y 3 z");
    call("ZADD b 10 y 20 z 30 w");
    call("SADD plain y v");
  }
};

TEST_F(SortedSetAlgebraTest, Union) {
  EXPECT_EQ(call("ZUNION 2 a b WITHSCORES"), array("x", "1", "y", "12", "z", "23", "w", "30"));
  EXPECT_EQ(call("ZUNION 3 a none b"), array("x", "y", "z", "w"));
  EXPECT_EQ(call("ZUNION 1 none"), array());
  EXPECT_EQ(call("ZUNION 2 a b WEIGHTS 2 0.5 WITHSCORES"), array("x", "2", "y", "9", "w", "15", "z", "16"));
  EXPECT_EQ(call("ZUNION 2 a b AGGREGATE MIN WITHSCORES"), array("x", "1", "y", "2", "z", "3", "w", "30"));
  EXPECT_EQ(call("ZUNION 2 a b withscores aggregate max"), array("x", "1", "y", "10", "z", "20", "w", "30"));
  EXPECT_EQ(call("ZUNION 2 a a WITHSCORES"), array("x", "2", "y", "4", "z", "6"));
  EXPECT_EQ(call("ZUNION 2 a plain WEIGHTS 1 5 WITHSCORES"), array("x", "1", "z", "3", "v", "5", "y", "7"));
  EXPECT_EQ(call("ZUNION 1 plain WITHSCORES"), array("v", "1", "y", "1"));
}

TEST_F(SortedSetAlgebraTest, Intersection) {
  EXPECT_EQ(call("ZINTER 2 a b WITHSCORES"), array("y", "12", "z", "23"));
  EXPECT_EQ(call("ZINTER 2 a b WEIGHTS 1 -1 WITHSCORES"), array("z", "-17", "y", "-8"));
  EXPECT_EQ(call("ZINTER 2 a b AGGREGATE MAX WITHSCORES"), array("y", "10", "z", "20"));
  EXPECT_EQ(call("ZINTER 3 a b plain WITHSCORES"), array("y", "13"));
  EXPECT_EQ(call("ZINTER 2 a none"), array());
  EXPECT_EQ(call("ZINTER 2 a a WITHSCORES"), array("x", "2", "y", "4", "z", "6"));
  EXPECT_EQ(call("ZINTERCARD 2 a b"), integer(2));
  EXPECT_EQ(call("ZINTERCARD 2 a b LIMIT 1"), integer(1));
  EXPECT_EQ(call("ZINTERCARD 2 a b LIMIT 0"), integer(2));
  EXPECT_EQ(call("ZINTERCARD 2 a none"), integer(0));
}

TEST_F(SortedSetAlgebraTest, Difference) {
  EXPECT_EQ(call("ZDIFF 2 a b WITHSCORES"), array("x", "1"));
  EXPECT_EQ(call("ZDIFF 3 a none plain WITHSCORES"), array("x", "1", "z", "3"));
  EXPECT_EQ(call("ZDIFF 2 a a"), array());
  EXPECT_EQ(call("ZDIFF 2 none a"), array());
  EXPECT_EQ(call("ZDIFF 2 plain a WITHSCORES"), array("v", "1"));
  EXPECT_EQ(call("ZDIFF 2 a b WEIGHTS 1 2"), kSyntax);
}

TEST_F(SortedSetAlgebraTest, Resp3) {
  call("HELLO 3");
  EXPECT_EQ(call("ZUNION 1 a"), array("x", "y", "z"));
  EXPECT_EQ(call("ZINTER 2 a b WITHSCORES"), array(array("y", real("12")), array("z", real("23"))));
  EXPECT_EQ(call("ZDIFF 2 a b WITHSCORES"), array(array("x", real("1"))));
}

TEST_F(SortedSetAlgebraTest, Stores) {
  EXPECT_EQ(call("ZUNIONSTORE d 2 a b WEIGHTS 1 2"), integer(4));
  EXPECT_EQ(call("ZRANGE d 0 -1 WITHSCORES"), array("x", "1", "y", "22", "z", "43", "w", "60"));
  EXPECT_EQ(call("ZINTERSTORE d 2 a b AGGREGATE MIN"), integer(2));
  EXPECT_EQ(call("ZRANGE d 0 -1 WITHSCORES"), array("y", "2", "z", "3"));
  EXPECT_EQ(call("ZDIFFSTORE d 2 a b"), integer(1));
  EXPECT_EQ(call("ZRANGE d 0 -1"), array("x"));
  restart();
  EXPECT_EQ(call("ZINTERSTORE d 2 a none"), integer(0));
  EXPECT_EQ(call("EXISTS d"), integer(0));
  EXPECT_EQ(call("ZUNIONSTORE a 2 a b"), integer(4));  // onto a source
  EXPECT_EQ(call("ZRANGE a 0 -1 WITHSCORES"), array("x", "1", "y", "12", "z", "23", "w", "30"));
  EXPECT_EQ(call("ZDIFFSTORE plain 2 plain a"), integer(1));
  EXPECT_EQ(call("TYPE plain"), simple("zset"));
  call("SET s text EX 100");
  EXPECT_EQ(call("ZUNIONSTORE s 1 b"), integer(3));
  EXPECT_EQ(call("TTL s"), integer(-1));
  call("SET s text");
  EXPECT_EQ(call("ZDIFFSTORE s 1 none"), integer(0));
  EXPECT_EQ(call("EXISTS s"), integer(0));
}

// A target that is due is gone, and its contents with it.
TEST_F(SortedSetAlgebraTest, StoresOverATargetThatIsDue) {
  call("PEXPIRE a 10");
  advance_ms(9);
  EXPECT_EQ(call("ZUNIONSTORE b 2 a b"), integer(4));
  clock.advance_ms(5);
  EXPECT_EQ(call("ZUNIONSTORE a 2 a plain"), integer(2));
  EXPECT_EQ(call("ZRANGE a 0 -1 WITHSCORES"), array("v", "1", "y", "1"));
  EXPECT_EQ(call("TTL a"), integer(-1));
}

TEST_F(SortedSetAlgebraTest, InfinitiesNeverMakeNan) {
  call("ZADD p inf m");
  call("ZADD n -inf m");
  EXPECT_EQ(call("ZUNION 2 p n WITHSCORES"), array("m", "0"));
  EXPECT_EQ(call("ZINTER 2 p n WITHSCORES"), array("m", "0"));
  EXPECT_EQ(call("ZUNION 1 p WEIGHTS 0 WITHSCORES"), array("m", "0"));
  EXPECT_EQ(call("ZINTER 2 p a WEIGHTS 0 0"), array());
  EXPECT_EQ(call("ZUNION 1 a WEIGHTS -inf WITHSCORES"), array("x", "-inf", "y", "-inf", "z", "-inf"));
}

TEST_F(SortedSetAlgebraTest, Refusals) {
  EXPECT_EQ(call("ZUNION 0 a"), error("ERR at least 1 input key is needed for 'zunion' command"));
  EXPECT_EQ(call("ZINTERSTORE d -1 a"), error("ERR at least 1 input key is needed for 'zinterstore' command"));
  EXPECT_EQ(call("ZINTERCARD 0 a"), error("ERR at least 1 input key is needed for 'zintercard' command"));
  EXPECT_EQ(call("ZUNION x a"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("ZUNION 3 a b"), kSyntax);
  EXPECT_EQ(call("ZUNION 9223372036854775807 a b"), kSyntax);
  EXPECT_EQ(call("ZUNION 2 a b WEIGHTS 1"), kSyntax);
  EXPECT_EQ(call("ZUNION 2 a b WEIGHTS 1 x"), error("ERR weight value is not a float"));
  EXPECT_EQ(call("ZUNION 2 a b AGGREGATE AVG"), kSyntax);
  EXPECT_EQ(call("ZUNION 2 a b AGGREGATE"), kSyntax);
  EXPECT_EQ(call("ZUNIONSTORE d 2 a b WITHSCORES"), kSyntax);
  EXPECT_EQ(call("ZINTERCARD 2 a b LIMIT -1"), error("ERR LIMIT can't be negative"));
  EXPECT_EQ(call("ZINTERCARD 2 a b LIMIT x"), error("ERR LIMIT can't be negative"));
  EXPECT_EQ(call("ZINTERCARD 2 a b LIMIT"), kSyntax);
  EXPECT_EQ(call("ZINTERCARD 2 a b WEIGHTS 1 2"), kSyntax);
}

TEST_F(SortedSetAlgebraTest, ManyMembers) {
  for (const char* key : {"even", "third"}) {
    const int step = key[0] == 'e' ? 2 : 3;
    std::vector<Bytes> words = {"ZADD", key};
    for (int i = 0; i < 5000; i += step) {
      words.push_back(std::to_string(i));
      words.push_back("member-" + std::to_string(i));
    }
    client().call_words(words);
  }
  EXPECT_EQ(call("ZUNIONSTORE d 2 even third"), integer(2500 + 1667 - 834));
  EXPECT_EQ(call("ZINTERSTORE i 2 even third"), integer(834));
  EXPECT_EQ(call("ZDIFFSTORE m 2 even third"), integer(2500 - 834));
  restart();
  EXPECT_EQ(call("ZINTERCARD 2 d i"), integer(834));
  EXPECT_EQ(call("ZINTERCARD 2 m i"), integer(0));
  EXPECT_EQ(call("ZSCORE d member-6"), bulk("12"));
  EXPECT_EQ(call("ZRANGE d 0 3"), array("member-0", "member-2", "member-3", "member-4"));
}

}  // namespace leat::testing
