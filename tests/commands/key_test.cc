// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "tests/support/broker_test.h"

namespace leat::testing {

class KeyTest : public BrokerTest {};

TEST_F(KeyTest, DeletesCountsAndNamesTypes) {
  call("SET s v");
  call("RPUSH l a");
  call("HSET h f v");
  call("SADD z m");
  EXPECT_EQ(call("EXISTS s l s none"), integer(3));
  EXPECT_EQ(call("TYPE h"), simple("hash"));
  EXPECT_EQ(call("TYPE z"), simple("set"));
  EXPECT_EQ(call("TYPE none"), simple("none"));
  EXPECT_EQ(call("TOUCH s none"), integer(1));
  EXPECT_EQ(call("DEL s s none"), integer(1));
  EXPECT_EQ(call("UNLINK l h z"), integer(3));
  EXPECT_EQ(call("DBSIZE"), integer(0));
}

TEST_F(KeyTest, ExpiresOnTimeAndHidesAtOnce) {
  call("SET k v PX 100");
  call("SET stays v");
  clock.advance_ms(100);  // nothing has purged it yet
  EXPECT_EQ(call("GET k"), null());
  EXPECT_EQ(call("KEYS *"), array("stays"));
  EXPECT_EQ(call("RANDOMKEY"), bulk("stays"));
  EXPECT_EQ(call("TTL k"), integer(-2));
  tick();
  EXPECT_EQ(call("DBSIZE"), integer(1));
  EXPECT_EQ(rooms().stats.expired_keys, 1u);
}

TEST_F(KeyTest, AWriteToADueKeyStartsFromNothing) {
  call("RPUSH l a b");
  call("PEXPIRE l 10");
  clock.advance_ms(10);
  EXPECT_EQ(call("RPUSH l c"), integer(1));
  EXPECT_EQ(call("LRANGE l 0 -1"), array("c"));
  EXPECT_EQ(call("TTL l"), integer(-1));
}

TEST_F(KeyTest, ExpiryWithConditions) {
  call("SET k v");
  EXPECT_EQ(call("EXPIRE k 100 XX"), integer(0));
  EXPECT_EQ(call("EXPIRE k 100 GT"), integer(0));
  EXPECT_EQ(call("EXPIRE k 100 LT"), integer(1));
  EXPECT_EQ(call("EXPIRE k 50 GT"), integer(0));
  EXPECT_EQ(call("PEXPIRE k 200000 XX GT"), integer(1));
  EXPECT_EQ(call("EXPIRE k 1 NX"), integer(0));
  EXPECT_EQ(call("EXPIRE k 1 NX XX"), error("ERR NX and XX, GT or LT options at the same time are not compatible"));
  EXPECT_EQ(call("EXPIRE k 1 GT LT"), error("ERR GT and LT options at the same time are not compatible"));
  EXPECT_EQ(call("EXPIRE k 1 FOO"), error("ERR Unsupported option FOO"));
  EXPECT_EQ(call("EXPIRE k 9223372036854775807"), error("ERR invalid expire time in 'expire' command"));
  EXPECT_EQ(call("TTL k"), integer(200));
  EXPECT_EQ(call("PERSIST k"), integer(1));
  EXPECT_EQ(call("PERSIST k"), integer(0));
  EXPECT_EQ(call("EXPIREAT k 2000000000"), integer(1));
  EXPECT_EQ(call("EXPIRETIME k"), integer(2000000000));
  EXPECT_EQ(call("PEXPIRETIME k"), integer(2000000000000));
  EXPECT_EQ(call("EXPIRE k -1"), integer(1));
  EXPECT_EQ(call("EXISTS k"), integer(0));
}

TEST_F(KeyTest, RenamesMovesAndCopies) {
  EXPECT_EQ(call("RENAME none x"), error("ERR no such key"));
  call("SET a 1 EX 100");
  call("RPUSH b x");
  EXPECT_EQ(call("RENAMENX a b"), integer(0));
  EXPECT_EQ(call("RENAME a b"), ok());
  EXPECT_EQ(call("GET b"), bulk("1"));
  EXPECT_EQ(call("TTL b"), integer(100));
  EXPECT_EQ(call("RENAME b b"), ok());
  EXPECT_EQ(call("COPY b c"), integer(1));
  EXPECT_EQ(call("COPY b c"), integer(0));
  EXPECT_EQ(call("COPY b c REPLACE"), integer(1));
  EXPECT_EQ(call("COPY b b"), error("ERR source and destination objects are the same"));
  EXPECT_EQ(call("COPY b b DB 3"), integer(1));
  EXPECT_EQ(call("MOVE b 3"), integer(0));
  EXPECT_EQ(call("MOVE b 4"), integer(1));
  EXPECT_EQ(call("MOVE c 99"), error("ERR DB index is out of range"));
  EXPECT_EQ(call("MOVE c 0"), error("ERR source and destination objects are the same"));
  EXPECT_EQ(call("SELECT 4"), ok());
  EXPECT_EQ(call("TTL b"), integer(100));
  EXPECT_EQ(call("SELECT 16"), error("ERR DB index is out of range"));
}

TEST_F(KeyTest, CopiesAreIndependent) {
  for (int i = 0; i < 1000; ++i) call("RPUSH l " + std::to_string(i));
  call("COPY l m");
  call("LTRIM l 0 0");
  EXPECT_EQ(call("LLEN m"), integer(1000));
  restart();
  EXPECT_EQ(call("LLEN m"), integer(1000));
  EXPECT_EQ(call("LLEN l"), integer(1));
}

TEST_F(KeyTest, ScanReturnsEveryKeyThatStays) {
  for (int i = 0; i < 3000; ++i) call("SET stays:" + std::to_string(i) + " v");
  std::set<Bytes> seen;
  Bytes cursor = "0";
  int added = 0;
  do {
    const Reply page = call("SCAN " + cursor + " COUNT 50 MATCH stays:*");
    cursor = page.items[0].text;
    for (const Reply& key : page.items[1].items) seen.insert(key.text);
    for (int i = 0; i < 20; ++i) call("SET grows:" + std::to_string(++added) + " v");
    call("DEL grows:" + std::to_string(added / 2));
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), 3000u);
  EXPECT_EQ(call("SCAN x"), error("ERR invalid cursor"));
  EXPECT_EQ(call("SCAN 0 COUNT 0"), error("ERR syntax error"));
  EXPECT_EQ(call("SCAN 0 COUNT 100000 TYPE list"), array("0", array()));
}

