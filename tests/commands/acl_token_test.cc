// SPDX-License-Identifier: Apache-2.0
// Tokens: who comes in by one, where he may go, when he is out; those of the configuration; and how long one may guess.
#include <unistd.h>

#include <fstream>

#include "broker/access/passwords.h"
#include "tests/support/broker_test.h"

namespace leat::testing {
namespace {

const Reply kWrongPass = error("WRONGPASS invalid username-password pair or user is disabled.");
Reply bound(int db) { return error("NOPERM this token is bound to database " + std::to_string(db)); }

class AclTokenTest : public BrokerTest {
 protected:
  // A new token of that user, who is made with those rules if there are any.
  Bytes token(const Bytes& user, const Bytes& terms = "", const Bytes& rules = "") {
    const Bytes made = call("ACL GENTOKEN " + user + (terms.empty() ? "" : " " + terms)).text;
    EXPECT_EQ(call("ACL SETUSER " + user + " on " + (rules.empty() ? "" : rules + " ") + ">" + made), ok());
    return made;
  }
  // A client that came in by it as through the HTTP door, where no name is said.
  TestClient& by(const Bytes& token) {
    TestClient& one = connect();
    EXPECT_TRUE(rooms().doorkeeper.let_in_by_token(one.client(), token));
    return one;
  }
  bool lets_in(const Bytes& token) { return rooms().doorkeeper.let_in_by_token(connect().client(), token); }
  Bytes line_of(const Bytes& user) {
    for (const Reply& line : call("ACL LIST").items) {
      if (line.text.starts_with("user " + user + " ")) return line.text;
    }
    return "";
  }
};

TEST_F(AclTokenTest, ATokenIsItsUser) {
  const Bytes made = token("u", "", "~own:* +@all");
  EXPECT_EQ(line_of("u"),
            "user u on sanitize-payload token=" + access::digest_of(made) + " ~own:* resetchannels +@all");
  TestClient& u = by(made);
  EXPECT_EQ(u.call("ACL WHOAMI"), bulk("u"));
  EXPECT_EQ(u.call("SET own:a 1"), ok());
  EXPECT_EQ(u.call("SET a 1"), error("NOPERM No permissions to access a key"));
  EXPECT_EQ(call("ACL SETUSER u -set"), ok());
  EXPECT_EQ(u.call("SET own:a 1").text.substr(0, 6), "NOPERM");
  EXPECT_FALSE(lets_in(made + "x"));
  EXPECT_FALSE(lets_in("pw"));
  EXPECT_FALSE(lets_in(access::digest_of(made)));
  const Reply told = call("ACL GETUSER u");
  ASSERT_EQ(told.items.size(), 14u);
  EXPECT_EQ(told.items[3], array()) << "it is no password";
  EXPECT_EQ(told.items[12], bulk("tokens"));
  EXPECT_EQ(told.items[13], array("token=" + access::digest_of(made)));
  restart();
  EXPECT_TRUE(lets_in(made));
}

TEST_F(AclTokenTest, IsAPasswordToo) {
  const Bytes made = token("u", "DB 3", "~* +@all >pw");
  TestClient& u = connect();
  EXPECT_EQ(u.call("AUTH u " + made), ok());
  EXPECT_EQ(u.client().db, 3);
  EXPECT_EQ(u.call("SELECT 0"), bound(3));
  EXPECT_EQ(u.call("AUTH u pw"), ok());
  EXPECT_EQ(u.call("SELECT 0"), ok()) << "who has the password is bound no more";
  EXPECT_EQ(u.call("HELLO 2 AUTH u " + made).type, '*');
  EXPECT_EQ(u.client().db, 3);
  EXPECT_EQ(u.call("RESET"), simple("RESET"));
  EXPECT_EQ(u.client().db, 0);
  EXPECT_EQ(u.call("SELECT 1"), ok());
  const Bytes of_default = token("default", "DB 2");
  EXPECT_EQ(connect().call("PING"), simple("PONG")) << "a token does not close the default user";
  EXPECT_EQ(u.call("AUTH " + of_default), ok());
  EXPECT_EQ(u.call("SELECT 1"), bound(2));
  EXPECT_EQ(u.call("AUTH nosuch " + made), kWrongPass);
  EXPECT_EQ(call("CONFIG SET requirepass secret"), ok());
  EXPECT_EQ(connect().call("AUTH " + of_default), ok()) << "nor does a password take it away";
}

TEST_F(AclTokenTest, NoWayLeadsOutOfItsDatabase) {
  for (const Bytes& rules : {Bytes("~* &* +@all"), Bytes("-debug")}) {  // may everything; may nearly everything
    TestClient& u = by(token("u", "DB 3", rules));
    EXPECT_FALSE(u.client().unrestricted);
    EXPECT_EQ(u.call("SET a 1"), ok());
    for (const View line :
         {"SELECT 0", "SWAPDB 0 1", "SWAPDB 3 0", "MOVE a 0", "COPY a b DB 0", "COPY a b REPLACE DB 4",
          "CLASS FLUSH default", "MIGRATE 127.0.0.1 6379 a 0 100", "ACL RESTTOKEN u pw", "ACL RESTTOKEN u pw DB 4"}) {
      EXPECT_EQ(u.call(line), bound(3)) << line;
    }
    ASSERT_EQ(call("SET kept 1"), ok());
    EXPECT_EQ(u.call("FLUSHALL"), ok()) << "its own";
    EXPECT_EQ(call("GET kept"), bulk("1"));
    ASSERT_EQ(call("DEL kept"), integer(1));
    EXPECT_EQ(u.call("SET a 1"), ok());
    EXPECT_EQ(u.call("SELECT 3"), ok());
    EXPECT_EQ(u.call("SWAPDB 3 3"), ok());
    EXPECT_EQ(u.call("COPY a DB"), integer(1)) << "a key of that name";
    EXPECT_EQ(u.call("COPY a b DB 3"), integer(1));
    EXPECT_EQ(u.call("MULTI"), ok());
    EXPECT_EQ(u.call("SELECT 1"), bound(3));
    EXPECT_EQ(u.call("EXEC"), error("EXECABORT Transaction discarded because of previous errors."));
    EXPECT_EQ(u.call_words({"EVAL", "return redis.pcall('SELECT', '1').err", "0"}), bulk(bound(3).text));
    EXPECT_EQ(u.call_words({"EVAL", "redis.call('SELECT', '3') return redis.call('GET', 'a')", "0"}), bulk("1"));
    EXPECT_EQ(
        u.call_words({"EVAL", "return {redis.acl_check_cmd('SELECT', '1'), redis.acl_check_cmd('SELECT', '3')}", "0"}),
        array(null(), 1));
    EXPECT_EQ(u.call("FLUSHDB"), ok());
  }
  EXPECT_EQ(call("DBSIZE"), integer(0));
}

TEST_F(AclTokenTest, MonitorsShowTheirDatabase) {
  TestClient& u = by(token("u", "DB 1", "~* +@all"));
  EXPECT_EQ(u.call("MONITOR"), ok());
  call("SET a 1");
  EXPECT_FALSE(u.has_reply());
  call("SELECT 1");
  EXPECT_EQ(call("GET b"), null());
  EXPECT_NE(u.reply().text.find("\"SELECT\" \"1\""), Bytes::npos);
  EXPECT_NE(u.reply().text.find("\"GET\" \"b\""), Bytes::npos);
  call("SELECT 0");
}

// What came in by a token ends with it, and nothing else of the user does.
TEST_F(AclTokenTest, WhatIsTakenAwayEndsAtOnce) {
  const Bytes one = token("u", "", "~* &* +@all >pw"), two = token("u");
  const auto ends = [&](const Bytes& rule, bool others_too) {
    TestClient& listens = by(one);
    TestClient& waits = connect();
    TestClient& other = by(two);
    TestClient& with_password = connect();
    EXPECT_EQ(waits.call("AUTH u " + one), ok());
    EXPECT_EQ(with_password.call("AUTH u pw"), ok());
    listens.send("SUBSCRIBE c");
    waits.send("BLPOP l 0");
    const uint64_t before = rooms().doorkeeper.generation();
    EXPECT_EQ(call("ACL SETUSER u " + rule), ok());
    EXPECT_GT(rooms().doorkeeper.generation(), before);
    EXPECT_TRUE(listens.closed()) << rule;
    EXPECT_TRUE(waits.closed()) << rule;
    EXPECT_EQ(other.closed(), others_too) << rule;
    EXPECT_FALSE(with_password.closed()) << rule;
    EXPECT_EQ(call("RPUSH l a"), integer(1)) << "nothing is popped for who has gone";
    EXPECT_EQ(call("DEL l"), integer(1));
  };
  ends("<" + one, false);
  call("ACL SETUSER u >" + one);
  ends("untoken=" + access::digest_of(one), false);
  call("ACL SETUSER u >" + one);
  ends("off", true);
  call("ACL SETUSER u on");
  ends("resetpass", true);
  EXPECT_FALSE(lets_in(one));
  const Bytes last = token("v", "", "~* +@all");
  TestClient& v = by(last);
  EXPECT_EQ(call("ACL DELUSER v"), integer(1));
  EXPECT_TRUE(v.closed());
  EXPECT_FALSE(lets_in(last));
}

TEST_F(AclTokenTest, TheOneWhoDoesItHearsItsAnswer) {
  const Bytes made = token("u", "", "~* +@all");
  TestClient& u = by(made);
  EXPECT_EQ(u.call("ACL SETUSER u <" + made), ok());
  EXPECT_TRUE(u.closed());
}

TEST_F(AclTokenTest, TheyEndWhenTheirTimeIsOver) {
  const Bytes made = token("u", "EXPIRE 10", "~* +@all");
  TestClient& waits = by(made);
  TestClient& stays = by(token("u"));
  waits.send("BLPOP l 0");
  EXPECT_EQ(waits.client().token_until_ms(), clock.wall_ms() / 1000 * 1000 + 10'000);
  ASSERT_TRUE(broker().next_tick_us());
  EXPECT_LE(*broker().next_tick_us(), clock.monotonic_us() + 10'000'000);
  advance_ms(9'990);
  EXPECT_FALSE(waits.closed());
  EXPECT_TRUE(lets_in(made));
  advance_ms(20);
  EXPECT_TRUE(waits.closed());
  EXPECT_FALSE(stays.closed());
  EXPECT_FALSE(lets_in(made));
  EXPECT_EQ(connect().call("AUTH u " + made), kWrongPass);
  EXPECT_NE(line_of("u").find(access::digest_of(made)), Bytes::npos);
  EXPECT_EQ(call("ACL SETUSER u +get"), ok());
  EXPECT_EQ(line_of("u").find(access::digest_of(made)), Bytes::npos) << "whoever writes the user leaves it out";
}

TEST_F(AclTokenTest, WhoHasLeftIsNotWaitedFor) {
  const Bytes made = token("u", "EXPIRE 10", "~* +@all");
  by(made).hang_up();
  tick();
  EXPECT_FALSE(rooms().doorkeeper.next_end_ms());
  TestClient& again = by(made);
  EXPECT_EQ(again.call("RESET"), simple("RESET"));
  EXPECT_FALSE(rooms().doorkeeper.next_end_ms());
  advance_ms(20'000);
  EXPECT_FALSE(again.closed());
}

TEST_F(AclTokenTest, GenTokenMakesATextOnly) {
  EXPECT_EQ(call("ACL GENTOKEN nosuch").text.size(), 48u);
  EXPECT_TRUE(call("ACL GENTOKEN u DB 3").text.starts_with("leat_db3_"));
  const Bytes ending = call("ACL GENTOKEN u EXPIRE 60 DB 1").text;
  EXPECT_TRUE(ending.starts_with("leat_db1_until1700000060_")) << ending;
  EXPECT_FALSE(lets_in(ending));
  EXPECT_EQ(call("ACL GENTOKEN u pw"), error("ERR Wrong password or user \"u\" does not exist"));
  call("ACL SETUSER u on >pw");
  EXPECT_EQ(call("ACL GENTOKEN u pw").text.size(), 48u);
  EXPECT_TRUE(call("ACL GENTOKEN u pw DB 2").text.starts_with("leat_db2_"));
  EXPECT_EQ(call("ACL GENTOKEN u wrong DB 2"), error("ERR Wrong password or user \"u\" does not exist"));
  EXPECT_EQ(call("ACL GENTOKEN u DB 16"), error("ERR DB index is out of range"));
  EXPECT_EQ(call("ACL GENTOKEN u EXPIRE 0").type, '-');
  EXPECT_EQ(call("ACL GENTOKEN u NOSUCH 0"), error("ERR syntax error"));
  EXPECT_EQ(call("ACL GENTOKEN"), error("ERR wrong number of arguments for 'acl|gentoken' command"));
}

TEST_F(AclTokenTest, RestTokenGivesOne) {
  call("ACL SETUSER u on >pw ~* +@all -@admin -@dangerous");
  TestClient& u = connect();
  EXPECT_EQ(u.call("AUTH u pw"), ok());
  const Bytes made = u.call("ACL RESTTOKEN u pw").text, other = u.call("ACL RESTTOKEN u pw DB 4 EXPIRE 100").text;
  EXPECT_EQ(by(made).call("ACL WHOAMI"), bulk("u"));
  EXPECT_EQ(by(other).call("SELECT 0"), bound(4));
  EXPECT_EQ(call("ACL RESTTOKEN u wrong"), error("ERR Wrong password or user \"u\" does not exist"));
  EXPECT_EQ(call("ACL RESTTOKEN u " + made), error("ERR Wrong password or user \"u\" does not exist"))
      << "a token is no password";
  EXPECT_EQ(call("ACL RESTTOKEN upstash x"), error("ERR Wrong password or user \"upstash\" does not exist"));
  EXPECT_EQ(call("ACL RESTTOKEN u"), error("ERR invalid syntax. Usage: ACL RESTTOKEN username password"));
  EXPECT_EQ(call("ACL RESTTOKEN u pw DB"), error("ERR syntax error"));
  EXPECT_EQ(call("ACL SETUSER u resetkeys ~own:*"), ok());
  EXPECT_EQ(by(made).call("GET a"), error("NOPERM No permissions to access a key"))
      << "narrowing the user narrows the token";
  restart();
  EXPECT_TRUE(lets_in(made));
  for (size_t i = 2; i < access::kTokensMax; ++i) call("ACL RESTTOKEN u pw");
  EXPECT_EQ(call("ACL RESTTOKEN u pw"),
            error("ERR A user has no more than 100 tokens: take one away by untoken=DIGEST"));
  EXPECT_EQ(call("ACL SETUSER u reset"), ok());
  EXPECT_FALSE(lets_in(made));
}

TEST_F(AclTokenTest, TokensAreListed) {
  const Bytes a = token("a", "DB 2 EXPIRE 60"), b = token("b");
  by(b);
  EXPECT_EQ(call("ACL TOKENS"), array(array("user", "a", "digest", access::digest_of(a).substr(0, 12), "db", 2,
                                            "expires", "2023-11-14T22:14:20Z", "last-used", "never"),
                                      array("user", "b", "digest", access::digest_of(b).substr(0, 12), "db", 0,
                                            "expires", "never", "last-used", "2023-11-14T22:13:20Z")));
  call("ACL SETUSER b +get");
  EXPECT_EQ(call("ACL TOKENS b").items[0].items[9], bulk("2023-11-14T22:13:20Z"))
      << "a change of the user does not lose it";
  EXPECT_EQ(call("ACL TOKENS nosuch"), array());
}

// The users rest and default_ro.
TEST_F(AclTokenTest, TheConfigurationGivesTokens) {
  const Bytes both = access::new_token(0, 0);
  ASSERT_TRUE(set_config("http.token=" + both + " any text of some length", config).text().find("at least 16 bytes") !=
              View::npos);
  ASSERT_TRUE(set_config("http.token=" + both + " any-text-of-some-length", config).ok());
  ASSERT_TRUE(set_config("http.readonly_token=another-text-of-some-length", config).ok());
  restart();
  EXPECT_EQ(by(both).call("ACL WHOAMI"), bulk("rest"));
  TestClient& rest = by("any-text-of-some-length");
  EXPECT_EQ(rest.call("SET a 1"), ok());
  TestClient& reader = by("another-text-of-some-length");
  EXPECT_EQ(reader.call("ACL WHOAMI"), bulk("default_ro"));
  EXPECT_EQ(connect().call("AUTH default_ro another-text-of-some-length"), ok());
  EXPECT_EQ(reader.call("GET a"), bulk("1"));
  EXPECT_EQ(reader.call("INFO server").type, '$');
  EXPECT_EQ(reader.call("MULTI"), ok());
  EXPECT_EQ(reader.call("EXISTS a"), simple("QUEUED"));
  EXPECT_EQ(reader.call("EXEC"), array(1));
  for (const View line : {"SET a 2", "DEL a", "SCAN 0", "KEYS *", "RANDOMKEY", "EVAL \"return 1\" 0", "PUBLISH c x",
                          "FLUSHDB", "CONFIG GET port", "ACL LIST", "MONITOR", "CLIENT LIST", "GETDEL a", "GETEX a",
                          "SORT_RO a", "DEBUG SLEEP 0", "ACL RESTTOKEN u p"}) {
    EXPECT_EQ(reader.call(line).text.substr(0, 23), "NOPERM User default_ro ") << line;
  }
  const Reply told = call("CONFIG GET http.token");
  EXPECT_EQ(told.items[1].text,
            "token=" + access::digest_of(both) + " token=" + access::digest_of("any-text-of-some-length"));
}

TEST_F(AclTokenTest, TokensRotateWithoutDowntime) {
  EXPECT_EQ(call("CONFIG SET http.token the-old-token-of-all"), ok());
  TestClient& old_one = by("the-old-token-of-all");
  EXPECT_EQ(call("CONFIG SET http.token \"the-old-token-of-all the-new-token-of-all\""), ok());
  TestClient& new_one = by("the-new-token-of-all");
  EXPECT_FALSE(old_one.closed());
  EXPECT_EQ(call("CONFIG SET http.token the-new-token-of-all"), ok());
  EXPECT_TRUE(old_one.closed());
  EXPECT_FALSE(new_one.closed());
  EXPECT_FALSE(lets_in("the-old-token-of-all"));
  EXPECT_EQ(call("CONFIG SET http.token short").text.substr(0, 21), "ERR CONFIG SET failed");
  EXPECT_TRUE(lets_in("the-new-token-of-all"));
  EXPECT_EQ(call("ACL SETUSER other on token=" + access::digest_of("the-third-token-of-all")), ok());
  const Reply refused = call("CONFIG SET http.token the-third-token-of-all");
  EXPECT_NE(refused.text.find("is of user 'other'"), Bytes::npos) << refused.text;
  EXPECT_EQ(call("CONFIG SET http.token \"\""), ok());
  EXPECT_TRUE(new_one.closed());
  EXPECT_EQ(line_of("rest"), "") << "without a token he is not there";
}

TEST_F(AclTokenTest, TheConfigurationWinsAtEachStart) {
  const Bytes made = token("rest", "", "+get");
  ASSERT_TRUE(set_config("http.token=the-token-of-the-file", config).ok());
  restart();
  EXPECT_EQ(line_of("rest"),
            "user rest on sanitize-payload token=" + access::digest_of("the-token-of-the-file") + " ~* &* +@all");
  EXPECT_FALSE(lets_in(made));
  ASSERT_TRUE(set_config("user.rest.rules=on ~own:* +get", config).ok());
  restart();
  EXPECT_EQ(line_of("rest"), "user rest on sanitize-payload token=" + access::digest_of("the-token-of-the-file") +
                                 " ~own:* resetchannels -@all +get");
}

// A file of users says what they are; tokens of the configuration they have besides.
TEST_F(AclTokenTest, AFileOfUsersTakesNoTokenAway) {
  config.aclfile = ::testing::TempDir() + "acl_token_test." + std::to_string(getpid());
  ASSERT_TRUE(set_config("http.token=the-token-of-the-settings", config).ok());
  ASSERT_TRUE(set_config("http.readonly_token=the-other-one-of-them", config).ok());
  std::ofstream(config.aclfile) << "user default on nopass ~* &* +@all\nuser default_ro on ~* +get\n";
  restart();
  const auto all_are_there = [&] {
    EXPECT_EQ(by("the-token-of-the-settings").call("SET a 1"), ok());
    EXPECT_EQ(line_of("default_ro"), "user default_ro on sanitize-payload token=" +
                                         access::digest_of("the-other-one-of-them") + " ~* resetchannels -@all +get");
  };
  all_are_there();
  EXPECT_EQ(call("ACL LOAD"), ok());
  all_are_there();
  EXPECT_EQ(call("ACL SAVE"), ok());
  EXPECT_EQ(call("ACL LOAD"), ok());
  all_are_there();
  std::remove(config.aclfile.c_str());
  config.aclfile.clear();  // of what follows the test
}

TEST_F(AclTokenTest, TheFirstStartMakesThem) {
  ASSERT_TRUE(broker().make_first_tokens()->empty()) << "without that door";
  config.http_port = 8079;
  restart();
  const auto made = broker().make_first_tokens();
  ASSERT_TRUE(made.ok());
  ASSERT_EQ(made->size(), 2u);
  EXPECT_EQ(by((*made)[0].secret).call("ACL WHOAMI"), bulk("rest"));
  EXPECT_EQ(by((*made)[1].secret).call("ACL WHOAMI"), bulk("default_ro"));
  restart_after_power_cut(1);
  EXPECT_TRUE(broker().make_first_tokens()->empty()) << "once, and on disk before they are told";
  EXPECT_TRUE(lets_in((*made)[0].secret));
  EXPECT_TRUE(lets_in((*made)[1].secret));
}

TEST_F(AclTokenTest, GuessingIsBounded) {
  call("ACL SETUSER u on >pw ~* +@all");
  call("CONFIG SET limits.auth_failures 5");
  TestClient& guesses = connect();
  next_peer = "192.0.2.7:1";
  TestClient& elsewhere = connect();
  const Bytes made = token("u");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(guesses.call("AUTH u guess" + std::to_string(i)), kWrongPass);
  EXPECT_FALSE(rooms().doorkeeper.let_in_by_token(guesses.client(), "a guess of a token"));
  EXPECT_EQ(guesses.call("AUTH u pw"), ok()) << "not yet";
  EXPECT_EQ(guesses.call("HELLO 2 AUTH u guess"), kWrongPass);
  EXPECT_EQ(guesses.call("AUTH u pw"), kWrongPass) << "he is not listened to any more";
  EXPECT_EQ(guesses.call("ACL RESTTOKEN u pw").text.substr(0, 18), "ERR Wrong password");
  EXPECT_FALSE(rooms().doorkeeper.let_in_by_token(guesses.client(), made));
  EXPECT_EQ(elsewhere.call("AUTH u pw"), ok()) << "others are";
  EXPECT_TRUE(rooms().doorkeeper.let_in_by_token(elsewhere.client(), made));
  const Reply log = call("ACL LOG 100");
  EXPECT_EQ(log.items.size(), 3u) << "AUTH, HELLO and the token, each counted";
  advance_ms(config.auth_window_s * 1000 + 1);
  EXPECT_EQ(guesses.call("AUTH u pw"), ok());
}

TEST_F(AclTokenTest, SecretsAreNotShown) {
  call("CONFIG SET slowlog-log-slower-than 0");
  const Bytes secret = token("u", "", ">pw");
  for (const View line : {"ACL RESTTOKEN u pw", "ACL GENTOKEN u pw", "CONFIG SET http.token a-very-secret-text"}) {
    call(line);
    const Reply shown = call("SLOWLOG GET 2").items[0].items[3];
    EXPECT_EQ(shown.items.back(), bulk("(redacted)")) << line;
  }
}

}  // namespace
}  // namespace leat::testing
