// SPDX-License-Identifier: Apache-2.0
#include "broker/protocol/resp_parser.h"

#include <gtest/gtest.h>

namespace leat {

using Next = RespParser::Next;
constexpr RespParser::Limits kLimits{.words_max = 10, .bulk_bytes_max = 100, .inline_bytes_max = 50};

TEST(RespParserTest, ARequestAndWhatItConsumed) {
  RespParser parser;
  const View input = "*2\r\n$3\r\nGET\r\n$2\r\n\r\n\r\n*1\r\n";
  ASSERT_EQ(parser.next(input, kLimits), Next::kRequest);
  ASSERT_EQ(parser.args().size(), 2u);
  EXPECT_EQ(parser.args()[0], "GET");
  EXPECT_EQ(parser.args()[1], "\r\n");
  EXPECT_EQ(input.substr(parser.consumed()), "*1\r\n");
}

// What was understood is not read again: the buffer may even have moved.
TEST(RespParserTest, PiecesGrowIntoARequest) {
  const Bytes whole = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n";
  RespParser parser;
  for (size_t size = 1; size < whole.size(); ++size) {
    const Bytes moved = whole.substr(0, size);
    ASSERT_EQ(parser.next(moved, kLimits), Next::kNeedMore) << size;
  }
  ASSERT_EQ(parser.next(whole, kLimits), Next::kRequest);
  EXPECT_EQ(parser.args()[2], "");
}

TEST(RespParserTest, NothingIsARequestOfItsOwn) {
  RespParser parser;
  EXPECT_EQ(parser.next("*0\r\n", kLimits), Next::kEmpty);
  EXPECT_EQ(parser.consumed(), 4u);
  EXPECT_EQ(parser.next("*-1\r\n", kLimits), Next::kEmpty);
  EXPECT_EQ(parser.next("\r\n", kLimits), Next::kEmpty);
  EXPECT_EQ(parser.next("", kLimits), Next::kNeedMore);
}

TEST(RespParserTest, EveryBoundIsKept) {
  const std::pair<View, View> cases[] = {
      {"*11\r\n", "multibulk length"},
      {"*9999999999999999999\r\n", "multibulk length"},
      {"*1\r\n$101\r\n", "bulk length"},
      {"*1\r\n$-1\r\n", "bulk length"},
      {"*1\r\n$ 1\r\n", "bulk length"},
      {"*1\r\n+OK\r\n", "expected '$', got '+'"},
      {"an inline line that is longer than the fifty bytes that are allowed", "too big inline request"},
      {"GET 'a\r\n", "unbalanced quotes"},
      {"GET \"a\"b\r\n", "unbalanced quotes"},
  };
  for (const auto& [input, why] : cases) {
    RespParser parser;
    ASSERT_EQ(parser.next(input, kLimits), Next::kMalformed) << input;
    EXPECT_NE(parser.error().find(why), Bytes::npos) << parser.error();
  }
}

TEST(RespParserTest, InlineWordsAndTheirQuotes) {
  RespParser parser;
  ASSERT_EQ(parser.next("SET  k \"a\\x41\\n\" 'it\\'s'\n", kLimits), Next::kRequest);
  ASSERT_EQ(parser.args().size(), 4u);
  EXPECT_EQ(parser.args()[2], "aA\n");
  EXPECT_EQ(parser.args()[3], "it's");
}

}  // namespace leat