TEST_F(KeyTest, DatabasesSwapAndFlush) {
  call("SET a 1");
  call("SELECT 1");
  call("SET b 2");
  EXPECT_EQ(call("SWAPDB 0 1"), ok());
  EXPECT_EQ(call("KEYS *"), array("a"));
  EXPECT_EQ(call("FLUSHDB"), ok());
  EXPECT_EQ(call("DBSIZE"), integer(0));
  restart();
  EXPECT_EQ(call("KEYS *"), array("b"));
  EXPECT_EQ(call("SWAPDB 0 16"), error("ERR DB index is out of range"));
  EXPECT_EQ(call("SWAPDB x 1"), error("ERR invalid first DB index"));
  EXPECT_EQ(call("FLUSHALL ASYNC"), ok());
  EXPECT_EQ(call("FLUSHALL NOW"), error("ERR syntax error"));
}

TEST_F(KeyTest, IdleTimeCountsFromTheLastLook) {
  call("SET k v");
  call("GET k");
  advance_ms(5000);
  EXPECT_EQ(call("OBJECT IDLETIME k"), integer(5));
  EXPECT_EQ(call("EXISTS k"), integer(1));
  EXPECT_EQ(call("OBJECT IDLETIME k"), integer(5));
  call("TOUCH k");
  EXPECT_EQ(call("OBJECT IDLETIME k"), integer(0));
  EXPECT_EQ(call("OBJECT REFCOUNT k"), integer(1));
  EXPECT_EQ(call("OBJECT ENCODING none"), null());
  EXPECT_EQ(call("OBJECT NONSENSE k"), error("ERR unknown subcommand 'NONSENSE'. Try OBJECT HELP."));
}

}  // namespace leat::testing
