// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_test.h"

namespace leat::testing {

class TrackingTest : public BrokerTest {
 public:
  void SetUp() override {
    BrokerTest::SetUp();
    reader_ = &connect();
    reader_->call("HELLO 3");
  }
  TestClient& reader() { return *reader_; }
  // Of one invalidation: its keys, "*" for all of them, "" when there is none.
  Bytes invalidated(TestClient& client) {
    if (!client.has_reply()) return "";
    const Reply push = client.reply();
    EXPECT_EQ(push.items.at(0).text, "invalidate");
    if (push.items.at(1).items.empty()) return "*";
    Bytes keys;
    for (const Reply& key : push.items.at(1).items) keys += (keys.empty() ? "" : " ") + key.text;
    return keys;
  }
  Bytes invalidated_by(View line) { return call(line), invalidated(reader()); }

 private:
  TestClient* reader_ = nullptr;
};

TEST_F(TrackingTest, WhoHasReadAKeyHearsOnceThatItChanged) {
  call("MSET a 1 b 2");
  EXPECT_EQ(reader().call("CLIENT TRACKING ON"), ok());
  EXPECT_EQ(reader().call("GET a"), bulk("1"));
  EXPECT_EQ(invalidated_by("SET b 3"), "") << "it has not read that";
  EXPECT_EQ(invalidated_by("SET a 3"), "a");
  EXPECT_EQ(invalidated_by("SET a 4"), "") << "it has no copy any more";
  reader().call("MGET a b none");
  EXPECT_EQ(invalidated_by("DEL a"), "a");
  EXPECT_EQ(invalidated_by("SET none 1"), "none") << "that there is none is a copy, too";
  reader().call("CLIENT TRACKING OFF");
  reader().call("GET b");
  EXPECT_EQ(invalidated_by("SET b 4"), "");
}

TEST_F(TrackingTest, WhatGoesByItselfIsAChange) {
  call("SET k v PX 100");
  reader().call("CLIENT TRACKING ON");
  reader().call("GET k");
  advance_ms(101);
  EXPECT_EQ(invalidated(reader()), "k");
  reader().call("GET k");
  call("SET other 1");
  EXPECT_EQ(invalidated_by("FLUSHDB"), "*");
  call("SET other 1");
  reader().call("GET k");
  EXPECT_EQ(invalidated_by("SWAPDB 0 1"), "*") << "Redis leaves copies of swapped databases as they were";
}

TEST_F(TrackingTest, ReadsOfScriptsAndTransactionsCount) {
  call("SET k v");
  reader().call("CLIENT TRACKING ON");
  reader().call_words({"EVAL", "return redis.call('GET', 'k')", "0"});
  EXPECT_EQ(invalidated_by("SET k w"), "k");
  reader().call("MULTI");
  reader().call("GET k");
  reader().call("EXEC");
  client().call_words(
      {"EVAL", "redis.call('SET', 'x', 1) redis.call('INCR', 'k2') return redis.call('SET', 'k', 'v')", "0"});
  EXPECT_EQ(invalidated(reader()), "k");
}

TEST_F(TrackingTest, WhatAScriptDeclaresAndDoesNotReadIsNotRemembered) {
  reader().call("CLIENT TRACKING ON");
  reader().call_words({"EVAL_RO", "redis.call('PING') redis.call('GET', 'b')", "2", "a", "b"});
  EXPECT_EQ(invalidated_by("SET a 1"), "");
  EXPECT_EQ(invalidated_by("SET b 1"), "b");
}

TEST_F(TrackingTest, WithOptInOnlyWhatWasAskedForIsRemembered) {
  reader().call("CLIENT TRACKING ON OPTIN");
  reader().call("GET a");
  EXPECT_EQ(invalidated_by("SET a 1"), "");
  EXPECT_EQ(reader().call("CLIENT CACHING YES"), ok());
  reader().call("GET a");
  reader().call("GET b");
  EXPECT_EQ(invalidated_by("SET b 1"), "") << "it was about one command";
  EXPECT_EQ(invalidated_by("SET a 1"), "a");
  reader().call("CLIENT CACHING YES");
  reader().call("MULTI");
  reader().call("GET a");
  reader().call("GET b");
  reader().call("EXEC");
  EXPECT_EQ(invalidated_by("SET a 1"), "a");
  EXPECT_EQ(invalidated_by("SET b 1"), "b");
}

TEST_F(TrackingTest, WithOptOutAllButWhatWasExcepted) {
  reader().call("CLIENT TRACKING ON OPTOUT");
  EXPECT_EQ(reader().call("CLIENT CACHING NO"), ok());
  reader().call("GET a");
  reader().call("GET b");
  EXPECT_EQ(invalidated_by("SET a 1"), "");
  EXPECT_EQ(invalidated_by("SET b 1"), "b");
}

TEST_F(TrackingTest, ABroadcastTellsOfAllKeysWithAPrefix) {
  reader().call("CLIENT TRACKING ON BCAST PREFIX user: PREFIX post:");
  EXPECT_EQ(invalidated_by("SET user:1 a"), "user:1");
  EXPECT_EQ(invalidated_by("SET user:1 a"), "user:1") << "again and again: nobody asks who has read what";
  EXPECT_EQ(invalidated_by("SET other:1 a"), "");
  EXPECT_EQ(invalidated_by("MSET user:2 a user:3 b post:1 c x y"), "post:1");
  EXPECT_EQ(invalidated(reader()), "user:2 user:3");
  TestClient& all = connect();
  all.call("HELLO 3");
  all.call("CLIENT TRACKING ON BCAST");
  call("SET anything 1");
  EXPECT_EQ(invalidated(all), "anything");
}

TEST_F(TrackingTest, ATransactionIsToldOfInOneMessageForAPrefix) {
  reader().call("CLIENT TRACKING ON BCAST PREFIX a: PREFIX b:");
  call("MULTI");
  for (const char* line : {"INCR a:1", "INCR b:1", "INCR a:2", "INCR c:1", "INCR b:2"}) call(line);
  call("EXEC");
  EXPECT_EQ(invalidated(reader()), "a:1 a:2");
  EXPECT_EQ(invalidated(reader()), "b:1 b:2");
  EXPECT_EQ(invalidated(reader()), "");
  client().call_words({"EVAL", "redis.call('SET', 'a:3', 1) redis.call('SET', 'a:1', 1)", "0"});
  EXPECT_EQ(invalidated(reader()), "a:1 a:3");
}

TEST_F(TrackingTest, NoLoopSparesAClientItsOwnChanges) {
  reader().call("CLIENT TRACKING ON NOLOOP");
  reader().call("GET k");
  EXPECT_EQ(reader().call("SET k 1"), ok());
  EXPECT_FALSE(reader().has_reply());
  TestClient& loops = connect();
  loops.call("HELLO 3");
  loops.call("CLIENT TRACKING ON");
  loops.call("GET k");
  EXPECT_EQ(loops.call("SET k 1"), ok());
  EXPECT_EQ(invalidated(loops), "k") << "behind its reply";
}

TEST_F(TrackingTest, ARedirectedClientHearsThroughAnother) {
  TestClient& listener = connect();
  const Bytes id = listener.call("CLIENT ID").text;
  listener.call("SUBSCRIBE __redis__:invalidate");
  EXPECT_EQ(call("CLIENT TRACKING ON REDIRECT " + id), ok());
  EXPECT_EQ(call("CLIENT GETREDIR"), integer(std::stoll(id)));
  call("GET k");
  reader().call("SET k 1");
  const Reply message = listener.reply();
  EXPECT_EQ(message.items.at(1).text, "__redis__:invalidate");
  EXPECT_EQ(message.items.at(2).items.at(0).text, "k");
  call("GET k");
  listener.hang_up();
  tick();
  reader().call("SET k 1");
  EXPECT_NE(call("CLIENT INFO").text.find("flags=tR "), Bytes::npos);
}

TEST_F(TrackingTest, ABrokenRedirectionIsPushedInResp3) {
  TestClient& listener = connect();
  const Bytes id = listener.call("CLIENT ID").text;
  reader().call("CLIENT TRACKING ON REDIRECT " + id);
  reader().call("GET k");
  listener.hang_up();
  tick();
  call("SET k 1");
  EXPECT_EQ(reader().reply().items.at(0).text, "tracking-redir-broken");
}

// Nobody may drop a copy for a change that a crash could take back.
TEST_F(TrackingTest, AnInvalidationRestsOnItsChange) {
  reader().call("CLIENT TRACKING ON");
  reader().call("GET k");
  EXPECT_EQ(invalidated_by("SET k 1"), "k");
  EXPECT_EQ(reader().client().output.stamp().synced, broker().log()->proposed());
}

TEST_F(TrackingTest, TheTableIsBounded) {
  call("CONFIG SET tracking-table-max-keys 10");
  reader().call("CLIENT TRACKING ON");
  for (int i = 0; i < 10; ++i) reader().call("GET k" + std::to_string(i));
  EXPECT_FALSE(reader().has_reply());
  reader().send("GET one-more");
  EXPECT_EQ(reader().reply().type, '_');
  EXPECT_NE(invalidated(reader()), "") << "one was given up, and the client knows";
  EXPECT_EQ(rooms().tracking.keys(), 10u);
}

TEST_F(TrackingTest, WhatIsGivenUpIsNewsWithNoLoopToo) {
  call("MSET a 1 b 2");
  reader().call("CLIENT TRACKING ON NOLOOP");
  reader().call("MGET a b");
  EXPECT_EQ(reader().call("CONFIG SET tracking-table-max-keys 1"), ok());
  const Bytes first = invalidated(reader());
  EXPECT_TRUE(first == "a" || first == "b") << first;
  reader().send("GET c");
  EXPECT_EQ(reader().reply().type, '_');
  EXPECT_NE(invalidated(reader()), "");
  EXPECT_EQ(rooms().tracking.keys(), 1u);
}

TEST_F(TrackingTest, AFlushOfNothingIsToldOf) {
  reader().call("CLIENT TRACKING ON");
  for (const View flush : {"FLUSHALL", "FLUSHDB"}) {
    reader().call("GET none");
    EXPECT_EQ(invalidated_by(flush), "*") << flush;
    EXPECT_EQ(rooms().tracking.keys(), 0u);
  }
}

// What a group does with a stream changes nothing that is read there, and a copy leaves its source as it was.
TEST_F(TrackingTest, ReadersAndCopiesChangeNothing) {
  call("XADD s 1-0 f v");
  call("XGROUP CREATE s g 0");
  TestClient& watcher = connect();
  reader().call("CLIENT TRACKING ON BCAST");
  for (const View line :
       {"XREADGROUP GROUP g c STREAMS s >", "XREADGROUP GROUP g c STREAMS s 0", "XCLAIM s g d 0 1-0",
        "XAUTOCLAIM s g c 0 0", "XACK s g 1-0", "XGROUP CREATECONSUMER s g e", "XGROUP DELCONSUMER s g e",
        "XGROUP SETID s g 0", "XGROUP CREATE s h $", "XGROUP DESTROY s h", "XSETID s 5-0"}) {
    watcher.call("WATCH s");
    EXPECT_EQ(invalidated_by(line), "") << line;
    watcher.call("MULTI");
    EXPECT_EQ(watcher.call("EXEC").type, '*') << line;
  }
  watcher.call("WATCH s");
  EXPECT_EQ(invalidated_by("COPY s t"), "t");
  EXPECT_EQ(invalidated_by("COPY s s DB 3"), "s") << "keys are known by name";
  watcher.call("MULTI");
  EXPECT_EQ(watcher.call("EXEC"), array());
  watcher.call("WATCH s");
  EXPECT_EQ(invalidated_by("XDEL s 1-0"), "s");
  watcher.call("MULTI");
  EXPECT_NE(watcher.call("EXEC"), array());
}

TEST_F(TrackingTest, WhoLeavesIsForgotten) {
  reader().call("CLIENT TRACKING ON BCAST PREFIX a");
  EXPECT_TRUE(rooms().tracking.any());
  reader().hang_up();
  tick();
  EXPECT_FALSE(rooms().tracking.any());
  EXPECT_EQ(rooms().tracking.prefixes(), 0u);
  call("CLIENT TRACKING ON");
  call("RESET");
  EXPECT_FALSE(rooms().tracking.any());
}

TEST_F(TrackingTest, ModesThatDoNotGoTogetherAreRefused) {
  const auto fails = [&](View line, View text) { EXPECT_EQ(call(line), error(Bytes(text))) << line; };
  fails("CLIENT TRACKING MAYBE", "ERR syntax error");
  fails("CLIENT TRACKING ON SOMEHOW", "ERR syntax error");
  fails("CLIENT TRACKING ON REDIRECT 999", "ERR The client ID you want redirect to does not exist");
  fails("CLIENT TRACKING ON REDIRECT x", "ERR value is not an integer or out of range");
  fails("CLIENT TRACKING ON PREFIX a", "ERR PREFIX option requires BCAST mode to be enabled");
  fails("CLIENT TRACKING ON BCAST OPTIN", "ERR OPTIN and OPTOUT are not compatible with BCAST");
  fails("CLIENT TRACKING ON OPTIN OPTOUT", "ERR You can't specify both OPTIN mode and OPTOUT mode");
  fails("CLIENT TRACKING ON BCAST PREFIX ab PREFIX a",
        "ERR Prefix 'ab' overlaps with another provided prefix 'a'. Prefixes for a single client must not overlap.");
  fails("CLIENT CACHING YES",
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT "
        "mode enabled");
  call("CLIENT TRACKING ON BCAST PREFIX a");
  fails("CLIENT TRACKING ON BCAST PREFIX ab",
        "ERR Prefix 'ab' overlaps with an existing prefix 'a'. Prefixes for a single client must not overlap.");
  fails("CLIENT TRACKING ON",
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then "
        "re-enabling it with a different mode.");
  call("CLIENT TRACKING OFF");
  call("CLIENT TRACKING ON OPTIN");
  fails("CLIENT TRACKING ON OPTOUT",
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
        "re-enabling it with a different mode.");
  fails("CLIENT CACHING NO", "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
}

TEST_F(TrackingTest, ItTellsHowItTracks) {
  EXPECT_EQ(call("CLIENT TRACKINGINFO"), array("flags", array("off"), "redirect", -1, "prefixes", array()));
  call("CLIENT TRACKING ON BCAST NOLOOP PREFIX a");
  EXPECT_EQ(call("CLIENT TRACKINGINFO"),
            array("flags", array("on", "bcast", "noloop"), "redirect", 0, "prefixes", array("a")));
  EXPECT_EQ(call("CLIENT GETREDIR"), integer(0));
}

}  // namespace leat::testing
