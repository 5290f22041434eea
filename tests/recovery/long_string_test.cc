// SPDX-License-Identifier: Apache-2.0
// Long strings are saved by windows: what a change of one costs the next snapshot, and that all of it comes back.
#include "tests/support/broker_test.h"

namespace leat::testing {

class LongStringTest : public BrokerTest {
 protected:
  static constexpr size_t kLong = 1'001'000;

  void SetUp() override {
    BrokerTest::SetUp();
    client().call_words({"SET", "text", expected_});
    rows_of_save();
  }
  void write(size_t offset, const Bytes& bytes) {
    client().call_words({"SETRANGE", "text", std::to_string(offset), bytes});
    expected_.resize(std::max(expected_.size(), offset + bytes.size()));
    expected_.replace(offset, bytes.size(), bytes);
  }
  void append(const Bytes& bytes) {
    client().call_words({"APPEND", "text", bytes});
    expected_ += bytes;
  }
  uint64_t rows_of_save() {
    const Status saved = broker().save();
    EXPECT_TRUE(saved.ok()) << saved.text();
    return broker().snapshots().figures(0).rows;
  }
  void expect_kept() {
    EXPECT_EQ(call("GET text").text, expected_);
    restart();
    EXPECT_EQ(call("GET text").text, expected_);
  }

  Bytes expected_ = Bytes(kLong, 'x');
};

TEST_F(LongStringTest, ComesBackFromItsWindows) {
  expect_kept();
  write(500'000, "changed, and only in the log");
  expect_kept();
  EXPECT_LE(rows_of_save(), 1 + 2 * kDatabases) << "and the tables of empty databases, old and new";
  expect_kept();
}

TEST_F(LongStringTest, ChangesInPlaceSaveWhatTheyTouch) {
  write(kWindowBytes - 1, "ab");
  call("SETRANGE other 0 value");
  EXPECT_LE(rows_of_save(), 3u) << "two windows, and the key table's segment";
  append("at the end");
  EXPECT_EQ(rows_of_save(), 1u);
  expect_kept();
}

TEST_F(LongStringTest, GrowsAndIsReplaced) {
  write(2 * kLong, "behind zeros");
  rows_of_save();
  expect_kept();
  expected_ = Bytes(70'000, 'y');
  client().call_words({"SET", "text", expected_});
  rows_of_save();
  expect_kept();
  expected_ = "short";
  client().call_words({"SET", "text", expected_});
  rows_of_save();
  expect_kept();
}

TEST_F(LongStringTest, MovesWithItsKey) {
  call("COPY text twin");
  EXPECT_LE(rows_of_save(), kLong / kWindowBytes + 3);
  call("RENAME text other");
  call("RENAME other text");
  EXPECT_LE(rows_of_save(), 2u) << "of the key table";
  call("SETRANGE twin 10 different");
  call("UNLINK text");
  call("RENAME twin text");
  expected_.replace(10, 9, "different");
  rows_of_save();
  expect_kept();
}

}  // namespace leat::testing
