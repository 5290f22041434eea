// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class ClientTest : public BrokerTest {
 public:
  Bytes id_of(TestClient& one) { return std::to_string(one.client().id); }
};

TEST_F(ClientTest, TheListIsFilteredAndHasRedisFields) {
  TestClient& other = connect();
  TestClient& listener = connect();
  listener.call("SUBSCRIBE news");
  const Bytes all = call("CLIENT LIST").text;
  for (const char* field : {"id=", " addr=127.0.0.1:50000", " laddr=", " fd=", " name=", " age=0", " idle=0", " flags=N",
                            " db=0", " sub=1", " psub=0", " ssub=0", " multi=-1", " watch=0", " qbuf=", " qbuf-free=", " argv-mem=",
                            " multi-mem=", " rbs=", " rbp=", " obl=", " oll=", " omem=", " tot-mem=", " events=r",
                            " cmd=client|list", " user=default", " redir=-1", " resp=2", " lib-name=", " lib-ver="}) {
    EXPECT_NE(all.find(field), Bytes::npos) << field;
  }
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 3);
  const Bytes listeners = call("CLIENT LIST TYPE pubsub").text;
  EXPECT_EQ(std::count(listeners.begin(), listeners.end(), '\n'), 1);
  EXPECT_EQ(call("CLIENT LIST TYPE master").text, "");
  EXPECT_EQ(call("CLIENT LIST TYPE nosuch"), error("ERR Unknown client type 'nosuch'"));
  const Bytes two = call("CLIENT LIST ID " + id_of(other) + " 999 " + id_of(client())).text;
  EXPECT_EQ(two.find("id=" + id_of(other) + " "), 0u) << "in the order asked for";
  EXPECT_EQ(std::count(two.begin(), two.end(), '\n'), 2);
  EXPECT_EQ(call("CLIENT LIST ID x"), error("ERR Invalid client ID"));
  EXPECT_EQ(call("CLIENT LIST ID -1").text, "");
  EXPECT_EQ(call("CLIENT LIST ID"), error("ERR syntax error"));
  EXPECT_EQ(call("CLIENT LIST x y"), error("ERR syntax error"));
}

