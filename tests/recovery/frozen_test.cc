// SPDX-License-Identifier: Apache-2.0
// A snapshot is of one moment, whatever the keyspace does while it is taken: random commands of every family run
// between its slices, and what loads must have the digest of the moment of the freeze. Later snapshots bring only
// what changed.
#include <random>

#include "tests/support/broker_test.h"

namespace leat::testing {

// One random request over few keys, so that they meet every state: small, large, long entries, gone.
class RandomRequests {
 public:
  explicit RandomRequests(uint64_t seed) : dice_(seed) {}

  std::vector<Bytes> next() {
    switch (roll(12)) {
      case 0:
        return string();
      case 1:
      case 2:
        return list();
      case 3:
        return hash();
      case 4:
        return set();
      case 5:
      case 6:
        return sorted_set();
      case 7:
      case 8:
      case 9:
        return stream();
      case 10:
        return key();
      default:
        return roll(40) == 0 ? database() : list();
    }
  }

 private:
  uint64_t roll(uint64_t sides) { return dice_() % sides; }
  Bytes number(uint64_t below) { return std::to_string(roll(below)); }
  Bytes name(View kind) { return Bytes(kind) + ':' + number(4); }
  Bytes value() {
    const uint64_t kind = roll(20);
    return Bytes(kind == 0 ? 1100 + roll(3000) : kind == 1 ? 400 + roll(600) : 1 + roll(30), static_cast<char>('a' + roll(26)));
  }

  std::vector<Bytes> string() {
    const Bytes key = name("s");
    if (roll(3) == 0) return {"APPEND", key, value()};
    if (roll(5) == 0) return {"SETRANGE", key, number(roll(10) == 0 ? 200'000 : 2000), value()};  // now and then long
    if (roll(5) == 0) return {"SET", key, value(), "PX", number(100000)};
    return {"SET", key, value()};
  }
  std::vector<Bytes> list() {
    const Bytes key = name("l");
    switch (roll(8)) {
      case 0:
        return {"LPOP", key, number(200)};
      case 1:
        return {"LSET", key, number(20), value()};
      case 2:
        return {"LTRIM", key, number(10), "-" + number(10)};
      case 3:
        return {"LINSERT", key, "AFTER", "pivot", value()};
      default:
        return {roll(2) == 0 ? "LPUSH" : "RPUSH", key, value(), value(), roll(3) == 0 ? "pivot" : value(), value()};
    }
  }
  std::vector<Bytes> hash() {
    const Bytes key = name("h");
    if (roll(4) == 0) return {"HDEL", key, number(300), number(300)};
    return {"HSET", key, number(300), value(), number(300), value()};
  }
  std::vector<Bytes> set() {
    const Bytes key = name("m");
    if (roll(4) == 0) return {"SREM", key, number(1000), number(1000)};
    return {"SADD", key, number(1000), value(), number(1000)};
  }
  std::vector<Bytes> sorted_set() {
    const Bytes key = name("z");
    if (roll(4) == 0) return {"ZREM", key, number(1000), number(1000)};
    if (roll(8) == 0) return {"ZPOPMIN", key, number(100)};
    return {"ZADD", key, number(50), number(1000), number(50), value(), number(50), number(1000)};
  }
  std::vector<Bytes> stream() {
    const Bytes key = name("x"), group = "g" + number(2), consumer = "c" + number(5);
    switch (roll(10)) {
      case 0:
        return {"XGROUP", "CREATE", key, group, "0", "MKSTREAM"};
      case 1:
      case 2:
        return {"XREADGROUP", "GROUP", group, consumer, "COUNT", number(150), "STREAMS", key, ">"};
      case 3:
        return {"XACK", key, group, number(400) + "-1", number(400) + "-1", number(400) + "-1"};
      case 4:
        return {"XAUTOCLAIM", key, group, consumer, "0", number(400)};
      case 5:
        return {"XDEL", key, number(400) + "-1", number(400) + "-1"};
      case 6:
        return roll(4) == 0 ? std::vector<Bytes>{"XTRIM", key, "MAXLEN", number(200)}
                            : std::vector<Bytes>{"XGROUP", "DELCONSUMER", key, group, consumer};
      case 7:
        if (roll(30) == 0) return {"XGROUP", "DESTROY", key, group};
        [[fallthrough]];
      default:
        return {"XADD", key, std::to_string(++entry_ / 8) + "-1", "field", value(), "other", number(1000)};
    }
  }
  std::vector<Bytes> key() {
    static const char* const kKinds[] = {"s", "l", "h", "m", "z", "x"};
    const View kind = kKinds[roll(6)];
    switch (roll(20)) {
      case 0:
        return {"DEL", name(kind)};
      case 1:
        return {"UNLINK", name(kind)};
      case 2:
        return {"RENAME", name(kind), name(kind)};
      case 3:
      case 4:
        return {"COPY", name(kind), name(kind), "REPLACE"};
      case 5:
        return {"MOVE", name(kind), number(3)};
      case 6:
        return {"PERSIST", name(kind)};
      default:
        return {"PEXPIRE", name(kind), std::to_string(1 + roll(100000))};
    }
  }
  std::vector<Bytes> database() {
    switch (roll(8)) {
      case 0:
        return {"FLUSHDB"};
      case 1:
        return {"SWAPDB", number(3), number(3)};
      default:
        return {"SELECT", number(3)};
    }
  }

  std::mt19937_64 dice_;
  uint64_t entry_ = 0;
};

class FrozenTest : public BrokerTest, public ::testing::WithParamInterface<uint64_t> {
 protected:
  void run(RandomRequests& requests, int count) {
    for (int i = 0; i < count; ++i) {
      client().call_words(requests.next());
      if (i % 50 == 0) advance_ms(20);
    }
  }
};

TEST_P(FrozenTest, ASnapshotIsOfOneMoment) {
  std::mt19937_64 dice(GetParam());
  RandomRequests requests(GetParam());
  Keyspace& keyspace = rooms().keyspace;
  for (int round = 0; round < 12; ++round) {
    run(requests, 400);
    const uint64_t before = digest();
    snapshot.begin(keyspace);
    while (!snapshot.slice(keyspace, dice() % 20000)) run(requests, static_cast<int>(dice() % 40));
    ASSERT_EQ(snapshot.digest_when_loaded(), before) << "round " << round << ", seed " << GetParam();
    EXPECT_TRUE(keyspace.chunks().changes().all_taken());
  }
  snapshot.take(keyspace);
  const size_t put = snapshot.rows_put();
  snapshot.take(keyspace);
  EXPECT_EQ(snapshot.rows_put(), put) << "nothing has changed";
}

// What was loaded goes on as what was live did: the same requests make the same of both, and of the next snapshot.
TEST_P(FrozenTest, WhatWasLoadedLivesOn) {
  RandomRequests requests(GetParam());
  run(requests, 3000);
  while (!rooms().keyspace.free_some(1000)) continue;
  snapshot.take(rooms().keyspace);
  Keyspace loaded(0);
  snapshot.load(loaded);
  EXPECT_EQ(loaded.digest(), digest());
  EXPECT_LE(loaded.chunks().changes().changed_chunks(), kDatabases) << "but for the tables of empty databases, nothing";
  MemorySnapshot next = snapshot;
  next.take(loaded);
  EXPECT_EQ(next.digest_when_loaded(), digest());
}

INSTANTIATE_TEST_SUITE_P(Seeds, FrozenTest, ::testing::Range<uint64_t>(1, 13));

}  // namespace leat::testing
