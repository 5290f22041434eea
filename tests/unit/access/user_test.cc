// SPDX-License-Identifier: Apache-2.0
// The rules about users, with a small vocabulary: what they allow, what they are refused for, and how they read.
#include "broker/access/user.h"

#include <gtest/gtest.h>

#include "broker/access/passwords.h"
#include "broker/access/users.h"
#include "broker/access/users_file.h"

namespace leat::access {
namespace {

class UserTest : public ::testing::Test {
 protected:
  UserTest() {
    const Categories read = *category_named("read"), write = *category_named("write"), slow = *category_named("slow");
    words.add("get", read);
    words.add("set", write);
    words.add("select", slow);
    words.add("client", slow);
    words.add("client|list", slow);
    words.add("client|kill", slow | *category_named("dangerous"));
  }
  User made(std::initializer_list<View> rules) {
    User user("u", false);
    for (const View rule : rules) {
      const Status set = user.set(rule, words, false);
      EXPECT_TRUE(set.ok()) << rule << ": " << set.text();
    }
    return user;
  }
  Bytes why_not(View rule, std::initializer_list<View> before = {}) {
    User user = made(before);
    const Bytes was = user.stored();
    const Status set = user.set(rule, words, false);
    EXPECT_FALSE(set.ok()) << rule;
    EXPECT_EQ(user.stored(), was) << "a refused rule has changed something: " << rule;
    return Bytes(set.text());
  }
  Denial judge(const User& user, View command, std::vector<KeyUse> keys = {}, std::vector<ChannelUse> channels = {},
               std::optional<View> first = {}) {
    return user
        .judge({.command = *words.find(command),
                .for_anyone = false,
                .first_word = first,
                .keys = keys,
                .channels = channels})
        .denial;
  }
  Vocabulary words;
};

TEST_F(UserTest, ANewOneMayNothing) {
  const User user = made({});
  EXPECT_EQ(user.text(), "off sanitize-payload resetchannels -@all");
  EXPECT_EQ(judge(user, "get"), Denial::kCommand);
  EXPECT_FALSE(user.accepts(""));
  EXPECT_FALSE(user.unrestricted());
}

TEST_F(UserTest, TheDefaultMayAll) {
  const User user = Users::whole(words);
  EXPECT_EQ(user.text(), "on nopass sanitize-payload ~* &* +@all");
  EXPECT_TRUE(user.unrestricted());
  EXPECT_TRUE(user.open());
}

TEST_F(UserTest, Passwords) {
  User user = made({"on", ">one", ">two", ">one"});
  ASSERT_EQ(user.digests().size(), 2u);
  EXPECT_EQ(user.digests()[0], "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");  // sha256sum
  EXPECT_TRUE(user.accepts("one"));
  EXPECT_TRUE(user.accepts("two"));
  EXPECT_FALSE(user.accepts("three"));
  ASSERT_TRUE(user.set("<one", words, false).ok());
  EXPECT_FALSE(user.accepts("one"));
  ASSERT_TRUE(user.set("#" + digest_of("three"), words, false).ok());
  EXPECT_TRUE(user.accepts("three"));
  ASSERT_TRUE(user.set("!" + digest_of("three"), words, false).ok());
  EXPECT_FALSE(user.accepts("three"));
  ASSERT_TRUE(user.set("nopass", words, false).ok());
  EXPECT_TRUE(user.accepts("anything"));
  EXPECT_TRUE(user.digests().empty());
  ASSERT_TRUE(user.set("off", words, false).ok());
  EXPECT_FALSE(user.accepts("anything"));
  EXPECT_EQ(why_not("<none"), kNoSuchPassword.text());
  EXPECT_EQ(why_not("#ABC"), kBadDigest.text());
  EXPECT_EQ(why_not("!" + Bytes(63, 'a')), kBadDigest.text());
}

TEST_F(UserTest, KeysAreGrantedToReadAndToWrite) {
  const User user = made({"+@all", "~all:*", "%R~in:*", "%W~out:*", "%R~both", "%W~both"});
  EXPECT_EQ(user.selectors().front().keys_text(), "~all:* %R~in:* %W~out:* ~both");
  for (const auto& [key, needs, denial] : std::initializer_list<std::tuple<View, uint8_t, Denial>>{
           {"all:x", kReads | kWrites, Denial::kNone}, {"in:x", kReads, Denial::kNone}, {"in:x", kWrites, Denial::kKey},
           {"in:x", kReads | kWrites, Denial::kKey}, {"out:x", kWrites, Denial::kNone}, {"out:x", kReads, Denial::kKey},
           {"out:x", 0, Denial::kNone}, {"both", kReads | kWrites, Denial::kNone}, {"other", 0, Denial::kKey}}) {
    EXPECT_EQ(judge(user, "get", {{key, needs, 1}}), denial) << key << ' ' << int{needs};
  }
  EXPECT_EQ(why_not("~x", {"~*"}), kPatternsEnded.text());
  for (const View bad : {"%~x", "%RR~x", "%X~x", "%", "~a b"}) EXPECT_EQ(why_not(bad), "Syntax error") << bad;
}

TEST_F(UserTest, Channels) {
  const User user = made({"+@all", "&news:*"});
  EXPECT_EQ(judge(user, "get", {}, {{"news:a", false, 1}}), Denial::kNone);
  EXPECT_EQ(judge(user, "get", {}, {{"other", false, 1}}), Denial::kChannel);
  EXPECT_EQ(judge(user, "get", {}, {{"news:*", true, 1}}), Denial::kNone) << "the very pattern";
  EXPECT_EQ(judge(user, "get", {}, {{"news:a", true, 1}}), Denial::kChannel);
  EXPECT_EQ(why_not("&x", {"&*"}), kChannelsEnded.text());
}

TEST_F(UserTest, Commands) {
  EXPECT_EQ(judge(made({"+get"}), "get"), Denial::kNone);
  EXPECT_EQ(judge(made({"+@read"}), "get"), Denial::kNone);
  EXPECT_EQ(judge(made({"+@read"}), "set"), Denial::kCommand);
  EXPECT_EQ(judge(made({"+@all", "-set"}), "set"), Denial::kCommand);
  EXPECT_EQ(judge(made({"+client"}), "client|list"), Denial::kNone) << "a container stands for its sub-commands";
  EXPECT_EQ(judge(made({"+client", "-client|kill"}), "client|kill"), Denial::kCommand);
  EXPECT_EQ(judge(made({"+client|list"}), "client|list"), Denial::kNone);
  EXPECT_EQ(judge(made({"+client|list"}), "client"), Denial::kCommand);
  EXPECT_EQ(judge(made({"+select|0"}), "select", {}, {}, "0"), Denial::kNone);
  EXPECT_EQ(judge(made({"+select|0"}), "select", {}, {}, "1"), Denial::kCommand);
  EXPECT_EQ(judge(made({"+select|0", "-select"}), "select", {}, {}, "0"), Denial::kCommand);
  for (const View unknown : {"+nosuch", "-nosuch", "+@nosuch", "+client|nosuch", "-select|0"}) {
    EXPECT_EQ(why_not(unknown), kUnknownCommand.text()) << unknown;
  }
  EXPECT_EQ(why_not("+client|list|x"), kFirstWordOfSubcommand.text());
  for (const View bad : {"+client|", "+select|", "nosuch", "@read", "(", "+select|a b"})
    EXPECT_EQ(why_not(bad), "Syntax error") << bad;
}

// Rules stay in the order in which they were given, without those that a later one stands for.
TEST_F(UserTest, TheTextIsCanonical) {
  const auto text = [&](std::initializer_list<View> rules) { return made(rules).selectors().front().commands_text(); };
  EXPECT_EQ(text({"+GET", "+@Read", "-get"}), "-@all +@read -get");
  EXPECT_EQ(text({"+client|list", "+client|kill", "+client"}), "-@all +client");
  EXPECT_EQ(text({"+@all", "-set", "-@dangerous"}), "+@all -set -@dangerous");
  EXPECT_EQ(text({"+get", "nocommands"}), "-@all");
  EXPECT_EQ(text({"+select|0", "+SELECT|A"}), "-@all +select|0 +select|a");
}

TEST_F(UserTest, Selectors) {
  User user = made({"on", "~own:*", "+get", "(~other:* +set)", "(%R~*  +@read)"});
  EXPECT_EQ(
      user.text(),
      "on sanitize-payload ~own:* resetchannels -@all +get (~other:* resetchannels -@all +set) (%R~* resetchannels "
      "-@all +@read)");
  EXPECT_EQ(judge(user, "set", {{"other:x", kWrites, 1}}), Denial::kNone);
  EXPECT_EQ(judge(user, "set", {{"own:x", kWrites, 1}}), Denial::kKey) << "what came furthest is told";
  EXPECT_EQ(judge(user, "get", {{"any", kReads, 1}}), Denial::kNone);
  EXPECT_EQ(why_not("(~x >password)"), "Syntax error");
  EXPECT_EQ(why_not("(+nosuch)"), kUnknownCommand.text());
  ASSERT_TRUE(user.set("clearselectors", words, false).ok());
  EXPECT_EQ(user.text(), "on sanitize-payload ~own:* resetchannels -@all +get");
  ASSERT_TRUE(user.set("reset", words, false).ok());
  EXPECT_EQ(user.text(), "off sanitize-payload resetchannels -@all");
}

TEST_F(UserTest, WhatIsStoredIsRestored) {
  const User user =
      made({"on", ">p", "skip-sanitize-payload", "%RW~*", "~(a", "&c", "+@read", "+select|0", "-get",
            "(~a) ~\"\\\"b\" +client|list)", "(allkeys allchannels allcommands)", "(~\"a\\\\b)\" ~c +get)", "()"});
  const auto restored = User::restored("u", user.stored(), words);
  ASSERT_TRUE(restored.ok()) << restored.status().text();
  EXPECT_EQ(restored->stored(), user.stored());
  EXPECT_EQ(restored->text(), user.text());
  const auto filed = parse_users_file(user.line(), "file", words, true);
  ASSERT_TRUE(filed.ok()) << filed.status().text() << "\n" << user.line();
  EXPECT_EQ(filed->front().stored(), user.stored());
  EXPECT_FALSE(User::restored("u", "on +nosuch", words).ok());
}

TEST_F(UserTest, AFileIsReadWholeOrNot) {
  const auto read = [&](View text) { return parse_users_file(text, "f", words, false); };
  const auto good = read("\nuser a on nopass ~* +get\n  user b off >x (~y  +set) \r\n");
  ASSERT_TRUE(good.ok()) << good.status().text();
  EXPECT_EQ(good->size(), 2u);
  const auto bad = read("user a +nosuch >x #y %Z\nuse\nuser a\nuser b (\nuser c on");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(
      bad.status().text(),
      "f:1: Error in applying operation '+nosuch': Unknown command or category name in ACL. f:1: " +
          Bytes(kBadDigest.text()) +
          ". f:2 should start with user keyword followed by the username. WARNING: Duplicate user 'a' found on line 3. "
          "f:4: Unmatched parenthesis in selector definition.WARNING: ACL errors detected, no change to the previously "
          "active ACL rules was performed");
}

TEST_F(UserTest, UnclosedSelectorsAreTold) {
  const View words_of_one[] = {"on", "(~a", "+get"};
  EXPECT_EQ(gathered(words_of_one).status().text(), "Unmatched parenthesis in acl selector starting at '(~a'.");
}

TEST(PasswordsTest, RandomDigits) {
  EXPECT_EQ(random_digits(64).size(), 64u);
  EXPECT_EQ(random_digits(1).size(), 1u);
  EXPECT_NE(random_digits(64), random_digits(64));
  EXPECT_EQ(digest_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace leat::access