TEST_F(ClientTest, KillTakesEachFilter) {
  TestClient& by_id = connect();
  EXPECT_EQ(call("CLIENT KILL ID " + id_of(by_id)), integer(1));
  EXPECT_TRUE(by_id.closed());
  TestClient& by_address = connect();
  by_address.peer_name = "127.0.0.1:50001";
  EXPECT_EQ(call("CLIENT KILL ADDR 127.0.0.1:50001"), integer(1));
  EXPECT_TRUE(by_address.closed());
  TestClient& old_form = connect();
  old_form.peer_name = "127.0.0.1:50002";
  EXPECT_EQ(call("CLIENT KILL 127.0.0.1:50002"), ok());
  EXPECT_TRUE(old_form.closed());
  EXPECT_EQ(call("CLIENT KILL 127.0.0.1:50002"), error("ERR No such client"));
  TestClient& listener = connect();
  listener.call("SUBSCRIBE news");
  EXPECT_EQ(call("CLIENT KILL TYPE pubsub"), integer(1));
  EXPECT_TRUE(listener.closed());
  TestClient& aged = connect();
  advance_ms(10'000);
  TestClient& young = connect();
  EXPECT_EQ(call("CLIENT KILL MAXAGE 5"), integer(1)) << "it is not its own victim";
  EXPECT_TRUE(aged.closed());
  EXPECT_FALSE(young.closed());
  EXPECT_EQ(call("CLIENT KILL LADDR 127.0.0.1:6379 USER default SKIPME yes"), integer(1));
  EXPECT_TRUE(young.closed());
  EXPECT_EQ(call("CLIENT KILL USER nobody SKIPME no"), error("ERR No such user 'nobody'"));
  EXPECT_EQ(call("CLIENT KILL TYPE x ID 1"), error("ERR Unknown client type 'x'"));
  EXPECT_EQ(call("CLIENT KILL ID 0"), error("ERR client-id should be greater than 0"));
  EXPECT_EQ(call("CLIENT KILL ID x"), error("ERR client-id should be greater than 0"));
  EXPECT_EQ(call("CLIENT KILL MAXAGE x"), error("ERR maxage is not an integer or out of range"));
  EXPECT_EQ(call("CLIENT KILL SKIPME perhaps"), error("ERR syntax error"));
  EXPECT_EQ(call("CLIENT KILL ID 1 TYPE"), error("ERR syntax error"));
}

TEST_F(ClientTest, UnblockEndsAWaitInEitherWay) {
  TestClient& waiter = connect();
  waiter.send("BLPOP l 0");
  EXPECT_EQ(call("CLIENT UNBLOCK " + id_of(waiter)), integer(1));
  EXPECT_EQ(waiter.reply(), null_array());
  waiter.send("BLPOP l 0");
  EXPECT_EQ(call("CLIENT UNBLOCK " + id_of(waiter) + " ERROR"), integer(1));
  EXPECT_EQ(waiter.reply(), error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
  EXPECT_EQ(call("CLIENT UNBLOCK " + id_of(waiter)), integer(0));
  EXPECT_EQ(call("CLIENT UNBLOCK x"), error("ERR value is not an integer or out of range"));
  EXPECT_EQ(call("CLIENT UNBLOCK 1 PERHAPS"), error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
  EXPECT_EQ(call("CLIENT UNBLOCK 1 ERROR x"),
            error("ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP."));
}

TEST_F(ClientTest, ThePauseThatIsStricterStays) {
  EXPECT_EQ(call("CLIENT PAUSE 1000 WRITE"), ok());
  EXPECT_EQ(call("CLIENT PAUSE 10 WRITE"), ok());
  TestClient& writer = connect();
  writer.send("SET k v");
  advance_ms(100);
  EXPECT_FALSE(writer.has_reply());
  EXPECT_EQ(call("CLIENT PAUSE 10 ALL"), ok());
  TestClient& reader = connect();
  reader.send("GET k");
  advance_ms(100);
  EXPECT_FALSE(reader.has_reply()) << "the longer time, and all commands";
  advance_ms(1000);
  EXPECT_EQ(writer.reply(), ok());
  EXPECT_EQ(reader.reply(), bulk("v"));
  EXPECT_EQ(call("CLIENT PAUSE x"), error("ERR timeout is not an integer or out of range"));
  EXPECT_EQ(call("CLIENT PAUSE -1"), error("ERR timeout is negative"));
  EXPECT_EQ(call("CLIENT PAUSE 9223372036854775807"), error("ERR timeout is out of range"));
  EXPECT_EQ(call("CLIENT PAUSE 1 WRITE x"),
            error("ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP."));
}

// A pause of all commands is one of CLIENT UNPAUSE as well.
TEST_F(ClientTest, WhoIsPausedIsBlocked) {
  call("CLIENT PAUSE 1000 WRITE");
  TestClient& writer = connect();
  writer.send("SET k v");
  EXPECT_NE(call("INFO clients").text.find("\r\nblocked_clients:1\r\n"), Bytes::npos);
  EXPECT_NE(call("CLIENT LIST").text.find(" flags=b "), Bytes::npos);
  EXPECT_EQ(call("CLIENT UNPAUSE"), ok());
  tick();
  EXPECT_EQ(writer.reply(), ok());
  EXPECT_NE(call("INFO clients").text.find("\r\nblocked_clients:0\r\n"), Bytes::npos);
  EXPECT_EQ(call("CLIENT LIST").text.find(" flags=b "), Bytes::npos);
  call("CLIENT PAUSE 1000");
  client().send("CLIENT UNPAUSE");
  EXPECT_FALSE(client().has_reply());
  advance_ms(1000);
  EXPECT_EQ(client().reply(), ok());
}

// A pause of writes is none of scripts that say they write nothing.
TEST_F(ClientTest, APauseOfWritesLetsReadingScriptsPass) {
  client().call_words({"FUNCTION", "LOAD", "#!lua name=l\nredis.register_function{function_name='r', callback=function() return 1 end, "
                                          "flags={'no-writes'}}\nredis.register_function('w', function() return 2 end)"});
  const Bytes reads = client().call_words({"SCRIPT", "LOAD", "#!lua flags=no-writes\nreturn 1"}).text;
  const Bytes writes = client().call_words({"SCRIPT", "LOAD", "return 2"}).text;
  call("CLIENT PAUSE 1000 WRITE");
  TestClient& one = connect();
  for (const std::vector<Bytes>& words : std::vector<std::vector<Bytes>>{{"EVAL", "#!lua flags=no-writes\nreturn 1", "0"},
                                                                         {"EVAL_RO", "return 1", "0"},
                                                                         {"EVALSHA", reads, "0"},
                                                                         {"EVALSHA_RO", writes, "0"},
                                                                         {"FCALL", "r", "0"},
                                                                         {"FCALL_RO", "r", "0"}}) {
    EXPECT_EQ(one.call_words(words).type, ':') << words[0];
  }
  for (const std::vector<Bytes>& words :
       std::vector<std::vector<Bytes>>{{"EVAL", "return 2", "0"}, {"EVALSHA", writes, "0"}, {"FCALL", "w", "0"}}) {
    TestClient& waits = connect();
    waits.send_words(words);
    EXPECT_FALSE(waits.has_reply()) << words[0];
  }
}

TEST_F(ClientTest, WhoListensInResp2AsksForNothingElse) {
  call("SUBSCRIBE c");
  EXPECT_EQ(call("CLIENT ID"), error("ERR Can't execute 'client|id': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
                                     "RESET are allowed in this context"));
}

TEST_F(ClientTest, ResetForgetsWhatWasChosen) {
  TestClient& one = connect();
  one.call("CLIENT NO-EVICT ON");
  one.call("CLIENT NO-TOUCH ON");
  one.call("SELECT 3");
  one.call("MONITOR");
  EXPECT_EQ(one.call("GET k"), error("ERR Replica can't interact with the keyspace"));
  EXPECT_EQ(one.call("RESET"), simple("RESET"));
  call("SET k v");
  EXPECT_FALSE(one.has_reply()) << "it does not monitor any more";
  const Bytes info = one.call("CLIENT INFO").text;
  EXPECT_NE(info.find(" flags=N db=0 "), Bytes::npos) << info;
}

}  // namespace leat::testing
