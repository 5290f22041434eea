// SPDX-License-Identifier: Apache-2.0
// Tokens: what their text says, what is kept of them, and whose they are.
#include "broker/access/token.h"

#include <gtest/gtest.h>

#include "broker/access/passwords.h"
#include "broker/access/users.h"
#include "broker/access/users_file.h"

namespace leat::access {
namespace {

const Bytes kRandom = "AbcdefghijklmnopqrstuvwxyZ0123456789-_Abcde";  // 43

TEST(TokenTest, TheTextTellsItsTerms) {
  const Bytes plain = new_token(0, 0), bound = new_token(3, 0), ending = new_token(0, 1767225600),
              both = new_token(15, 7);
  EXPECT_EQ(plain.size(), 5 + 43u);
  EXPECT_TRUE(bound.starts_with("leat_db3_")) << bound;
  EXPECT_TRUE(ending.starts_with("leat_until1767225600_")) << ending;
  EXPECT_TRUE(both.starts_with("leat_db15_until7_")) << both;
  EXPECT_NE(new_token(0, 0), plain);
  const auto read = Token::of_text(both);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->db, 15);
  EXPECT_EQ(read->until_s, 7);
  EXPECT_EQ(read->digest, digest_of(both));
  EXPECT_EQ(read->word(), "token=" + digest_of(both) + ",db=15,until=7");
  EXPECT_EQ(Token::of_text(plain)->word(), "token=" + digest_of(plain));
  // What is random may look like terms.
  EXPECT_EQ(Token::of_text("leat_db3_" + kRandom.substr(4))->db, 0);
  EXPECT_EQ(Token::of_text("leat_until5_" + kRandom.substr(7))->until_s, 0);
}

TEST(TokenTest, WhatIsNoTokenIsNone) {
  for (const Bytes& text : {Bytes(""), Bytes("leat_"), "leat_" + kRandom + "x", "leat_" + kRandom.substr(1),
                            "Leat_" + kRandom, "leat_db16_" + kRandom, "leat_db-1_" + kRandom, "leat_db03_" + kRandom,
                            "leat_until0_" + kRandom, "leat_until_" + kRandom, "leat_until9999999999999_" + kRandom,
                            "leat_until5_db1_" + kRandom, "leat_" + kRandom.substr(1) + " ", "leat_db1" + kRandom}) {
    EXPECT_FALSE(Token::of_text(text)) << text;
    EXPECT_EQ(Token::of_any_text(text).word(), "token=" + digest_of(text));
  }
}

TEST(TokenTest, WordsAreReadBack) {
  const Bytes digest = digest_of("x");
  for (const View terms : {"", ",db=9", ",until=12", ",db=9,until=12"}) {
    const Bytes word = "token=" + digest + Bytes(terms);
    ASSERT_TRUE(Token::of_word(word)) << word;
    EXPECT_EQ(Token::of_word(word)->word(), word);
  }
  for (const View bad :
       {",", ",db=", ",db=16", ",db=1,", ",until=0", ",until=1,db=1", ",db=1db=2", "0", ",db=1x", ",x=1"}) {
    EXPECT_FALSE(Token::of_word("token=" + digest + Bytes(bad))) << bad;
  }
  EXPECT_FALSE(Token::of_word("token=" + digest.substr(1)));
}

TEST(TokenTest, TheyEndAtTheirSecond) {
  const Token token{.until_s = 5};
  EXPECT_FALSE(token.over(4999));
  EXPECT_TRUE(token.over(5000));
  EXPECT_FALSE(Token{}.over(INT64_MAX));
}

class TokensOfUsersTest : public ::testing::Test {
 protected:
  TokensOfUsersTest() { words.add("get", *category_named("read")); }
  void put(View name, std::initializer_list<View> rules, TimeMs now_ms = 0) {
    auto user = users.changed(name, std::vector<View>(rules), now_ms);
    ASSERT_TRUE(user.ok()) << user.status().text();
    users.put(std::move(*user));
  }
  Bytes holder(View secret, TimeMs now_ms = 0) {
    const auto found = users.holder(digest_of(secret), now_ms);
    return found.user == nullptr ? "nobody" : found.user->name();
  }
  Vocabulary words;
  Users users{words};
  const Bytes one = new_token(2, 0), two = new_token(0, 10), add_one = ">" + one, add_two = ">" + two;
};

TEST_F(TokensOfUsersTest, AreNoPasswords) {
  put("u", {"on", add_one, add_two, add_one});
  const User& u = *users.find("u");
  EXPECT_EQ(u.text(), "on sanitize-payload token=" + digest_of(one) + ",db=2 token=" + digest_of(two) +
                          ",until=10 resetchannels -@all");
  EXPECT_FALSE(u.accepts(one));
  ASSERT_NE(u.token_of(digest_of(one), 0), nullptr);
  EXPECT_EQ(u.token_of(digest_of(two), 10'000), nullptr) << "it has ended";
  const auto restored = User::restored("u", u.stored(), words);
  ASSERT_TRUE(restored.ok()) << restored.status().text();
  EXPECT_EQ(restored->stored(), u.stored());
  const auto filed = parse_users_file(u.line(), "file", words, false);
  ASSERT_TRUE(filed.ok()) << filed.status().text();
  EXPECT_EQ(filed->front().stored(), u.stored());
}

TEST_F(TokensOfUsersTest, AreTakenAwayByTextOrDigest) {
  put("u", {"on", add_one, add_two});
  const Bytes drop_one = "<" + one, drop_two = "untoken=" + digest_of(two);
  put("u", {drop_one});
  EXPECT_EQ(holder(one), "nobody");
  EXPECT_EQ(holder(two), "u");
  put("u", {drop_two});
  EXPECT_TRUE(users.find("u")->tokens().empty());
  for (const auto& [rule, why] : {std::pair<View, View>{drop_two, kNoSuchToken.text()},
                                  {drop_one, kNoSuchPassword.text()},
                                  {"untoken=abc", kBadToken.text()},
                                  {"token=abc", kBadToken.text()}}) {
    User u = *users.find("u");
    EXPECT_EQ(u.set(rule, words, false).text(), why) << rule;
  }
}

TEST_F(TokensOfUsersTest, OpenUsersStayOpen) {
  put("default", {add_one});
  EXPECT_TRUE(users.default_user()->open());
  put("default", {">pw", "nopass"});
  EXPECT_EQ(holder(one), "default") << "nopass is about passwords";
  for (const View rule : {"resetpass", "reset"}) {
    put("u", {"on", add_two});
    put("u", {rule, "on"});
    EXPECT_EQ(holder(two), "nobody") << rule;
  }
}

TEST_F(TokensOfUsersTest, AreFoundWhileTheirUserIsOnAndTheyLast) {
  put("a", {"on", add_one});
  put("b", {"on", add_two});
  EXPECT_EQ(holder(one), "a");
  EXPECT_EQ(holder(two, 9'999), "b");
  EXPECT_EQ(holder(two, 10'000), "nobody");
  EXPECT_EQ(holder("x"), "nobody");
  put("a", {"off"});
  EXPECT_EQ(holder(one), "nobody");
  put("a", {"on"});
  EXPECT_EQ(holder(one), "a");
  users.remove("a");
  EXPECT_EQ(holder(one), "nobody");
  put("b", {"on"}, 10'000);
  EXPECT_TRUE(users.find("b")->tokens().empty()) << "who is written has none any more that ended";
}

TEST_F(TokensOfUsersTest, AreOneUsersOnly) {
  put("a", {"on", add_one});
  const View rules[] = {"on", add_one};
  EXPECT_EQ(users.changed("b", rules, 0).status().text(),
            "Error in ACL SETUSER: the token " + digest_of(one).substr(0, 12) + "… is of user 'a'");
  auto b = User("b", false);  // a file is not asked
  ASSERT_TRUE(b.set("on", words, false).ok() && b.set(add_one, words, false).ok());
  users.put(b);
  users.remove("a");
  EXPECT_EQ(holder(one), "b") << "and then he has it";
}

TEST_F(TokensOfUsersTest, WhenTheyWereUsedIsKept) {
  put("u", {"on", add_one});
  users.holder(digest_of(one), 0).token->used_ms = 77;
  put("u", {"+get"});
  EXPECT_EQ(users.find("u")->tokens().front()->used_ms, 77);
  users.put(*User::restored("u", users.find("u")->stored(), words));
  EXPECT_EQ(users.holder(digest_of(one), 0).token->used_ms, 77);
}

TEST_F(TokensOfUsersTest, AreBounded) {
  User u("u", false);
  for (size_t i = 0; i < kTokensMax; ++i) ASSERT_TRUE(u.set(">" + new_token(0, 0), words, false).ok());
  EXPECT_EQ(u.set(add_one, words, false).text(), kTooManyTokens.text());
  EXPECT_TRUE(u.set(u.tokens().front()->word(), words, false).ok()) << "it is there already";
}

}  // namespace
}  // namespace leat::access
