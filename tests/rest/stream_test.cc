// SPDX-License-Identifier: Apache-2.0
// Streams of events over REST: ../shared/REST.md section 3, and /consume.
#include "tests/rest/rest_test.h"

namespace leat::testing {

class RestStreamTest : public RestTest {
 public:
  static constexpr View kEvents = "Accept: text/event-stream\r\n";
};

TEST_F(RestStreamTest, MessagesOfAChannel) {
  TestWire& w = connect_rest();
  w.ask("POST", "/subscribe/chat", "[]", kEvents);
  EXPECT_NE(w.received().find("content-type: text/event-stream"), Bytes::npos) << w.received();
  EXPECT_EQ(w.events(), "data: subscribe,chat,1\n\n");
  EXPECT_EQ(result(R"(["PUBLISH","chat","hello, world"])"), "{\"result\":1}");
  EXPECT_EQ(w.events(), "data: message,chat,hello, world\n\n");
  EXPECT_EQ(client().call_words({"PUBLISH", "chat", "two\nlines\r\nand\rmore"}), integer(1));
  EXPECT_EQ(w.events(), "data: message,chat,two\ndata: lines\ndata: and\ndata: more\n\n");
  w.hang_up();
  EXPECT_EQ(call("PUBLISH chat x"), integer(0));
}

TEST_F(RestStreamTest, MessagesOfAPattern) {
  TestWire& w = connect_rest();
  w.ask("GET", "/psubscribe/user:*/room:*", "", kEvents);
  EXPECT_EQ(w.events(), "data: psubscribe,user:*,1\n\ndata: psubscribe,room:*,2\n\n");
  EXPECT_EQ(call("PUBLISH user:123 payload"), integer(1));
  EXPECT_EQ(w.events(), "data: pmessage,user:*,user:123,payload\n\n");
}

TEST_F(RestStreamTest, TheMonitor) {
  TestWire& w = connect_rest();
  w.ask("POST", "/monitor", "", kEvents);
  EXPECT_EQ(w.events(), "data: \"OK\"\n\n");
  EXPECT_EQ(call("GET k"), null());
  const Bytes line = w.events();
  EXPECT_TRUE(line.starts_with("data: ")) << line;
  EXPECT_NE(line.find("\"GET\" \"k\"\n\n"), Bytes::npos) << line;
}

TEST_F(RestStreamTest, OnlyWhoTakesEventsGetsThem) {
  const Answer plain = wire().call("POST", "/subscribe/chat");
  EXPECT_EQ(plain.status, 400);
  EXPECT_NE(plain.body.find("special context path"), Bytes::npos);
  const Answer nothing = wire().call("POST", "/subscribe", "", kEvents);
  EXPECT_EQ(nothing.body, "{\"error\":\"ERR wrong number of arguments for 'subscribe' command\"}");
  TestWire& w = connect_rest();
  w.token = kReadOnlyToken;
  EXPECT_EQ(w.call("POST", "/monitor", "", kEvents).status, 400) << "NOPERM";
}

TEST_F(RestStreamTest, AHeartbeatKeepsItAwake) {
  TestWire& w = connect_rest();
  w.ask("GET", "/subscribe/chat", "", kEvents);
  w.events();
  advance_ms(15'000);
  door().look();
  EXPECT_EQ(w.events(), ":\n\n");
  door().look();
  EXPECT_EQ(w.events(), "");
}

TEST_F(RestStreamTest, SoManyAreOpenAtMost) {
  rooms().config.http_streams_max = 1;
  TestWire& first = connect_rest();
  first.ask("GET", "/subscribe/chat", "", kEvents);
  EXPECT_EQ(rooms().stats.http.streams_open, 1u);
  EXPECT_EQ(wire().call("GET", "/subscribe/chat", "", kEvents).status, 503);
  EXPECT_EQ(wire().call("GET", "/ping").status, 200);
  first.hang_up();
  EXPECT_EQ(rooms().stats.http.streams_open, 0u);
  wire().ask("GET", "/subscribe/chat", "", kEvents);
  EXPECT_EQ(wire().events(), "data: subscribe,chat,1\n\n");
}

TEST_F(RestStreamTest, WithHttp10ItEndsWithTheConnection) {
  TestWire& w = connect_rest();
  w.send("GET /subscribe/chat HTTP/1.0\r\nAccept: text/event-stream\r\nAuthorization: " + Bytes(kToken) + "\r\n\r\n");
  EXPECT_TRUE(w.received().ends_with("\r\n\r\ndata: subscribe,chat,1\n\n")) << w.received();
}

// /consume

TEST_F(RestStreamTest, EntriesOfAGroup) {
  ASSERT_EQ(call("XGROUP CREATE s g 0 MKSTREAM"), ok());
  ASSERT_EQ(call("XADD s 1-1 f v"), bulk("1-1"));
  TestWire& w = connect_rest();
  w.ask("GET", "/consume/s?group=g&consumer=c&count=2");
  for (int i = 0; i < 4; ++i) tick();
  EXPECT_NE(w.events().find("id: 1-1\ndata: {\"id\":\"1-1\",\"fields\":[\"f\",\"v\"]}\n\n"), Bytes::npos);
  EXPECT_TRUE(w.session().client()->parked != nullptr) << "it waits, and asks nobody";
  ASSERT_EQ(call("XADD s 1-2 f w g x"), bulk("1-2"));
  for (int i = 0; i < 3; ++i) tick();
  EXPECT_EQ(w.events(), "id: 1-2\ndata: {\"id\":\"1-2\",\"fields\":[\"f\",\"w\",\"g\",\"x\"]}\n\n");
  EXPECT_EQ(result(R"(["XACK","s","g","1-1"])"), "{\"result\":1}");
  w.hang_up();
  tick();
  // What it holds behind the last one it has seen comes first.
  ASSERT_EQ(call("XADD s 1-3 f z"), bulk("1-3"));
  TestWire& again = connect_rest();
  again.ask("GET", "/consume/s?group=g&consumer=c", "", "Last-Event-ID: 1-1\r\n");
  for (int i = 0; i < 6; ++i) tick();
  const Bytes events = again.events();
  EXPECT_EQ(events.find("1-1"), Bytes::npos) << events;
  EXPECT_LT(events.find("id: 1-2"), events.find("id: 1-3")) << events;
}

TEST_F(RestStreamTest, WhatOthersHoldTooLongIsTakenOver) {
  ASSERT_EQ(call("XGROUP CREATE s g 0 MKSTREAM"), ok());
  ASSERT_EQ(call("XADD s 1-1 f v"), bulk("1-1"));
  ASSERT_EQ(call("XREADGROUP GROUP g dead STREAMS s >").items.size(), 1u);
  TestWire& w = connect_rest();
  w.ask("GET", "/consume/s?group=g&consumer=c&claim=5000");
  for (int i = 0; i < 4; ++i) tick();
  EXPECT_EQ(w.events().find("id: "), Bytes::npos);
  advance_ms(5001);
  for (int i = 0; i < 4; ++i) tick();
  EXPECT_NE(w.events().find("\"fields\":[\"f\",\"v\"],\"idle_ms\":"), Bytes::npos);
}

TEST_F(RestStreamTest, ASlowReaderHoldsNoMoreThanItTakes) {
  ASSERT_EQ(call("XGROUP CREATE s g 0 MKSTREAM"), ok());
  TestWire& w = connect_rest();
  w.ask("GET", "/consume/s?group=g&consumer=c&count=1");
  for (int i = 0; i < 3; ++i) tick();
  w.unsent_bytes = 1;
  for (int i = 1; i <= 5; ++i)
    ASSERT_EQ(call("XADD s 1-" + std::to_string(i) + " f v"), bulk("1-" + std::to_string(i)));
  for (int i = 0; i < 9; ++i) tick();
  EXPECT_EQ(call("XPENDING s g").items.at(0), integer(1));
  w.unsent_bytes = 0;
  w.session().drained();
  for (int i = 0; i < 12; ++i) tick();
  EXPECT_EQ(call("XPENDING s g").items.at(0), integer(5));
}

TEST_F(RestStreamTest, AGroupThatGoesEndsTheStream) {
  const Answer missing = wire().call("GET", "/consume/s?group=g&consumer=c");
  EXPECT_EQ(missing.status, 400);
  EXPECT_NE(missing.body.find("NOGROUP"), Bytes::npos);
  EXPECT_EQ(wire().call("GET", "/consume/s?group=g").status, 400);
  EXPECT_EQ(wire().call("GET", "/consume/s?group=g&consumer=c&count=0").status, 400);
  EXPECT_EQ(wire().call("GET", "/consume/s?group=g&consumer=c&claim=x").status, 400);
  EXPECT_EQ(wire().call("GET", "/consume/s?group=g&consumer=c&claim=999").status, 400)
      << "no entry is delivered without end";
  for (const View id : {">", "$", "1-", "x-1"}) {
    EXPECT_EQ(wire().call("GET", "/consume/s?group=g&consumer=c", "", "Last-Event-ID: " + Bytes(id) + "\r\n").status,
              400)
        << id;
  }
  ASSERT_EQ(call("XGROUP CREATE s g 0 MKSTREAM"), ok());
  TestWire& w = connect_rest();
  w.ask("GET", "/consume/s?group=g&consumer=c");
  for (int i = 0; i < 4; ++i) tick();
  ASSERT_EQ(call("XGROUP DESTROY s g"), integer(1));
  for (int i = 0; i < 3; ++i) tick();
  EXPECT_NE(w.received().find("event: error\ndata: {\"error\":\"NOGROUP"), Bytes::npos) << w.received();
  EXPECT_TRUE(w.closed());
}

}  // namespace leat::testing
