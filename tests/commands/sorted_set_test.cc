// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include "tests/support/broker_test.h"

namespace leat::testing {

const Reply kWrong = error("WRONGTYPE Operation against a key holding the wrong kind of value");
const Reply kSyntax = error("ERR syntax error");
const Reply kNotAFloat = error("ERR value is not a valid float");
const Reply kNotAnInteger = error("ERR value is not an integer or out of range");

class SortedSetTest : public BrokerTest {
 public:
  // One request for many members: member-0 … with the score that `score_of` gives.
  template <typename ScoreOf>
  void add_many(const Bytes& key, int count, ScoreOf score_of) {
    std::vector<Bytes> words = {"ZADD", key};
    for (int i = 0; i < count; ++i) {
      words.push_back(std::to_string(score_of(i)));
      words.push_back("member-" + std::to_string(i));
    }
    EXPECT_EQ(client().call_words(words), integer(count));
  }
  void arity(View line) {
    const Reply reply = call(line);
    EXPECT_EQ(reply.text.substr(0, 33), "ERR wrong number of arguments for") << line << reply;
  }
};

// Adding, removing, looking.

TEST_F(SortedSetTest, AddsMovesAndRemoves) {
  EXPECT_EQ(call("ZADD z 1 a 2 b 3 c"), integer(3));
  EXPECT_EQ(call("ZADD z 4 a 2 b 1.5 d"), integer(1));
  EXPECT_EQ(call("ZRANGE z 0 -1 WITHSCORES"), array("d", "1.5", "b", "2", "c", "3", "a", "4"));
  EXPECT_EQ(call("ZCARD z"), integer(4));
  EXPECT_EQ(call("ZREM z a none a c"), integer(2));
  restart();
  EXPECT_EQ(call("ZRANGE z 0 -1"), array("d", "b"));
  EXPECT_EQ(call("ZREM z b d"), integer(2));
  EXPECT_EQ(call("EXISTS z"), integer(0));
  EXPECT_EQ(call("ZREM z b"), integer(0));
  EXPECT_EQ(call("ZCARD z"), integer(0));
}

TEST_F(SortedSetTest, AddOptions) {
  EXPECT_EQ(call("ZADD z XX 1 a"), integer(0));
  EXPECT_EQ(call("EXISTS z"), integer(0));
  EXPECT_EQ(call("ZADD z NX 1 a 2 b"), integer(2));
  EXPECT_EQ(call("ZADD z NX 9 a 3 c"), integer(1));
  EXPECT_EQ(call("ZADD z XX CH 5 a 5 none"), integer(1));
  EXPECT_EQ(call("ZADD z GT CH 4 a 6 b 1 d"), integer(2));  // GT and LT add what is new
  EXPECT_EQ(call("ZADD z LT CH 4 a 7 b"), integer(1));
  EXPECT_EQ(call("ZADD z xx gt ch 3 a 7 b 1 none"), integer(1));
  EXPECT_EQ(call("ZADD z CH 4 a"), integer(0));
  EXPECT_EQ(call("ZRANGE z 0 -1 WITHSCORES"), array("d", "1", "c", "3", "a", "4", "b", "7"));
}

TEST_F(SortedSetTest, AddRefusesWhatRedisRefuses) {
  EXPECT_EQ(call("ZADD z 1 a 2"), kSyntax);
  EXPECT_EQ(call("ZADD z NX CH"), kSyntax);
  EXPECT_EQ(call("ZADD z NX XX 1 a"), error("ERR XX and NX options at the same time are not compatible"));
  for (const char* options : {"GT LT", "NX GT", "NX LT"}) {
    EXPECT_EQ(call("ZADD z " + Bytes(options) + " 1 a"),
              error("ERR GT, LT, and/or NX options at the same time are not compatible"));
  }
  EXPECT_EQ(call("ZADD z INCR 1 a 2 b"), error("ERR INCR option supports a single increment-element pair"));
  EXPECT_EQ(call("ZADD z 1 a x b"), kNotAFloat);
  EXPECT_EQ(call("ZADD z nan a"), kNotAFloat);
  EXPECT_EQ(call("EXISTS z"), integer(0));
  call("SET s x");
  EXPECT_EQ(call("ZADD s x b"), kNotAFloat);  // before the key is looked at
}

// Within one request each pair sees what those before it did.
TEST_F(SortedSetTest, AMemberGivenTwiceIsTakenInOrder) {
  EXPECT_EQ(call("ZADD z CH 1 a 2 a 2 a"), integer(2));
  EXPECT_EQ(call("ZSCORE z a"), bulk("2"));
  EXPECT_EQ(call("ZADD z NX 5 b 6 b"), integer(1));
  EXPECT_EQ(call("ZSCORE z b"), bulk("5"));
  EXPECT_EQ(call("ZADD z GT CH 4 a 3 a 5 a"), integer(2));
  EXPECT_EQ(call("ZADD z LT CH 3 a 4 a"), integer(1));
  EXPECT_EQ(call("ZADD z CH 9 a 3 a"), integer(2));
  EXPECT_EQ(call("ZSCORE z a"), bulk("3"));
}

TEST_F(SortedSetTest, Increments) {
  EXPECT_EQ(call("ZINCRBY z 2.5 a"), bulk("2.5"));
  EXPECT_EQ(call("ZINCRBY z -1 a"), bulk("1.5"));
  EXPECT_EQ(call("ZADD z INCR 1 a"), bulk("2.5"));
  EXPECT_EQ(call("ZADD z INCR 0 a"), bulk("2.5"));
  EXPECT_EQ(call("ZADD z NX INCR 1 a"), null());
  EXPECT_EQ(call("ZADD z XX INCR 1 none"), null());
  EXPECT_EQ(call("ZADD none XX INCR 1 a"), null());
  EXPECT_EQ(call("ZADD z GT INCR -1 a"), null());
  EXPECT_EQ(call("ZADD z LT INCR -1 a"), bulk("1.5"));
  EXPECT_EQ(call("ZINCRBY z x a"), kNotAFloat);
  EXPECT_EQ(call("ZINCRBY z NX a"), kSyntax);  // as Redis: it is ZADD's option
  EXPECT_EQ(call("ZINCRBY z +inf a"), bulk("inf"));
  EXPECT_EQ(call("ZINCRBY z -inf a"), error("ERR resulting score is not a number (NaN)"));
  EXPECT_EQ(call("ZSCORE z a"), bulk("inf"));
  client().call("HELLO 3");
  EXPECT_EQ(call("ZINCRBY z 1 b"), real("1"));
  EXPECT_EQ(call("ZADD z NX INCR 1 b"), null3());
}

TEST_F(SortedSetTest, WrongTypeAndArityEverywhere) {
  call("SET s x");
  for (const char* line :
       {"ZADD s 1 a", "ZCARD s", "ZCOUNT s 0 1", "ZINCRBY s 1 a", "ZLEXCOUNT s - +", "ZMSCORE s a", "ZPOPMIN s",
        "ZPOPMAX s 1", "ZRANDMEMBER s", "ZRANDMEMBER s 1", "ZRANGE s 0 1", "ZRANGEBYLEX s - +", "ZRANGEBYSCORE s 0 1",
        "ZRANGESTORE d s 0 1", "ZRANK s a", "ZREVRANK s a WITHSCORE", "ZREM s a", "ZREMRANGEBYLEX s - +",
        "ZREMRANGEBYRANK s 0 1", "ZREMRANGEBYSCORE s 0 1", "ZREVRANGE s 0 1", "ZREVRANGEBYLEX s + -",
        "ZREVRANGEBYSCORE s 1 0", "ZSCAN s 0", "ZSCORE s a", "ZMPOP 1 s MIN", "BZMPOP 0 1 s MIN", "BZPOPMIN s 0",
        "BZPOPMAX s 0", "ZUNION 1 s", "ZINTER 2 none s", "ZDIFF 1 s", "ZINTERCARD 1 s", "ZUNIONSTORE d 1 s",
        "ZINTERSTORE d 1 s", "ZDIFFSTORE d 1 s"}) {
    EXPECT_EQ(call(line), kWrong) << line;
  }
  for (const char* line : {"ZADD z 1", "ZCARD z z", "ZCOUNT z 0", "ZRANK z a WITHSCORE x", "ZRANGE z 0", "ZSCORE z",
                           "ZPOPMIN", "BZPOPMIN z", "ZMPOP 1 z", "ZUNIONSTORE d 1", "ZREMRANGEBYRANK z 0", "ZSCAN z"}) {
    arity(line);
  }
}

TEST_F(SortedSetTest, ScoresAndRanks) {
  call("ZADD z 1 a 2 b 3 c");
  EXPECT_EQ(call("ZSCORE z none"), null());
  EXPECT_EQ(call("ZSCORE none a"), null());
  EXPECT_EQ(call("ZMSCORE z a none c"), array("1", null(), "3"));
  EXPECT_EQ(call("ZMSCORE none a b"), array(null(), null()));
  EXPECT_EQ(call("ZRANK z c"), integer(2));
  EXPECT_EQ(call("ZREVRANK z c"), integer(0));
  EXPECT_EQ(call("ZRANK z a WITHSCORE"), array(0, "1"));
  EXPECT_EQ(call("ZREVRANK z a withscore"), array(2, "1"));
  EXPECT_EQ(call("ZRANK z none"), null());
  EXPECT_EQ(call("ZRANK z none WITHSCORE"), null_array());
  EXPECT_EQ(call("ZRANK none a WITHSCORE"), null_array());
  EXPECT_EQ(call("ZRANK z a WITHSCORES"), kSyntax);
  client().call("HELLO 3");
  EXPECT_EQ(call("ZSCORE z a"), real("1"));
  EXPECT_EQ(call("ZMSCORE z a none"), array(real("1"), null3()));
  EXPECT_EQ(call("ZRANK z b WITHSCORE"), array(1, real("2")));
  EXPECT_EQ(call("ZRANK z none WITHSCORE"), null3());
}

// Ranges.

TEST_F(SortedSetTest, RangesByRank) {
  call("ZADD z 1 a 2 b 3 c");
  EXPECT_EQ(call("ZRANGE z 0 -1"), array("a", "b", "c"));
  EXPECT_EQ(call("ZRANGE z -2 100"), array("b", "c"));
  EXPECT_EQ(call("ZRANGE z 2 1"), array());
  EXPECT_EQ(call("ZRANGE none 0 -1"), array());
  EXPECT_EQ(call("ZRANGE z 0 1 REV"), array("c", "b"));
  EXPECT_EQ(call("ZREVRANGE z 1 2 WITHSCORES"), array("b", "2", "a", "1"));
  EXPECT_EQ(call("ZREVRANGE z -1 -1"), array("a"));
  EXPECT_EQ(call("ZRANGE z a 1"), kNotAnInteger);
  EXPECT_EQ(call("ZRANGE z 0 1 REV REV"), kSyntax);
  EXPECT_EQ(call("ZREVRANGE z 0 1 REV"), kSyntax);
  EXPECT_EQ(call("ZRANGE z 0 1 LIMIT 0 1"),
            error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"));
  EXPECT_EQ(call("ZRANGE z 0 1 LIMIT 5 -1"), call("ZRANGE z 0 1")) << "no limit, whatever stands before it";
  EXPECT_EQ(call("ZRANGESTORE to z 0 1 REV LIMIT 5 -1"), integer(2));
  EXPECT_EQ(call("ZRANGE z 0 1 LIMIT 0"), kSyntax);
  EXPECT_EQ(call("ZRANGE z -9223372036854775808 9223372036854775807"), array("a", "b", "c"));
}

TEST_F(SortedSetTest, RangesByScore) {
  call("ZADD z -inf a 1 b 2 c 3 d +inf e");
  EXPECT_EQ(call("ZRANGEBYSCORE z -inf +inf"), array("a", "b", "c", "d", "e"));
  EXPECT_EQ(call("ZRANGEBYSCORE z (-inf (inf"), array("b", "c", "d"));
  EXPECT_EQ(call("ZRANGEBYSCORE z (1 3 WITHSCORES"), array("c", "2", "d", "3"));
  EXPECT_EQ(call("ZRANGEBYSCORE z 3 1"), array());
  EXPECT_EQ(call("ZRANGEBYSCORE z (2 2"), array());
  EXPECT_EQ(call("ZREVRANGEBYSCORE z 3 (1"), array("d", "c"));
  EXPECT_EQ(call("ZRANGE z 3 (1 BYSCORE REV"), array("d", "c"));
  EXPECT_EQ(call("ZRANGE z 1 3 BYSCORE LIMIT 1 1 WITHSCORES"), array("c", "2"));
  EXPECT_EQ(call("ZRANGEBYSCORE z 1 3 LIMIT 1 -1"), array("c", "d"));
  EXPECT_EQ(call("ZRANGEBYSCORE z 1 3 LIMIT 1 9223372036854775807"), array("c", "d"));
  EXPECT_EQ(call("ZREVRANGEBYSCORE z 3 1 LIMIT 1 5"), array("c", "b"));
  EXPECT_EQ(call("ZRANGEBYSCORE z 1 3 LIMIT 0 0"), array());
  EXPECT_EQ(call("ZRANGEBYSCORE z 1 3 LIMIT -1 5"), array());
  EXPECT_EQ(call("ZRANGEBYSCORE z 1 3 LIMIT 9 5"), array());
  EXPECT_EQ(call("ZRANGEBYSCORE z 1 3 LIMIT a 5"), kNotAnInteger);
  EXPECT_EQ(call("ZRANGEBYSCORE z x 3"), error("ERR min or max is not a float"));
  EXPECT_EQ(call("ZRANGEBYSCORE z 1 nan"), error("ERR min or max is not a float"));
  EXPECT_EQ(call("ZRANGEBYSCORE z 1 3 BYSCORE"), kSyntax);
  EXPECT_EQ(call("ZCOUNT z (1 inf"), integer(3));
  EXPECT_EQ(call("ZCOUNT z 5 1"), integer(0));
  EXPECT_EQ(call("ZCOUNT none 1 5"), integer(0));
  EXPECT_EQ(call("ZCOUNT z a b"), error("ERR min or max is not a float"));
}

TEST_F(SortedSetTest, RangesByMember) {
  call("ZADD z 0 a 0 b 0 c 0 d 0 aa");
  call("ZADD rising 1 a 2 b 3 c 4 d");  // unspecified but for who has his members in order all the same, as here
  EXPECT_EQ(call("ZRANGE rising [b [c BYLEX"), array("b", "c"));
  EXPECT_EQ(call("ZLEXCOUNT rising (b +"), integer(2));
  EXPECT_EQ(call("ZRANGEBYLEX z - +"), array("a", "aa", "b", "c", "d"));
  EXPECT_EQ(call("ZRANGEBYLEX z [aa (c"), array("aa", "b"));
  EXPECT_EQ(call("ZRANGEBYLEX z + -"), array());
  EXPECT_EQ(call("ZRANGEBYLEX z (c [b"), array());
  EXPECT_EQ(call("ZREVRANGEBYLEX z (c - LIMIT 1 2"), array("aa", "a"));
  EXPECT_EQ(call("ZRANGE z [b + BYLEX LIMIT 0 2"), array("b", "c"));
  EXPECT_EQ(call("ZRANGE z + [b BYLEX REV"), array("d", "c", "b"));
  EXPECT_EQ(call("ZRANGE z a b BYLEX"), error("ERR min or max not valid string range item"));
  EXPECT_EQ(call("ZRANGEBYLEX z - +x"), error("ERR min or max not valid string range item"));
  EXPECT_EQ(call("ZRANGEBYLEX z - + WITHSCORES"),
            error("ERR syntax error, WITHSCORES not supported in combination with BYLEX"));
  EXPECT_EQ(call("ZLEXCOUNT z [a (b"), integer(2));
  EXPECT_EQ(call("ZLEXCOUNT z + -"), integer(0));
  EXPECT_EQ(call("ZLEXCOUNT none - +"), integer(0));
  EXPECT_EQ(call("ZLEXCOUNT z a b"), error("ERR min or max not valid string range item"));
}

TEST_F(SortedSetTest, RangesInResp3) {
  call("HELLO 3");
  call("ZADD z 1 a 2.5 b");
  EXPECT_EQ(call("ZRANGE z 0 -1"), array("a", "b"));
  EXPECT_EQ(call("ZRANGE z 0 -1 WITHSCORES"), array(array("a", real("1")), array("b", real("2.5"))));
  EXPECT_EQ(call("ZREVRANGEBYSCORE z inf -inf WITHSCORES LIMIT 0 1"), array(array("b", real("2.5"))));
}

TEST_F(SortedSetTest, StoresRanges) {
  call("ZADD z 1 a 2 b 3 c");
  EXPECT_EQ(call("ZRANGESTORE d z 1 -1"), integer(2));
  EXPECT_EQ(call("ZRANGE d 0 -1 WITHSCORES"), array("b", "2", "c", "3"));
  call("EXPIRE d 100");
  EXPECT_EQ(call("ZRANGESTORE d z (1 3 BYSCORE LIMIT 0 1"), integer(1));
  EXPECT_EQ(call("TTL d"), integer(-1));
  EXPECT_EQ(call("ZRANGE d 0 -1"), array("b"));
  call("SET s text");
  EXPECT_EQ(call("ZRANGESTORE s z 0 0 REV"), integer(1));  // whatever it held
  EXPECT_EQ(call("ZRANGE s 0 -1"), array("c"));
  EXPECT_EQ(call("ZRANGESTORE z z 1 1"), integer(1));  // onto itself
  EXPECT_EQ(call("ZRANGE z 0 -1 WITHSCORES"), array("b", "2"));
  EXPECT_EQ(call("ZRANGESTORE s none 0 -1"), integer(0));
  EXPECT_EQ(call("EXISTS s"), integer(0));
  EXPECT_EQ(call("ZRANGESTORE d z 5 9"), integer(0));
  EXPECT_EQ(call("EXISTS d"), integer(0));
  EXPECT_EQ(call("ZRANGESTORE d z 0 -1 WITHSCORES"), kSyntax);
}

TEST_F(SortedSetTest, RemovesRanges) {
  call("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f");
  EXPECT_EQ(call("ZREMRANGEBYRANK z 0 0"), integer(1));
  EXPECT_EQ(call("ZREMRANGEBYRANK z -1 -1"), integer(1));
  EXPECT_EQ(call("ZREMRANGEBYRANK z 9 10"), integer(0));
  EXPECT_EQ(call("ZREMRANGEBYSCORE z (2 3"), integer(1));
  EXPECT_EQ(call("ZRANGE z 0 -1"), array("b", "d", "e"));
  EXPECT_EQ(call("ZREMRANGEBYSCORE z -inf +inf"), integer(3));
  EXPECT_EQ(call("EXISTS z"), integer(0));
  EXPECT_EQ(call("ZREMRANGEBYSCORE z 0 1"), integer(0));
  call("ZADD z 0 a 0 b 0 c");
  EXPECT_EQ(call("ZREMRANGEBYLEX z [b +"), integer(2));
  EXPECT_EQ(call("ZRANGE z 0 -1"), array("a"));
  EXPECT_EQ(call("ZREMRANGEBYLEX z b c"), error("ERR min or max not valid string range item"));
  EXPECT_EQ(call("ZREMRANGEBYRANK z x 1"), kNotAnInteger);
  EXPECT_EQ(call("ZREMRANGEBYSCORE z x 1"), error("ERR min or max is not a float"));
}

// Members of one score lie in the order of their bytes, unsigned.
TEST_F(SortedSetTest, TiesAreInTheOrderOfBytes) {
  client().call_words({"ZADD", "z", "0", "b", "0", "\xff", "0", "", "0", "B", "0", Bytes("\0x", 2), "0", "ba"});
  EXPECT_EQ(call("ZRANGE z 0 -1"), array("", Bytes("\0x", 2), "B", "b", "ba", "\xff"));
  restart();
  EXPECT_EQ(call("ZREVRANGE z 0 1"), array("\xff", "ba"));
}

TEST_F(SortedSetTest, InfinityAndZeroes) {
  call("ZADD z inf a -inf b 1e300 c -0 d 0 e");
  EXPECT_EQ(call("ZRANGE z 0 -1 WITHSCORES").items[0], bulk("b"));
  EXPECT_EQ(call("ZSCORE z d"), bulk("0"));
  EXPECT_EQ(call("ZRANK z d"), integer(1));
  EXPECT_EQ(call("ZADD z CH 0 d"), integer(0));
  EXPECT_EQ(call("ZRANGEBYSCORE z 1e300 1e999"), array("c", "a"));
  restart();
  EXPECT_EQ(call("ZPOPMAX z"), array("a", "inf"));
  EXPECT_EQ(call("ZPOPMIN z"), array("b", "-inf"));
}

// Pops.

TEST_F(SortedSetTest, Pops) {
  call("ZADD z 1 a 2 b 3 c 4 d 5 e");
  EXPECT_EQ(call("ZPOPMIN z"), array("a", "1"));
  EXPECT_EQ(call("ZPOPMAX z 2"), array("e", "5", "d", "4"));
  EXPECT_EQ(call("ZPOPMIN z 0"), array());
  EXPECT_EQ(call("ZPOPMIN z 9223372036854775807"), array("b", "2", "c", "3"));
  EXPECT_EQ(call("EXISTS z"), integer(0));
  EXPECT_EQ(call("ZPOPMIN z"), array());
  EXPECT_EQ(call("ZPOPMAX z 3"), array());
  EXPECT_EQ(call("ZPOPMIN z -1"), error("ERR value is out of range, must be positive"));
  EXPECT_EQ(call("ZPOPMIN z x"), error("ERR value is out of range, must be positive"));
  EXPECT_EQ(call("ZPOPMIN z 1 2"), kSyntax);
}

TEST_F(SortedSetTest, PopsInResp3) {
  call("HELLO 3");
  call("ZADD z 1 a 2 b 3 c 4 d");
  EXPECT_EQ(call("ZPOPMIN z"), array("a", real("1")));
  EXPECT_EQ(call("ZPOPMIN z 1"), array(array("b", real("2"))));
  EXPECT_EQ(call("BZPOPMIN z 0"), array("z", "c", real("3")));
  EXPECT_EQ(call("ZMPOP 1 z MAX"), array("z", array(array("d", real("4")))));
  EXPECT_EQ(call("ZMPOP 1 z MAX"), null3());
  EXPECT_EQ(call("ZPOPMIN z"), array());
}

TEST_F(SortedSetTest, PopsFromTheFirstKeyThatHasSomething) {
  call("ZADD z 1 a 2 b 3 c");
  EXPECT_EQ(call("ZMPOP 2 none z MIN COUNT 2"), array("z", array(array("a", "1"), array("b", "2"))));
  EXPECT_EQ(call("BZMPOP 0 2 none z MAX COUNT 10"), array("z", array(array("c", "3"))));
  EXPECT_EQ(call("ZMPOP 2 none z MIN"), null_array());
  EXPECT_EQ(call("ZMPOP 0 z MIN"), error("ERR numkeys should be greater than 0"));
  EXPECT_EQ(call("ZMPOP x z MIN"), error("ERR numkeys should be greater than 0"));
  EXPECT_EQ(call("ZMPOP 1 z MID"), kSyntax);
  EXPECT_EQ(call("ZMPOP 2 z MIN"), kSyntax);
  EXPECT_EQ(call("ZMPOP 1 z MIN COUNT 0"), error("ERR count should be greater than 0"));
  EXPECT_EQ(call("ZMPOP 1 z MIN COUNT"), kSyntax);
  EXPECT_EQ(call("ZMPOP 1 z MIN COUNT 1 COUNT 2"), kSyntax);
  EXPECT_EQ(call("BZMPOP x 1 z MID"), kSyntax);  // the time-out is read last
  EXPECT_EQ(call("BZMPOP x 1 z MIN"), error("ERR timeout is not a float or out of range"));
  EXPECT_EQ(call("BZMPOP -1 1 z MIN"), error("ERR timeout is negative"));
}

// Random members.

TEST_F(SortedSetTest, RandomMembers) {
  EXPECT_EQ(call("ZRANDMEMBER none"), null());
  EXPECT_EQ(call("ZRANDMEMBER none 5"), array());
  call("ZADD z 1 a 2 b 3 c");
  std::set<Bytes> met;
  for (int i = 0; i < 200; ++i) met.insert(call("ZRANDMEMBER z").text);
  EXPECT_EQ(met, (std::set<Bytes>{"a", "b", "c"}));
  EXPECT_EQ(call("ZRANDMEMBER z 0"), array());
  EXPECT_EQ(call("ZRANDMEMBER z 3").items.size(), 3u);
  EXPECT_EQ(call("ZRANDMEMBER z 9223372036854775807").items.size(), 3u);
  EXPECT_EQ(call("ZRANDMEMBER z 2 WITHSCORES").items.size(), 4u);
  EXPECT_EQ(call("ZRANDMEMBER z -10").items.size(), 10u);
  EXPECT_EQ(call("ZRANDMEMBER z -2 WITHSCORES").items.size(), 4u);
  EXPECT_EQ(call("ZRANDMEMBER z -9223372036854775807"), error("ERR value is out of range"));
  EXPECT_EQ(call("ZRANDMEMBER z -9223372036854775807 WITHSCORES"), error("ERR value is out of range"));
  EXPECT_TRUE(call("ZRANDMEMBER z -9223372036854775808").is_error());
  EXPECT_EQ(call("ZRANDMEMBER z x"), kNotAnInteger);
  EXPECT_EQ(call("ZRANDMEMBER z 1 WITHSCORE"), kSyntax);
  call("HELLO 3");
  call("ZREM z b c");
  EXPECT_EQ(call("ZRANDMEMBER z -2 WITHSCORES"), array(array("a", real("1")), array("a", real("1"))));
}

TEST_F(SortedSetTest, RandomMembersOfMany) {
  add_many("z", 5000, [](int i) { return i % 7; });
  for (const size_t count : {10u, 600u, 700u, 4999u, 5000u}) {
    std::set<Bytes> met;
    for (const Reply& one : call("ZRANDMEMBER z " + std::to_string(count)).items) met.insert(one.text);
    EXPECT_EQ(met.size(), count);
  }
}

// Waiting.

TEST_F(SortedSetTest, WaitersAreServedInArrivalOrder) {
  TestClient& first = connect();
  TestClient& second = connect();
  TestClient& third = connect();
  first.send("BZPOPMIN z 0");
  second.send("BZPOPMAX z 0");
  third.send("BZMPOP 0 2 none z MIN COUNT 5");
  EXPECT_EQ(call("ZADD z 1 a 2 b 3 c 4 d"), integer(4));
  EXPECT_EQ(first.reply(), array("z", "a", "1"));
  EXPECT_EQ(second.reply(), array("z", "d", "4"));
  EXPECT_EQ(third.reply(), array("z", array(array("b", "2"), array("c", "3"))));
  EXPECT_EQ(call("EXISTS z"), integer(0));
}

TEST_F(SortedSetTest, TheFirstKeyNamedIsServedFirst) {
  call("ZADD b 1 x");
  call("ZADD a 2 y");
  EXPECT_EQ(call("BZPOPMIN a b 0"), array("a", "y", "2"));
  EXPECT_EQ(call("BZPOPMAX a b 0"), array("b", "x", "1"));
  TestClient& waiter = connect();
  waiter.send("BZPOPMIN a b 0");
  call("ZINCRBY b 3 z");
  EXPECT_EQ(waiter.reply(), array("b", "z", "3"));
}

TEST_F(SortedSetTest, WaitingEndsWithItsTime) {
  TestClient& waiter = connect();
  for (const char* line : {"BZPOPMIN z 1.5", "BZPOPMAX z 1.5", "BZMPOP 1.5 1 z MIN"}) {
    waiter.send(line);
    advance_ms(1499);
    EXPECT_FALSE(waiter.has_reply());
    advance_ms(2);
    EXPECT_EQ(waiter.reply(), null_array());
  }
  EXPECT_EQ(waiter.call("BZPOPMIN z -1"), error("ERR timeout is negative"));
  EXPECT_EQ(waiter.call("BZPOPMIN z x"), error("ERR timeout is not a float or out of range"));
  call("MULTI");
  call("BZPOPMIN z 0");
  call("BZMPOP 0 1 z MIN");
  EXPECT_EQ(call("EXEC"), array(null_array(), null_array()));
}

TEST_F(SortedSetTest, AnotherTypeDoesNotEndTheWaitAndAStoreDoes) {
  TestClient& waiter = connect();
  waiter.send("BZPOPMIN z 0");
  call("RPUSH z x");
  EXPECT_TRUE(waiter.blocked());
  call("DEL z");
  call("ZADD source 1 a 2 b");
  call("ZUNIONSTORE z 1 source");
  EXPECT_EQ(waiter.reply(), array("z", "a", "1"));
  call("DEL z");
  waiter.send("BZPOPMAX z 0");
  call("ZRANGESTORE z source 0 -1");
  EXPECT_EQ(waiter.reply(), array("z", "b", "2"));
}

// BullMQ's workers wait on a marker: whoever adds a job sets it, and one worker wakes.
TEST_F(SortedSetTest, AMarkerWakesExactlyOneOfManyWorkers) {
  std::vector<TestClient*> workers;
  for (int i = 0; i < 50; ++i) {
    workers.push_back(&connect());
    workers.back()->send("BZPOPMIN bull:jobs:marker 10");
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(call("ZADD bull:jobs:marker 0 0"), integer(1));
    EXPECT_EQ(workers[i]->reply(), array("bull:jobs:marker", "0", "0"));
    EXPECT_EQ(rooms().executor.blocked(), 49u - i);
  }
  EXPECT_EQ(call("EXISTS bull:jobs:marker"), integer(0));
  call("MULTI");  // set twice before anyone looks, it still is one marker
  call("ZADD bull:jobs:marker 0 0");
  call("ZADD bull:jobs:marker 0 0");
  call("EXEC");
  EXPECT_EQ(workers[5]->reply(), array("bull:jobs:marker", "0", "0"));
  EXPECT_EQ(rooms().executor.blocked(), 44u);
  call("ZADD bull:jobs:marker 100 1");  // a delayed job's: the score is its time
  EXPECT_EQ(workers[6]->reply(), array("bull:jobs:marker", "1", "100"));
  advance_ms(10001);
  for (size_t i = 7; i < workers.size(); ++i) EXPECT_EQ(workers[i]->reply(), null_array());
}

// Large sets, and pages of them.

TEST_F(SortedSetTest, FiveThousandMembers) {
  add_many("z", 5000, [](int i) { return i * 7 % 5000; });
  restart();
  EXPECT_EQ(call("ZCARD z"), integer(5000));
  EXPECT_EQ(call("ZRANGE z 0 1"), array("member-0", "member-2143"));
  EXPECT_EQ(call("ZCOUNT z (10 20"), integer(10));
  EXPECT_EQ(call("ZRANK z member-1"), integer(7));
  EXPECT_EQ(call("ZREVRANK z member-1"), integer(4992));
  EXPECT_EQ(call("ZREMRANGEBYRANK z 0 2499"), integer(2500));
  EXPECT_EQ(call("ZRANGESTORE half z 0 -1"), integer(2500));
  EXPECT_EQ(call("ZINTERCARD 2 z half"), integer(2500));
  const Reply lowest = call("ZRANGE half 0 0 WITHSCORES");
  EXPECT_EQ(lowest.items[1], bulk("2500"));
  EXPECT_EQ(call("ZPOPMIN z 1"), lowest);
  restart();
  EXPECT_EQ(call("ZCARD half"), integer(2500));
}

TEST_F(SortedSetTest, ASmallSetIsScannedWhole) {
  EXPECT_EQ(call("ZSCAN none 0"), array("0", array()));
  EXPECT_EQ(call("ZSCAN none 0 COUNT x"), array("0", array()));
  call("ZADD z 1 a 2.5 b 3 bc");
  EXPECT_EQ(call("ZSCAN z 0 COUNT 1"), array("0", array("a", "1", "b", "2.5", "bc", "3")));
  EXPECT_EQ(call("ZSCAN z 77 MATCH b*"), array("0", array("b", "2.5", "bc", "3")));
  EXPECT_EQ(call("ZSCAN z x"), error("ERR invalid cursor"));
  EXPECT_EQ(call("ZSCAN z 0 COUNT 0"), kSyntax);
  EXPECT_EQ(call("ZSCAN z 0 COUNT x"), kNotAnInteger);
  EXPECT_EQ(call("ZSCAN z 0 NOVALUES"), kSyntax);
  call("HELLO 3");
  EXPECT_EQ(call("ZSCAN z 0 MATCH a"), array("0", array("a", "1")));
}

// Members that are there from the first page to the last come exactly once, whatever else comes, goes and moves.
TEST_F(SortedSetTest, AScanKeepsItsPromiseUnderChanges) {
  add_many("z", 5000, [](int i) { return i % 3 == 0 ? 1 : i; });
  std::map<Bytes, int> met;
  Bytes cursor = "0";
  int pages = 0;
  do {
    const Reply page = call("ZSCAN z " + cursor + " COUNT 20");
    cursor = page.items[0].text;
    EXPECT_TRUE(cursor == "0" || page.items[1].items.size() >= 40u);
    for (size_t i = 0; i < page.items[1].items.size(); i += 2) ++met[page.items[1].items[i].text];
    const Bytes number = std::to_string(++pages);
    for (int i = 0; i < 100; ++i) {  // grows, moves to either end, shrinks
      call("ZADD z " + std::to_string(i) + " new-" + number + "-" + std::to_string(i));
      call("ZADD z " + std::to_string(pages % 2 ? -i : 10000 + i) + " member-" + std::to_string(i * 37 % 4000));
    }
    call("ZREM z member-" + std::to_string(4999 - pages % 1000));
  } while (cursor != "0");
  for (int i = 0; i < 4000; ++i) EXPECT_EQ(met["member-" + std::to_string(i)], 1) << i;
}

// The index knows scores only: with one score for all, pages grow, so that the scan stays linear.
TEST_F(SortedSetTest, AScanOfEqualScoresEnds) {
  add_many("z", 5000, [](int) { return 0; });
  std::set<Bytes> met;
  Bytes cursor = "0";
  int pages = 0;
  do {
    const Reply page = call("ZSCAN z " + cursor + " COUNT 1");
    cursor = page.items[0].text;
    for (size_t i = 0; i < page.items[1].items.size(); i += 2)
      EXPECT_TRUE(met.insert(page.items[1].items[i].text).second);
    ++pages;
  } while (cursor != "0");
  EXPECT_EQ(met.size(), 5000u);
  EXPECT_LE(pages, 65);
}

TEST_F(SortedSetTest, LargeAndBinaryMembersSurvive) {
  const Bytes binary("\0\r\n\xff", 4), large(100000, 'x');
  client().call_words({"ZADD", "z", "1", binary, "2", large, "3", ""});
  restart();
  EXPECT_EQ(call("ZRANGE z 0 -1"), array(binary, large, ""));
  EXPECT_EQ(client().call_words({"ZSCORE", "z", large}), bulk("2"));
  EXPECT_EQ(call("ZSCAN z 0").items[1].items.size(), 6u);
  EXPECT_EQ(client().call_words({"ZREM", "z", large}), integer(1));
}

}  // namespace leat::testing
