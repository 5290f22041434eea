// SPDX-License-Identifier: Apache-2.0
// XADD … IDMP and IDMPAUTO, XCFGSET: an entry that is sent twice is added once.
#include "tests/support/broker_test.h"

namespace leat::testing {

class StreamProducersTest : public BrokerTest {
 protected:
  Bytes add(View options) {
    const Reply id = call("XADD s " + Bytes(options));
    EXPECT_EQ(id.type, '$') << id.text;
    return id.text;
  }
  Reply length() { return call("XLEN s"); }
  // A field of XINFO STREAM; null when it has none of that name.
  Reply of_stream(View name) {
    const Reply info = call("XINFO STREAM s");
    for (size_t i = 0; i + 1 < info.items.size(); i += 2) {
      if (info.items[i].text == name) return info.items[i + 1];
    }
    return null();
  }
};

TEST_F(StreamProducersTest, AnIdThatComesAgainIsAnsweredWithItsEntry) {
  const Bytes first = add("IDMP p payment * amount 100");
  EXPECT_EQ(add("IDMP p payment * amount 200"), first);
  EXPECT_EQ(length(), integer(1));
  EXPECT_EQ(call("XRANGE s - +"), array(array(first, array("amount", "100"))));
  EXPECT_NE(add("IDMP p other * amount 100"), first);
  EXPECT_NE(add("IDMP q payment * amount 100"), first);  // another producer's
  EXPECT_NE(add("IDMPAUTO p * amount 100"), first);
  EXPECT_EQ(length(), integer(4));
  restart();
  EXPECT_EQ(add("IDMP p payment * amount 300"), first);
  restart_after_power_cut(7);
  EXPECT_EQ(add("IDMP p payment * amount 300"), first);
  EXPECT_EQ(length(), integer(4));
}

TEST_F(StreamProducersTest, FieldsAreKnownInAnyOrder) {
  const Bytes first = add("IDMPAUTO p * a 1 b 2 c 3");
  EXPECT_EQ(add("IDMPAUTO p * c 3 a 1 b 2"), first);
  EXPECT_NE(add("IDMPAUTO p * a 1 b 2"), first);
  EXPECT_NE(add("IDMPAUTO p * a 2 b 1 c 3"), first);
  EXPECT_NE(add("IDMPAUTO p * a 1b 2 \"\" c 3"), first);
  EXPECT_EQ(length(), integer(4));
}

TEST_F(StreamProducersTest, AnyBytesAreAnId) {
  std::vector<Bytes> ids = {"1", "*", "-", "+", "IDMP", "1-1", Bytes("\0\1\xff", 3), Bytes(70000, 'x')};
  for (int round = 0; round < 2; ++round) {
    for (const Bytes& id : ids) EXPECT_EQ(client().call_words({"XADD", "s", "IDMP", "p", id, "*", "f", "v"}).type, '$');
  }
  EXPECT_EQ(length(), integer(static_cast<int64_t>(ids.size())));
}

TEST_F(StreamProducersTest, GoesWithTheOtherOptions) {
  EXPECT_EQ(call("XADD s NOMKSTREAM IDMP p 1 * f v"), null());
  EXPECT_EQ(call("EXISTS s"), integer(0));
  const Bytes first = add("IDMP p 1 KEEPREF MAXLEN ~ 100 LIMIT 10 * f v");
  EXPECT_EQ(add("MAXLEN 0 NOMKSTREAM IDMP p 1 * f w"), first);  // nothing is added, so nothing is trimmed
  EXPECT_EQ(length(), integer(1));
  EXPECT_NE(add("MAXLEN 1 IDMP p 2 * f v"), first);
  EXPECT_EQ(length(), integer(1));
  EXPECT_EQ(add("IDMP p 1 * f v"), first);  // remembered also when the entry is gone
  call("MULTI");
  call("XADD s IDMP p 3 * f v");
  call("XADD s IDMP p 3 * f v");
  const Reply both = call("EXEC");
  EXPECT_EQ(both.items[0], both.items[1]);
}

TEST_F(StreamProducersTest, TimeForgets) {
  const Bytes first = add("IDMP p 1 * f v");
  advance_ms(99'999);
  EXPECT_EQ(add("IDMP p 1 * f v"), first);
  EXPECT_EQ(of_stream("iids-tracked"), integer(1));
  advance_ms(1);
  EXPECT_EQ(of_stream("iids-tracked"), integer(0));
  EXPECT_EQ(of_stream("pids-tracked"), integer(0));
  const Bytes second = add("IDMP p 1 * f v");
  EXPECT_NE(second, first);
  EXPECT_EQ(add("IDMP p 1 * f v"), second);
  EXPECT_EQ(call("XCFGSET s IDMP-DURATION 1"), ok());
  const Bytes third = add("IDMP p 1 * f v");
  EXPECT_NE(third, second);
  for (int i = 0; i < 50; ++i) add("IDMP many " + std::to_string(i) + " * f v");
  advance_ms(1000);
  // What has expired goes, a few at a time.
  for (int i = 0; i < 5; ++i) add("IDMP late " + std::to_string(i) + " * f v");
  EXPECT_EQ(of_stream("iids-tracked"), integer(5));
  EXPECT_EQ(of_stream("pids-tracked"), integer(1));
}

TEST_F(StreamProducersTest, AProducerHasSoMany) {
  add("IDMP p init * f v");
  EXPECT_EQ(call("XCFGSET s IDMP-MAXSIZE 8"), ok());
  std::vector<Bytes> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(add("IDMP p " + std::to_string(i) + " * f v"));
  const Bytes others = add("IDMP q 1 * f v");
  for (int i = 92; i < 100; ++i) EXPECT_EQ(add("IDMP p " + std::to_string(i) + " * f v"), ids[i]);
  EXPECT_EQ(of_stream("iids-tracked"), integer(9));
  restart();
  EXPECT_NE(add("IDMP p 91 * f v"), ids[91]);
  EXPECT_NE(add("IDMP p 92 * f v"), ids[92]);  // the oldest made room
  EXPECT_EQ(add("IDMP p 99 * f v"), ids[99]);
  EXPECT_EQ(add("IDMP q 1 * f v"), others);
}

TEST_F(StreamProducersTest, ConfiguringForgetsUnlessItIsAsItWas) {
  const Bytes first = add("IDMP p 1 * f v");
  EXPECT_EQ(call("XCFGSET s IDMP-DURATION 100 IDMP-MAXSIZE 100"), ok());
  EXPECT_EQ(add("IDMP p 1 * f v"), first);
  EXPECT_EQ(call("XCFGSET s IDMP-DURATION 300"), ok());
  EXPECT_EQ(of_stream("iids-tracked"), integer(0));
  EXPECT_EQ(of_stream("pids-tracked"), integer(0));
  EXPECT_EQ(of_stream("iids-added"), integer(1));
  EXPECT_NE(add("IDMP p 1 * f v"), first);
  EXPECT_EQ(call("XCFGSET s IDMP-MAXSIZE 50 IDMP-DURATION 600"), ok());
  restart();
  EXPECT_EQ(of_stream("idmp-duration"), integer(600));
  EXPECT_EQ(of_stream("idmp-maxsize"), integer(50));
  EXPECT_EQ(of_stream("iids-added"), integer(2));
}

TEST_F(StreamProducersTest, InfoShowsIt) {
  add("* f v");
  EXPECT_EQ(of_stream("idmp-duration"), null());  // nobody ever asked this stream to remember
  EXPECT_EQ(call("XINFO STREAM s").items.size(), 20u);
  add("IDMP p 1 * f v");
  add("IDMP p 1 * f v");
  add("IDMP q 1 * f v");
  const Reply info = call("XINFO STREAM s");
  ASSERT_EQ(info.items.size(), 32u);
  const std::vector<Reply> shown(info.items.begin() + 14, info.items.begin() + 26);
  EXPECT_EQ(shown, array("idmp-duration", 100, "idmp-maxsize", 100, "pids-tracked", 2, "iids-tracked", 2, "iids-added",
                         2, "iids-duplicates", 1)
                       .items);
  EXPECT_EQ(call("XINFO STREAM s FULL").items.size(), 30u);
  call("HELLO 3");
  EXPECT_EQ(call("XINFO STREAM s").type, '%');
}

TEST_F(StreamProducersTest, CopiesRememberTheSame) {
  const Bytes first = add("IDMP p 1 * f v");
  EXPECT_EQ(call("COPY s t"), integer(1));
  EXPECT_EQ(call("XADD t IDMP p 1 * f v"), bulk(first));
  EXPECT_EQ(call("XLEN t"), integer(1));
  call("XCFGSET t IDMP-DURATION 5");
  EXPECT_EQ(add("IDMP p 1 * f v"), first);
  call("RENAME s u");
  EXPECT_EQ(call("XADD u IDMP p 1 * f v"), bulk(first));
  call("DEL u");
  EXPECT_NE(call("XADD u IDMP p 1 * f w"), bulk("0-0"));
  EXPECT_EQ(call("XLEN u"), integer(1));
}

TEST_F(StreamProducersTest, AnIdThatIsGivenAgain) {
  const Bytes first = add("IDMP p 1 * f v");
  call("XTRIM s MAXLEN 0");
  call("XSETID s 0-1");
  EXPECT_EQ(add("IDMP p 2 * f v"), first);  // the same millisecond
  EXPECT_EQ(add("IDMP p 2 * f v"), first);
  EXPECT_NE(add("IDMP p 1 * f v"), first);
  EXPECT_EQ(length(), integer(2));
}

TEST_F(StreamProducersTest, SaysWhatIsWrong) {
  const Reply twice = error("ERR IDMP/IDMPAUTO specified multiple times");
  const Reply own = error("ERR IDMP/IDMPAUTO can be used only with auto-generated IDs");
  const Reply invalid = error("ERR Invalid stream ID specified as stream command argument");
  EXPECT_EQ(call("XADD s IDMP p * f v"), invalid);
  EXPECT_EQ(call("XADD s IDMP p 1 1-1 f v"), own);
  EXPECT_EQ(call("XADD s IDMPAUTO p 1-* f v"), own);
  EXPECT_EQ(call("XADD s IDMP p 1 IDMP q 2 * f v"), twice);
  EXPECT_EQ(call("XADD s IDMPAUTO p IDMP q 2 * f v"), twice);
  EXPECT_EQ(call("XADD s IDMP \"\" 1 * f v"), error("ERR IDMP requires a non-empty producer ID"));
  EXPECT_EQ(call("XADD s IDMP p \"\" * f v"), error("ERR IDMP requires a non-empty idempotent ID"));
  EXPECT_EQ(call("XADD s IDMPAUTO \"\" * f v"), error("ERR IDMPAUTO requires a non-empty producer ID"));
  EXPECT_EQ(call("XADD s IDMP p 1 * f"), error("ERR wrong number of arguments for 'xadd' command"));
  EXPECT_EQ(call("EXISTS s"), integer(0));
  EXPECT_EQ(call("XCFGSET s IDMP-DURATION 5"), error("ERR no such key"));
  add("* f v");
  EXPECT_EQ(call("XCFGSET s"), error("ERR At least one parameter must be specified"));
  EXPECT_EQ(call("XCFGSET"), error("ERR wrong number of arguments for 'xcfgset' command"));
  EXPECT_EQ(call("XCFGSET s IDMP-DURATION"), error("ERR syntax error"));
  EXPECT_EQ(call("XCFGSET s FOO 5"), error("ERR syntax error"));
  EXPECT_EQ(call("XCFGSET s IDMP-MAXSIZE x"), error("ERR value is not an integer or out of range"));
  for (const char* wrong : {"0", "-5", "86401"}) {
    EXPECT_EQ(call("XCFGSET s IDMP-DURATION " + Bytes(wrong)),
              error("ERR IDMP-DURATION must be between 1 and 86400 seconds"));
  }
  for (const char* wrong : {"0", "-5", "10001"}) {
    EXPECT_EQ(call("XCFGSET s IDMP-MAXSIZE " + Bytes(wrong)),
              error("ERR IDMP-MAXSIZE must be between 1 and 10000 entries"));
  }
  EXPECT_EQ(of_stream("idmp-duration"), null());
  call("SET k x");
  EXPECT_EQ(call("XCFGSET k IDMP-DURATION 5").text.substr(0, 9), "WRONGTYPE");
}

TEST_F(StreamProducersTest, Thousands) {
  add("* f v");
  call("XCFGSET s IDMP-MAXSIZE 10000 IDMP-DURATION 1000");
  for (int i = 0; i < 3000; ++i) add("IDMP p" + std::to_string(i % 7) + " " + std::to_string(i) + " * f v");
  restart();
  for (int i = 0; i < 3000; i += 11) add("IDMP p" + std::to_string(i % 7) + " " + std::to_string(i) + " * f v");
  EXPECT_EQ(length(), integer(3001));
  EXPECT_EQ(of_stream("iids-tracked"), integer(3000));
  EXPECT_EQ(of_stream("pids-tracked"), integer(7));
}

}  // namespace leat::testing
