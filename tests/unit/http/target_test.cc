// SPDX-License-Identifier: Apache-2.0
#include "broker/http/target.h"

#include <gtest/gtest.h>

namespace leat {

using Words = std::vector<Bytes>;

TEST(Target, SegmentsAreWords) {
  EXPECT_EQ(parse_target("/")->words, Words{});
  EXPECT_EQ(parse_target("/get/a%2Fb")->words, (Words{"get", "a/b"}));
  EXPECT_EQ(parse_target("/get/a+b%20c/")->words, (Words{"get", "a+b c"}));
  EXPECT_EQ(parse_target("/set//x")->words, (Words{"set", "", "x"}));
  EXPECT_EQ(parse_target("/get/../%00%ff")->words, (Words{"get", "..", Bytes("\0\xff", 2)}));
  EXPECT_EQ(parse_target("http://leat:1/get/a?EX=1")->words, (Words{"get", "a"}));
  EXPECT_EQ(parse_target("http://leat")->words, Words{});
}

TEST(Target, ThePairsOfTheQuery) {
  const auto target = parse_target("/set/k?EX=100&NX&GET=&a%20b=c+d&_token=t%2B&&x=1=2");
  ASSERT_TRUE(target);
  Bytes pairs;
  for (const auto& [name, value] : target->query) pairs += name + "|" + value + ";";
  EXPECT_EQ(pairs, "EX|100;NX|;GET|;a b|c d;x|1=2;");
  EXPECT_EQ(target->token, "t+");
  EXPECT_EQ(target->parameter("EX"), "100");
  EXPECT_EQ(target->parameter("ex"), std::nullopt);
}

TEST(Target, WhatIsNoneIsRefused) {
  for (const char* text : {"", "*", "get/a", "/get/%", "/get/%4", "/get/%zz", "/get/a?x=%f", "/%g0"})
    EXPECT_FALSE(parse_target(text)) << text;
}

}  // namespace leat
