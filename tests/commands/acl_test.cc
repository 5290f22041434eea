// SPDX-License-Identifier: Apache-2.0
// ACL, AUTH, and what users' rules do to requests, transactions, scripts, waits and subscriptions.
#include <unistd.h>

#include "broker/access/passwords.h"
#include "tests/support/broker_test.h"

namespace leat::testing {
namespace {

const Reply kNoAuth = error("NOAUTH Authentication required.");
const Reply kWrongPass = error("WRONGPASS invalid username-password pair or user is disabled.");
const Reply kNoKey = error("NOPERM No permissions to access a key");
const Reply kNoChannel = error("NOPERM No permissions to access a channel");
Reply no_command(const Bytes& user, const Bytes& command) {
  return error("NOPERM User " + user + " has no permissions to run the '" + command + "' command");
}

class AclTest : public BrokerTest {
 protected:
  // A client that came in as `user`, whose password is "pw".
  TestClient& as(const Bytes& user, const Bytes& rules = "") {
    if (!rules.empty()) {
      EXPECT_EQ(call("ACL SETUSER " + user + " on >pw " + rules), ok());
    }
    TestClient& one = connect();
    EXPECT_EQ(one.call("AUTH " + user + " pw"), ok());
    return one;
  }
  Bytes line_of(const Bytes& user) {
    for (const Reply& line : call("ACL LIST").items) {
      if (line.text.starts_with("user " + user + " ")) return line.text;
    }
    return "";
  }
  Bytes field(View info, const Bytes& name) {
    const size_t at = info.find(name + ":");
    return at == View::npos ? "" : Bytes(info.substr(at + name.size() + 1, info.find('\r', at) - at - name.size() - 1));
  }
};

TEST_F(AclTest, AtFirstThereIsOneUserWhoMayDoAnything) {
  EXPECT_EQ(call("ACL WHOAMI"), bulk("default"));
  EXPECT_EQ(call("ACL USERS"), array("default"));
  EXPECT_EQ(call("ACL LIST"), array("user default on nopass sanitize-payload ~* &* +@all"));
  EXPECT_EQ(call("AUTH x"),
            error("ERR AUTH <password> called without any password configured for the default user. Are you "
                  "sure your configuration is correct?"));
  EXPECT_EQ(call("AUTH default anything"), ok());
  EXPECT_EQ(call("AUTH nosuch x"), kWrongPass);
  EXPECT_EQ(call("AUTH a b c"), error("ERR syntax error"));
}

TEST_F(AclTest, GetUserTellsAllOfIt) {
  EXPECT_EQ(call("ACL SETUSER u on >pw ~a* %R~b* &c +@read -get (~d +set)"), ok());
  const Bytes digest = access::digest_of("pw");
  EXPECT_EQ(call("ACL GETUSER u"),
            array("flags", array("on", "sanitize-payload"), "passwords", array(digest), "commands", "-@all +@read -get",
                  "keys", "~a* %R~b*", "channels", "&c", "selectors",
                  array(array("commands", "-@all +set", "keys", "~d", "channels", ""))));
  EXPECT_EQ(line_of("u"), "user u on sanitize-payload #" + digest +
                              " ~a* %R~b* resetchannels &c -@all +@read -get (~d resetchannels -@all +set)");
  EXPECT_EQ(call("ACL GETUSER nosuch"), null());
  TestClient& third = connect();
  third.call("HELLO 3");
  const Reply map3 = third.call("ACL GETUSER default");
  EXPECT_EQ(map3, map("flags", set("on", "nopass", "sanitize-payload"), "passwords", array(), "commands", "+@all",
                      "keys", "~*", "channels", "&*", "selectors", array()));
}

TEST_F(AclTest, SetUserIsAllOrNothing) {
  const auto refused = [&](View line, View why) { EXPECT_EQ(call(line), error("ERR " + Bytes(why))) << line; };
  refused("ACL SETUSER u on +get +nosuch",
          "Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL");
  EXPECT_EQ(call("ACL USERS"), array("default"));
  refused("ACL SETUSER u (~a +get", "Unmatched parenthesis in acl selector starting at '(~a'.");
  refused(
      "ACL SETUSER u ~* ~a",
      "Error in ACL SETUSER modifier '~a': Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid "
      "and does "
      "not have any effect. Try 'resetkeys' to start with an empty list of patterns");
  refused("ACL SETUSER \"a b\" on", "Usernames can't contain spaces or null characters");
  refused("ACL SETUSER u <x",
          "Error in ACL SETUSER modifier '<x': The password you are trying to remove from the user does not exist");
}

TEST_F(AclTest, PasswordsAreAskedFor) {
  EXPECT_EQ(call("CONFIG SET requirepass secret"), ok());
  EXPECT_EQ(call("PING"), simple("PONG")) << "who was here stays";
  TestClient& other = connect();
  EXPECT_EQ(other.call("GET k"), kNoAuth);
  EXPECT_EQ(other.call("PING"), kNoAuth);
  EXPECT_EQ(other.call("HELLO 3").text.substr(0, 26), "NOAUTH HELLO must be calle");
  EXPECT_EQ(other.call("AUTH wrong"), kWrongPass);
  EXPECT_EQ(other.call("AUTH secret"), ok());
  EXPECT_EQ(other.call("GET k"), null());
  EXPECT_EQ(other.call("RESET"), simple("RESET"));
  EXPECT_EQ(other.call("GET k"), kNoAuth);
  EXPECT_EQ(other.call("HELLO 2 AUTH default wrong"), kWrongPass);
  EXPECT_EQ(other.call("HELLO 2 AUTH default secret SETNAME me").type, '*');
  EXPECT_EQ(other.call("CLIENT GETNAME"), bulk("me"));
  EXPECT_EQ(call("CONFIG GET requirepass"), array("requirepass", "secret"));
  EXPECT_EQ(call("CONFIG SET requirepass \"\""), ok());
  EXPECT_EQ(connect().call("GET k"), null());
}

TEST_F(AclTest, CommandsKeysAndChannelsAreKept) {
  TestClient& u = as("u", "~own:* %R~in:* &news +@all -flushall -client|kill +select|0 -select +select|0");
  EXPECT_EQ(u.call("ACL WHOAMI"), bulk("u"));
  EXPECT_EQ(u.call("SET own:a 1"), ok());
  EXPECT_EQ(u.call("SET other 1"), kNoKey);
  EXPECT_EQ(u.call("GET in:a"), null());
  EXPECT_EQ(u.call("SET in:a 1"), kNoKey);
  EXPECT_EQ(u.call("MGET own:a other"), kNoKey);
  EXPECT_EQ(u.call("FLUSHALL"), no_command("u", "flushall"));
  EXPECT_EQ(u.call("CLIENT KILL ID 1"), no_command("u", "client|kill"));
  EXPECT_EQ(u.call("CLIENT ID").type, ':');
  EXPECT_EQ(u.call("SELECT 0"), ok());
  EXPECT_EQ(u.call("SELECT 1"), no_command("u", "select"));
  EXPECT_EQ(u.call("PUBLISH news x"), integer(0));
  EXPECT_EQ(u.call("PUBLISH olds x"), kNoChannel);
  EXPECT_EQ(u.call("PSUBSCRIBE n*"), kNoChannel);
  EXPECT_EQ(u.call("SUBSCRIBE news").type, '*');
}

// Keys wherever a command has them.
TEST_F(AclTest, KeysOfManyKinds) {
  TestClient& u = as("u", "~ok* %R~in* %W~out* +@all");
  for (const auto& [line, allowed] : std::initializer_list<std::pair<View, bool>>{
           {"EVAL \"return 1\" 1 ok", true},
           {"EVAL \"return 1\" 1 no", false},
           {"EVAL_RO \"return 1\" 1 in", true},
           {"EVAL \"return 1\" 1 in", false},
           {"ZUNIONSTORE out 2 in1 in2", true},
           {"ZUNIONSTORE out 2 in1 no", false},
           {"ZUNIONSTORE in 2 in1 in2", false},
           {"SORT in LIMIT 0 1 STORE out", true},
           {"SORT in STORE no", false},
           {"SORT in LIMIT 0 1 STORE in", false},
           {"XREAD COUNT 1 STREAMS in1 in2 0 0", true},
           {"XREAD COUNT 1 STREAMS in1 no 0 0", false},
           {"XREADGROUP GROUP STREAMS ok STREAMS no >", false},
           {"XREADGROUP GROUP g STREAMS STREAMS no >", false},
           {"GEORADIUS in 0 0 1 km STORE no", false},
           {"COPY in out", true},
           {"COPY in in", false},
           {"RENAME ok out", true},
           {"RENAME in out", false},
           {"SET out 1", true},
           {"SET out 1 GET", false},
           {"SET ok 1 GET", true},
           {"BITFIELD in GET u8 0", true},
           {"BITFIELD in INCRBY u8 0 1", false},
           {"LMPOP 2 ok no LEFT", false},
           {"BLMOVE ok out LEFT RIGHT 0.01", true},
           {"BLMOVE in out LEFT RIGHT 0.01", false},
           {"SINTERCARD 2 in no", false},
           {"EXISTS out in ok", true},
           {"EXISTS no", false},
           {"OBJECT ENCODING no", false},
           {"XGROUP CREATE in g $ MKSTREAM", false},
           {"WATCH no", false},
           {"MSET ok 1 no 2", false}}) {
    u.send(line);
    if (!u.has_reply()) advance_ms(20);
    EXPECT_EQ(u.reply() != kNoKey, allowed) << line;
  }
}

TEST_F(AclTest, SortReadsByPatternsOnlyForWhoMayReadAll) {
  TestClient& u = as("u", "~l +@all");
  EXPECT_EQ(u.call("SORT l BY w_*"), error("ERR BY option of SORT denied due to insufficient ACL permissions."));
  EXPECT_EQ(u.call("SORT l GET w_*"), error("ERR GET option of SORT denied due to insufficient ACL permissions."));
  EXPECT_EQ(u.call("SORT l BY nosort"), array());
  TestClient& reader = as("reader", "%R~* +@all");
  EXPECT_EQ(reader.call("SORT l BY w_* GET x_*"), array());
}

TEST_F(AclTest, TransactionsAreAskedTwice) {
  TestClient& u = as("u", "~k +@all");
  EXPECT_EQ(u.call("MULTI"), ok());
  EXPECT_EQ(u.call("SET other 1"), kNoKey);
  EXPECT_EQ(u.call("EXEC"), error("EXECABORT Transaction discarded because of previous errors."));
  EXPECT_EQ(u.call("MULTI"), ok());
  EXPECT_EQ(u.call("SET k 1"), simple("QUEUED"));
  EXPECT_EQ(u.call("GET k"), simple("QUEUED"));
  EXPECT_EQ(call("ACL SETUSER u -set"), ok());
  EXPECT_EQ(
      u.call("EXEC"),
      array(
          error(
              "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This "
              "command is no longer allowed for the following reason: no permission to execute the command or subcommand"),
          null()));
}

TEST_F(AclTest, ScriptsAndFunctions) {
  TestClient& u = as("u", "~k +@all -set");
  EXPECT_EQ(u.call_words({"EVAL", "return redis.call('SET', 'k', '1')", "0"}).text.substr(0, 76),
            "NOPERM ACL failure in script: User u has no permissions to run the 'set' com");
  EXPECT_EQ(u.call_words({"EVAL", "return redis.pcall('GET', 'other').err", "0"}),
            bulk("NOPERM ACL failure in script: No permissions to access a key"));
  EXPECT_EQ(u.call_words({"EVAL", "return {redis.acl_check_cmd('GET', 'k'), redis.acl_check_cmd('GET', 'other'), "
                                  "redis.acl_check_cmd('SET', 'k', '1')}", "0"}),
            array(1, null(), null()));
  client().call_words(
      {"FUNCTION", "LOAD",
       "#!lua name=l\nredis.register_function('f', function(keys) return redis.call('GET', 'other') end)"});
  EXPECT_EQ(u.call("FCALL f 0").text.substr(0, 60), "NOPERM ACL failure in script: No permissions to access a key");
}

// What waits is asked again when it is served.
TEST_F(AclTest, BlockedClients) {
  TestClient& u = as("u", "~jobs +@all");
  u.send("BLPOP jobs 0");
  EXPECT_TRUE(u.blocked());
  EXPECT_EQ(call("ACL SETUSER u resetkeys"), ok());
  EXPECT_EQ(call("RPUSH jobs a"), integer(1));
  EXPECT_EQ(u.reply(), kNoKey);
  EXPECT_EQ(call("LRANGE jobs 0 -1"), array("a"));
}

TEST_F(AclTest, SubscriptionsThatAreForbiddenEnd) {
  TestClient& u = as("u", "&a &b* +@all ~*");
  TestClient& stays = as("u");
  u.send("PSUBSCRIBE b*");
  u.send("SUBSCRIBE a");
  stays.send("SUBSCRIBE a");
  EXPECT_EQ(call("ACL SETUSER u &c"), ok());
  EXPECT_FALSE(u.closed());
  EXPECT_EQ(call("ACL SETUSER u resetchannels &a"), ok());
  EXPECT_TRUE(u.closed());
  EXPECT_FALSE(stays.closed());
}

TEST_F(AclTest, DeletedUsersAreThrownOut) {
  TestClient& u = as("u", "~* +@all");
  TestClient& v = as("v", "~* +@all");
  EXPECT_EQ(call("ACL DELUSER u nosuch"), integer(1));
  EXPECT_TRUE(u.closed());
  EXPECT_FALSE(v.closed());
  EXPECT_EQ(connect().call("AUTH u pw"), kWrongPass);
  EXPECT_EQ(call("ACL DELUSER default"), error("ERR The 'default' user cannot be removed"));
  EXPECT_EQ(v.call("ACL DELUSER v"), integer(1)) << "who deletes himself still hears the answer";
  EXPECT_TRUE(v.closed());
  EXPECT_EQ(call("ACL SETUSER w off >pw"), ok());
  EXPECT_EQ(connect().call("AUTH w pw"), kWrongPass);
}

TEST_F(AclTest, Categories) {
  const Reply all = call("ACL CAT");
  ASSERT_EQ(all.items.size(), 21u);
  EXPECT_EQ(all.items.front(), bulk("keyspace"));
  EXPECT_EQ(call("ACL CAT TRANSACTION"), array("discard", "exec", "multi", "unwatch", "watch"));
  EXPECT_EQ(call("ACL CAT nosuch"), error("ERR Unknown category 'nosuch'"));
  EXPECT_EQ(call("COMMAND LIST FILTERBY ACLCAT transaction").items.size(), 5u);
}

TEST_F(AclTest, DryRun) {
  call("ACL SETUSER u ~k %R~r &c +@all -del");
  EXPECT_EQ(call("ACL DRYRUN u GET k"), ok());
  EXPECT_EQ(call("ACL DRYRUN u GET x"), bulk("User u has no permissions to access the 'x' key"));
  EXPECT_EQ(call("ACL DRYRUN u SET r 1"), bulk("User u has no permissions to access the 'r' key"));
  EXPECT_EQ(call("ACL DRYRUN u DEL k"), bulk("User u has no permissions to run the 'del' command"));
  EXPECT_EQ(call("ACL DRYRUN u PUBLISH d x"), bulk("User u has no permissions to access the 'd' channel"));
  EXPECT_EQ(call("ACL DRYRUN nosuch GET k"), error("ERR User 'nosuch' not found"));
  EXPECT_EQ(call("ACL DRYRUN u nosuch"), error("ERR Command 'nosuch' not found"));
  EXPECT_EQ(call("ACL DRYRUN u GET"), error("ERR wrong number of arguments for 'get' command"));
}

TEST_F(AclTest, GenPass) {
  EXPECT_EQ(call("ACL GENPASS").text.size(), 64u);
  EXPECT_EQ(call("ACL GENPASS 5").text.size(), 2u);
  for (const Bytes bad : {"0", "4097", "-1"}) {
    EXPECT_EQ(call("ACL GENPASS " + bad),
              error("ERR ACL GENPASS argument must be the number of bits for the output password, a "
                    "positive number up to 4096"));
  }
}

TEST_F(AclTest, TheLogTellsWhatWasRefused) {
  TestClient& u = as("u", "~k &c +@all -del");
  u.call("DEL k");
  u.call("DEL k");
  u.call("GET secret");
  u.call("PUBLISH x y");
  u.call_words({"EVAL", "return redis.pcall('DEL', 'k')", "0"});
  u.call("MULTI");
  u.call("DEL k");
  u.call("DISCARD");
  u.call("AUTH u wrong");
  advance_ms(2500);
  TestClient& third = connect();
  third.call("HELLO 3");
  const Reply log = third.call("ACL LOG");
  ASSERT_EQ(log.items.size(), 6u);
  const auto shown = [&](size_t i) {
    const auto& items = log.items[i].items;
    return items[1].text + " " + items[3].text + " " + items[5].text + " " + items[7].text + " " + items[9].text + " " +
           items[11].text;
  };
  EXPECT_EQ(shown(0), "1 auth toplevel AUTH u 2.5");
  EXPECT_NE(log.items[0].items[13].text.find(" cmd=auth "), Bytes::npos) << "what was refused";
  EXPECT_EQ(shown(1), "1 command multi del u 2.5");
  EXPECT_EQ(shown(2), "1 command lua del u 2.5");
  EXPECT_EQ(shown(3), "1 channel toplevel x u 2.5");
  EXPECT_EQ(shown(4), "1 key toplevel secret u 2.5");
  EXPECT_EQ(shown(5), "2 command toplevel del u 2.5");
  EXPECT_NE(log.items[5].items[13].text.find(" user=u "), Bytes::npos);
  EXPECT_EQ(log.items[5].items[14], bulk("entry-id"));
  EXPECT_EQ(call("ACL LOG 2").items.size(), 2u);
  const Bytes info = call("INFO stats").text;
  EXPECT_EQ(field(info, "acl_access_denied_auth"), "1");
  EXPECT_EQ(field(info, "acl_access_denied_cmd"), "4");
  EXPECT_EQ(field(info, "acl_access_denied_key"), "1");
  EXPECT_EQ(field(info, "acl_access_denied_channel"), "1");
  EXPECT_EQ(call("ACL LOG RESET"), ok());
  EXPECT_EQ(call("ACL LOG"), array());
}

TEST_F(AclTest, ClientsHaveUsers) {
  TestClient& u = as("u", "~* +@all");
  EXPECT_NE(u.call("CLIENT INFO").text.find(" user=u "), Bytes::npos);
  EXPECT_EQ(call("CLIENT KILL USER nosuch"), error("ERR No such user 'nosuch'"));
  EXPECT_EQ(call("CLIENT KILL USER u"), integer(1));
  EXPECT_TRUE(u.closed());
}

TEST_F(AclTest, UsersPersist) {
  call("ACL SETUSER u on >pw ~a* +@read (~b +set)");
  call("ACL SETUSER gone on");
  call("ACL DELUSER gone");
  call("ACL SETUSER default -flushall");
  const Bytes u = line_of("u"), first = line_of("default");
  restart();
  EXPECT_EQ(line_of("u"), u);
  EXPECT_EQ(line_of("default"), first);
  EXPECT_EQ(call("ACL USERS"), array("default", "u"));
  EXPECT_EQ(call("FLUSHALL"), no_command("default", "flushall"));
  ASSERT_TRUE(broker().save().ok());
  restart();
  EXPECT_EQ(line_of("u"), u);
  EXPECT_EQ(as("u").call("GET a"), null());
}

TEST_F(AclTest, UsersAndLibrariesStandApart) {
  call("ACL SETUSER u on");
  client().call_words({"FUNCTION", "LOAD", "#!lua name=u\nredis.register_function('f', function() return 1 end)"});
  call("FUNCTION FLUSH");
  ASSERT_TRUE(broker().save().ok());
  restart();
  EXPECT_EQ(call("ACL USERS"), array("default", "u"));
  EXPECT_EQ(call("FUNCTION LIST"), array());
}

TEST_F(AclTest, TheConfigurationWinsForWhomItNames) {
  call("ACL SETUSER a on >log ~* +@all");
  call("ACL SETUSER b on >log ~* +@all");
  config.users = {{.name = "a", .rules = {"on", ">file", "~*", "+get"}, .place = "leat.toml:1"}};
  config.requirepass = "secret";
  restart();
  EXPECT_EQ(call("GET k"), kNoAuth);
  EXPECT_EQ(call("AUTH secret"), ok());
  EXPECT_EQ(connect().call("AUTH a log"), kWrongPass);
  EXPECT_EQ(connect().call("AUTH a file"), ok());
  EXPECT_EQ(connect().call("AUTH b log"), ok());
  EXPECT_EQ(call("ACL SETUSER a +set"), ok());
  EXPECT_EQ(call("ACL DELUSER a"), integer(1));
  restart();
  EXPECT_EQ(connect().call("AUTH a file"), ok()) << "at each start";
  config.users = {{.name = "a", .rules = {"+nosuch"}, .place = "leat.toml:1"}};
  EXPECT_NE(try_restart().text().find("leat.toml:1: user.a.rules: Error in ACL SETUSER modifier '+nosuch'"),
            View::npos);
  config.users = {{.name = "a", .rules = {"<hidden"}, .place = "leat.toml:1"}};
  EXPECT_EQ(try_restart().text(),
            "leat.toml:1: user.a.rules: Error in ACL SETUSER modifier '<(redacted)': The password you are "
            "trying to remove from the user does not exist");
  config = Config();
  config.segment_bytes = 1 << 20;
  EXPECT_TRUE(try_restart().ok());
}

// `leat init` writes [user.default]: a password that CONFIG SET changed and CONFIG REWRITE wrote must not fall back.
TEST_F(AclTest, RequirepassSaysThePasswordOfAListedUserToo) {
  config.users = {{.name = "default", .rules = {"on", ">old", "~*", "&*", "+@all"}, .place = "leat.toml:1"}};
  config.requirepass = "new";
  restart();
  EXPECT_EQ(call("GET k"), kNoAuth);
  EXPECT_EQ(call("AUTH old"), kWrongPass);
  EXPECT_EQ(call("AUTH new"), ok());
  config.users = {{.name = "default", .rules = {"on", "nopass", "~*", "&*", "+get", "+auth"}, .place = "leat.toml:1"}};
  restart();
  EXPECT_EQ(connect().call("GET k"), kNoAuth);
  TestClient& known = connect();
  EXPECT_EQ(known.call("AUTH new"), ok());
  EXPECT_EQ(known.call("GET k"), null());
  EXPECT_EQ(known.call("SET k v").text.substr(0, 6), "NOPERM") << "of the rest of the user it says nothing";
  config = Config();
  config.segment_bytes = 1 << 20;
  ASSERT_TRUE(try_restart().ok());
}

// What a power cut could take back nobody is told of.
TEST_F(AclTest, WithoutAFileThereIsNothingToLoad) {
  const Bytes why =
      "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
      "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store "
      "users in the Redis configuration.";
  EXPECT_EQ(call("ACL LOAD"), error(why));
  EXPECT_EQ(call("ACL SAVE"), error(why));
}

TEST_F(AclTest, AFileIsSavedAndLoaded) {
  const Bytes path = ::testing::TempDir() + "leat-users-" + std::to_string(getpid()) + ".acl";
  FILE* file = std::fopen(path.c_str(), "w");
  std::fputs("user default on nopass ~* &* +@all\nuser a on >pw ~* +@all\nuser b on >pw ~* +@all\n", file);
  std::fclose(file);
  config.aclfile = path;
  restart();
  TestClient& a = as("a");
  TestClient& b = as("b");
  EXPECT_EQ(call("ACL SETUSER a -flushall"), ok());
  EXPECT_EQ(call("ACL SETUSER c on >pw (~x ~y +get)"), ok());
  EXPECT_EQ(call("ACL SAVE"), ok());
  EXPECT_EQ(call("ACL LOAD"), ok());
  EXPECT_FALSE(a.closed()) << "nothing has changed";
  const Reply before = call("ACL LIST");
  file = std::fopen(path.c_str(), "a");
  std::fputs("user d +nosuch\n", file);
  std::fclose(file);
  EXPECT_EQ(call("ACL LOAD"),
            error("ERR " + path +
                  ":5: Error in applying operation '+nosuch': Unknown command or category name in "
                  "ACL. WARNING: ACL errors detected, no change to the previously active ACL rules was performed"));
  EXPECT_EQ(call("ACL LIST"), before);
  file = std::fopen(path.c_str(), "w");
  std::fputs("user default on nopass ~* &* +@all\nuser a on >other ~* +@all\n", file);
  std::fclose(file);
  EXPECT_EQ(call("ACL LOAD"), ok());
  EXPECT_TRUE(a.closed());
  EXPECT_TRUE(b.closed());
  EXPECT_EQ(call("ACL USERS"), array("a", "default"));
  restart();
  EXPECT_EQ(call("ACL USERS"), array("a", "default"));
  std::remove(path.c_str());
  EXPECT_FALSE(try_restart().ok()) << "a file that is not there";
  config.aclfile.clear();
  EXPECT_TRUE(try_restart().ok());
}

// tls_auth_clients_user = 'CN': who has shown a certificate of that name needs no password.
TEST_F(AclTest, ACertificateNamesItsUser) {
  call("ACL SETUSER alice on >secret ~a* +get +acl|whoami");
  call("ACL SETUSER bob off nopass allkeys allcommands");
  TestClient& named = connect();
  broker().certified(named.client(), "alice");
  EXPECT_EQ(named.call("ACL WHOAMI"), bulk("alice"));
  EXPECT_EQ(named.call("GET a"), null());
  EXPECT_EQ(named.call("SET a 1").text.substr(0, 6), "NOPERM");
  for (const View nobody : {"bob", "nosuch", ""}) {
    TestClient& other = connect();
    broker().certified(other.client(), nobody);
    EXPECT_EQ(other.call("ACL WHOAMI"), bulk("default"));
  }
}

TEST_F(AclTest, TheDoorIsSafe) {
  Config open;
  open.bind = "0.0.0.0";
  EXPECT_EQ(
      check_config(open).text(),
      "bind = '0.0.0.0' is refused: others can reach it, and the default user has no password. Set "
      "requirepass, or let clients show certificates (tls = 'required', tls_auth_clients = 'yes'), or bind a loopback "
      "address such as 127.0.0.1; protected_mode = \"no\" lets everybody in");
  open.protected_mode = false;
  EXPECT_TRUE(check_config(open).ok());
  open.protected_mode = true;
  open.tls.mode = TlsMode::kRequired;
  EXPECT_TRUE(check_config(open).ok());
  open.tls.auth_clients = TlsClients::kNo;
  EXPECT_FALSE(check_config(open).ok());
  open.tls.mode = TlsMode::kOff;
  open.tls.auth_clients = TlsClients::kYes;
  open.tls.port = 6380;
  EXPECT_FALSE(check_config(open).ok()) << "there is a plain port beside";
  open.port = 0;
  EXPECT_TRUE(check_config(open).ok());
  open.http_port = 8079;
  EXPECT_FALSE(check_config(open).ok());
  open.requirepass = "x";
  EXPECT_TRUE(check_config(open).ok());
  config.bind = "0.0.0.0";
  config.users = {{.name = "default", .rules = {"on", "nopass", "~*", "+@all"}, .place = "leat.toml:1"}};
  EXPECT_NE(try_restart().text().find("is refused"), View::npos) << "the user is listed, and open";
  config.users.clear();
  config.requirepass = "x";
  ASSERT_TRUE(try_restart().ok());
  EXPECT_EQ(call("AUTH x"), ok());
  EXPECT_TRUE(call("CONFIG SET requirepass \"\"").is_error());
  EXPECT_EQ(call("ACL SETUSER default nopass"), ok());
  TestClient& near = connect();
  EXPECT_EQ(near.call("PING"), simple("PONG"));
  next_peer = "10.0.0.1:50000";
  TestClient& far = connect();
  tick();
  EXPECT_EQ(far.reply().text.substr(0, 6), "DENIED");
  EXPECT_TRUE(far.closed());
  EXPECT_EQ(call("ACL SETUSER default resetpass >y"), ok());
  EXPECT_EQ(connect().call("AUTH y"), ok());
  next_peer = "127.0.0.1:50000";
  config.bind = "127.0.0.1";
}

TEST_F(AclTest, ProtectedSettings) {
  EXPECT_EQ(
      call("CONFIG SET snapshot.backup_dir /tmp/x"),
      error("ERR CONFIG SET failed (possibly related to argument 'snapshot.backup_dir') - can't set protected config"));
  config.protected_configs = DebugAccess::kLocal;
  restart();
  EXPECT_EQ(call("CONFIG SET snapshot.backup_dir /tmp/x"), ok());
}

// Secrets are seen by nobody: not by who monitors, nor in the slow log.
TEST_F(AclTest, PasswordsAreNotShown) {
  TestClient& watcher = connect();
  watcher.call("MONITOR");
  call("CONFIG SET slowlog-log-slower-than 0");
  TestClient& other = connect();
  other.call("AUTH default hidden1");
  other.call("HELLO 2 AUTH default hidden2");
  call("ACL SETUSER u >hidden3");
  call("CONFIG SET requirepass hidden4");
  call("ACL GETUSER u");
  tick();
  Bytes seen = watcher.received();
  for (const Reply& entry : call("SLOWLOG GET 100").items) {
    for (const Reply& word : entry.items[3].items) seen += word.text + " ";
  }
  seen += call("INFO everything").text;
  for (const View secret : {"hidden1", "hidden2", "hidden3", "hidden4"})
    EXPECT_EQ(seen.find(secret), Bytes::npos) << secret;
}

}  // namespace
}  // namespace leat::testing
