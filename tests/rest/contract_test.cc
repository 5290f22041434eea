// SPDX-License-Identifier: Apache-2.0
// The contract of ../shared/REST.md, point for point.
#include "tests/rest/rest_test.h"

namespace leat::testing {

class RestContractTest : public RestTest {};

// 1.1: URL forms.

TEST_F(RestContractTest, ACommandInThePath) {
  TestWire& w = wire();
  EXPECT_EQ(w.call("GET", "/set/a%2Fb/c%20d").body, "{\"result\":\"OK\"}");
  EXPECT_EQ(call("GET a/b"), bulk("c d"));
  EXPECT_EQ(w.call("GET", "/GeT/a%2Fb").body, "{\"result\":\"c d\"}");
  EXPECT_EQ(w.call("PUT", "/incrby/n/5").body, "{\"result\":5}");
  const Answer head = w.call("HEAD", "/get/a%2Fb");
  EXPECT_EQ(head.header("content-length"), std::to_string(Bytes("{\"result\":\"c d\"}").size()));
  w.received().clear();
  EXPECT_EQ(w.call("GET", "/get/%zz").status, 400);
  EXPECT_EQ(w.call("DELETE", "/get/a").status, 405);
  EXPECT_EQ(w.call("GET", "/get/nothing").body, "{\"result\":null}");
}

TEST_F(RestContractTest, ABodyIsTheLastWordAndTheQueryFollows) {
  TestWire& w = wire();
  const Bytes binary("\0\xff\r\n[\"", 6);
  EXPECT_EQ(w.call("POST", "/set/k", binary).body, "{\"result\":\"OK\"}");
  EXPECT_EQ(call("GET k"), bulk(binary));
  EXPECT_EQ(w.call("POST", "/set/foo?EX=100&NX", "V").body, "{\"result\":\"OK\"}");
  EXPECT_EQ(call("TTL foo"), integer(100));
  EXPECT_EQ(w.call("POST", "/set/foo?EX=100&NX=", "V").body, "{\"result\":null}")
      << "a name without a value is one word";
}

TEST_F(RestContractTest, ACommandInTheBody) {
  EXPECT_EQ(result(R"(["SET","k",1.0])"), "{\"result\":\"OK\"}");
  EXPECT_EQ(result(R"(["get","k"])"), "{\"result\":\"1.0\"}");
  EXPECT_EQ(result(R"(["RPUSH","l",true,"b",12345678901234567890])"), "{\"result\":3}");
  EXPECT_EQ(result(R"(["LRANGE","l",0,-1])"), "{\"result\":[\"true\",\"b\",\"12345678901234567890\"]}");
  EXPECT_EQ(result(R"(["HGETALL","nothing"])"), "{\"result\":[]}");
  EXPECT_EQ(result(R"(["PING"])"), "{\"result\":\"PONG\"}");
}

TEST_F(RestContractTest, WhatIsWrongWithABody) {
  const auto said = [&](View body) {
    const Answer answer = post(body);
    EXPECT_EQ(answer.status, 400);
    return answer.body;
  };
  EXPECT_EQ(said("{}"), "{\"error\":\"expected JSON array\"}");
  EXPECT_EQ(said("[]"), "{\"error\":\"ERR empty command\"}");
  EXPECT_EQ(said("[\"GET\",null]"), "{\"error\":\"ERR null args are not supported\"}");
  EXPECT_EQ(said("[[\"GET\",\"a\"]]"), "{\"error\":\"ERR unsupported arg type: \\\"[\\\": json.Delim\"}");
  EXPECT_EQ(said("[\"GET\""), "{\"error\":\"ERR failed to parse command\"}");
  EXPECT_EQ(wire().call("POST", "/").body, "{\"error\":\"EOF\"}");
  EXPECT_EQ(said("[\"GET\"]"), "{\"error\":\"ERR wrong number of arguments for 'get' command\"}");
  EXPECT_EQ(said("[\"NoSuch\",\"a\"]"),
            "{\"error\":\"ERR Command is not available: 'NOSUCH'. See docs/rest.md for details\"}");
  EXPECT_EQ(said("[\"POST\",\"a\"]"),
            "{\"error\":\"ERR Command is not available: 'POST'. See docs/rest.md for details\"}");
  EXPECT_EQ(said("[\"MULTI\"]"),
            "{\"error\":\"ERR Command \\\"MULTI\\\" is not allowed in REST or it has a special context path\"}");
}

TEST_F(RestContractTest, CommandsAboutAConnectionAreRefused) {
  for (const char* one :
       {"AUTH\",\"x", "HELLO", "QUIT", "RESET", "MULTI", "EXEC", "DISCARD", "WATCH\",\"k", "UNWATCH", "SUBSCRIBE\",\"c",
        "PSUBSCRIBE\",\"c", "SSUBSCRIBE\",\"c", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR",
        "CLIENT\",\"REPLY\",\"OFF", "CLIENT\",\"TRACKING\",\"ON", "CLIENT\",\"ID"}) {
    const Answer answer = post("[\"" + Bytes(one) + "\"]");
    EXPECT_EQ(answer.status, 400) << one;
    EXPECT_NE(answer.body.find("is not allowed in REST"), Bytes::npos) << one << answer.body;
  }
  EXPECT_EQ(result(R"(["CLIENT","SETINFO","LIB-NAME","upstash"])"), "{\"result\":\"OK\"}");
  EXPECT_EQ(result(R"(["SELECT",0])"), "{\"result\":\"OK\"}");
  EXPECT_NE(result(R"(["INFO","server"])").find("redis_version"), Bytes::npos);
}

// 1.1, 2.2: rows.

TEST_F(RestContractTest, ThePipelineRunsAllItsRows) {
  const Answer answer =
      wire().call("POST", "/pipeline", R"([["SET","k","v"],["LPUSH","k","x"],["NOSUCH"],["GET","k"]])");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            "[{\"result\":\"OK\"},{\"error\":\"WRONGTYPE Operation against a key holding the wrong kind of value\"},"
            "{\"error\":\"ERR Command is not available: 'NOSUCH'. See docs/rest.md for details\"},{\"result\":\"v\"}]");
  EXPECT_EQ(wire().call("POST", "/pipeline", "[]").body, "{\"error\":\"ERR empty pipeline request\"}");
  EXPECT_EQ(wire().call("POST", "/pipeline", R"(["GET","k"])").status, 400);
}

// Who puts requests together does so for callers who know nothing of each other: one that is no command is its
// own fault.
TEST_F(RestContractTest, ARowThatIsNoCommandFailsAlone) {
  const auto body = [&](View rows) {
    const Answer answer = wire().call("POST", "/pipeline", rows);
    EXPECT_EQ(answer.status, 200) << rows;
    return answer.body;
  };
  const Bytes null = "{\"error\":\"ERR null args are not supported\"}", empty = "{\"error\":\"ERR empty command\"}";
  EXPECT_EQ(body(R"([["SET","k",null],["SET","l",1],[],["GET","l"],[{}]])"),
            "[" + null + ",{\"result\":\"OK\"}," + empty +
                ",{\"result\":\"1\"},{\"error\":\"ERR unsupported arg type: \\\"{\\\": json.Delim\"}]");
  EXPECT_EQ(body(R"([["SET","k",null],[]])"), "[" + null + "," + empty + "]");
  EXPECT_EQ(body(R"([["ECHO",["a"]],["ECHO","a"]])"),
            "[{\"error\":\"ERR unsupported arg type: \\\"[\\\": json.Delim\"},{\"result\":\"a\"}]");
  rooms().config.http_command_bytes_max = 100;
  EXPECT_NE(body("[[\"ECHO\",\"" + Bytes(200, 'x') + "\"],[\"GET\",\"l\"]]").find("ERR max request size exceeded"),
            Bytes::npos);
  const Bytes header = "Upstash-Response-Format: resp2\r\n";
  EXPECT_EQ(wire().call("POST", "/pipeline", R"([["GET","l"],[]])", header).status, 400);
  EXPECT_EQ(wire().call("POST", "/multi-exec", R"([["SET","l",2],["SET","k",null]])").body, null);
  const Answer large = wire().call("POST", "/multi-exec", "[[\"SET\",\"l\",3],[\"ECHO\",\"" + Bytes(200, 'x') + "\"]]");
  EXPECT_EQ(large.status, 400);
  EXPECT_NE(large.body.find("ERR max request size exceeded"), Bytes::npos);
  EXPECT_EQ(call("GET l"), bulk("1")) << "a transaction is whole or absent";
}

// What comes back is measured before it is encoded: what could be written can be read.
TEST_F(RestContractTest, ResultsAreMeasuredAsTheyAre) {
  rooms().config.http_command_bytes_max = 1000;
  call("SET large " + Bytes(900, 'x'));
  call("SET larger " + Bytes(1001, 'x'));
  for (const View header : {"", "Upstash-Encoding: base64\r\n"}) {
    EXPECT_EQ(wire().call("POST", "/", R"(["GET","large"])", header).status, 200);
    EXPECT_NE(wire().call("POST", "/", R"(["GET","larger"])", header).body.find("ERR max request size exceeded"),
              Bytes::npos);
  }
}

TEST_F(RestContractTest, ATransactionWhoseLastRowFailsWasDone) {
  for (const View rows : {R"([["SET","k","x"],["INCR","k"]])", R"([["INCR","k"]])"}) {
    const Answer done = wire().call("POST", "/multi-exec", rows);
    EXPECT_EQ(done.status, 200);
    EXPECT_NE(done.body.find("{\"error\":\"ERR value is not an integer or out of range\"}]"), Bytes::npos) << done.body;
  }
}

TEST_F(RestContractTest, ATransactionIsWholeOrAbsent) {
  const Answer done = wire().call("POST", "/multi-exec", R"([["SET","k","v"],["LPUSH","k","x"],["INCR","n"]])");
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.body,
            "[{\"result\":\"OK\"},{\"error\":\"WRONGTYPE Operation against a key holding the wrong kind of value\"},"
            "{\"result\":1}]");
  const Answer undone = wire().call("POST", "/multi-exec", R"([["INCR","n"],["GET"],["INCR","n"]])");
  EXPECT_EQ(undone.status, 400);
  EXPECT_EQ(undone.body, "{\"error\":\"ERR wrong number of arguments for 'get' command\"}");
  const Answer escaped = wire().call("POST", "/multi-exec", R"([["INCR","n"],["EXEC"],["INCR","n"]])");
  EXPECT_EQ(escaped.body,
            "{\"error\":\"ERR Command \\\"EXEC\\\" is not allowed in REST or it has a special context path\"}");
  EXPECT_EQ(result(R"(["GET","n"])"), "{\"result\":\"1\"}");
  EXPECT_FALSE(wire().session().client()->in_multi);
}

TEST_F(RestContractTest, AWaitInATransactionEndsAtOnce) {
  EXPECT_EQ(wire().call("POST", "/multi-exec", R"([["BLPOP","l",0],["PING"]])").body,
            "[{\"result\":null},{\"result\":\"PONG\"}]");
}

// 1.3: tokens.

TEST_F(RestContractTest, WithoutATokenNothingIsRead) {
  TestWire& w = connect_rest();
  w.token.clear();
  const Answer refused = w.call("GET", "/set/k/v");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body, "{\"error\":\"WRONGPASS invalid or missing auth token. See docs/rest.md for details.\"}");
  EXPECT_FALSE(w.closed()) << "it has sent nothing else";
  w.token = "another-token-of-nobody";
  EXPECT_EQ(w.call("POST", "/", "[\"SET\",\"k\",\"v\"]").status, 401);
  EXPECT_EQ(call("EXISTS k"), integer(0));
  w.send("GET /set/k/v HTTP/1.1\r\nHost: leat\r\n\r\n");
  EXPECT_FALSE(w.has_answer()) << "nobody listens any more to whom sent a body";
  TestWire& lower = connect_rest();
  lower.send("GET /ping HTTP/1.1\r\nHost: leat\r\nauthorization: bEARER " + Bytes(kToken) + "\r\n\r\n");
  EXPECT_EQ(lower.answer().status, 200);
  lower.send("GET /ping HTTP/1.1\r\nHost: leat\r\nauthorization: " + Bytes(kToken) + "\r\n\r\n");
  EXPECT_EQ(lower.answer().status, 200) << "a bare token";
  lower.send("GET /ping HTTP/1.1\r\nHost: leat\r\n\r\n");
  EXPECT_EQ(lower.answer().status, 401) << "each request shows its own";
}

TEST_F(RestContractTest, ATokenInTheQueryOnlyWhereTheSettingSaysSo) {
  TestWire& w = connect_rest();
  w.token.clear();
  EXPECT_EQ(w.call("GET", "/ping?_token=" + Bytes(kToken)).status, 401);
  rooms().config.http_token_in_query = true;
  EXPECT_EQ(w.call("GET", "/ping?_token=" + Bytes(kToken)).body, "{\"result\":\"PONG\"}");
  w.token = "wrong-but-the-query-wins";
  EXPECT_EQ(w.call("GET", "/ping?_token=" + Bytes(kToken)).status, 200);
}

TEST_F(RestContractTest, TheReadOnlyTokenReads) {
  ASSERT_EQ(call("SET k v"), ok());
  TestWire& w = connect_rest();
  w.token = kReadOnlyToken;
  EXPECT_EQ(w.call("GET", "/get/k").body, "{\"result\":\"v\"}");
  const Answer refused = w.call("GET", "/set/k/w");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, "{\"error\":\"NOPERM this user has no permissions to run the 'set' command\"}");
  EXPECT_EQ(w.call("GET", "/keys/*").status, 400);
  EXPECT_EQ(w.call("GET", "/scan/0").status, 400);
  const Answer mixed = w.call("POST", "/multi-exec", R"([["GET","k"],["SET","k","w"]])");
  EXPECT_EQ(mixed.status, 400);
  const Answer script = w.call("POST", "/", R"~(["EVAL","return redis.call('SET','k','w')",0])~");
  EXPECT_NE(script.body.find("NOPERM"), Bytes::npos) << script.body;
  EXPECT_EQ(call("GET k"), bulk("v"));
}

// 1.4: methods, CORS, transport.

TEST_F(RestContractTest, BrowsersMayAsk) {
  TestWire& w = wire();
  w.token.clear();
  const Answer preflight = w.call("OPTIONS", "/pipeline", "",
                                  "Origin: https://app.example\r\nAccess-Control-Request-Headers: authorization,x\r\n");
  EXPECT_EQ(preflight.status, 200);
  EXPECT_EQ(preflight.body, "");
  EXPECT_EQ(preflight.header("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(preflight.header("access-control-allow-credentials"), "true");
  EXPECT_EQ(preflight.header("access-control-allow-headers"), "authorization,x");
  w.token = kToken;
  const Answer answer = w.call("GET", "/ping", "", "Origin: https://app.example\r\n");
  EXPECT_EQ(answer.header("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(answer.header("access-control-expose-headers"), "upstash-sync-token");
  EXPECT_EQ(answer.header("content-type"), "application/json; charset=utf-8");
}

TEST_F(RestContractTest, TheSyncTokenMovesWithWritesAlone) {
  const auto token = [&](View body) {
    return post(body, "Upstash-Sync-Token: made-up\r\n").header("upstash-sync-token");
  };
  const Bytes first = token(R"(["SET","k","v"])"), second = token(R"(["SET","k","w"])");
  EXPECT_FALSE(first.empty());
  EXPECT_NE(first, second);
  EXPECT_EQ(token(R"(["GET","k"])"), second);
  const Bytes piped = wire().call("POST", "/pipeline", R"([["INCR","n"]])").header("upstash-sync-token");
  EXPECT_NE(piped, second);
  EXPECT_NE(token(R"~(["EVAL","return redis.call('INCR','n')",0])~"), piped);
}

TEST_F(RestContractTest, RequestsInOnePieceAreAnsweredInOrder) {
  const Bytes end = " HTTP/1.1\r\nHost: leat\r\nAuthorization: " + Bytes(kToken) + "\r\n\r\n";
  TestWire& w = wire();
  w.send("GET /incr/n" + end + "GET /incr/n" + end + "GET /nosuch" + end + "GET /incr/n" + end);
  for (int i = 0; i < 4; ++i) tick();
  EXPECT_EQ(w.answer().body, "{\"result\":1}");
  EXPECT_EQ(w.answer().body, "{\"result\":2}");
  EXPECT_EQ(w.answer().status, 400);
  EXPECT_EQ(w.answer().body, "{\"result\":3}");
}

TEST_F(RestContractTest, ConnectionsStayOrEndAsAsked) {
  EXPECT_EQ(wire().call("GET", "/ping").header("connection"), "");
  TestWire& w = connect_rest();
  EXPECT_EQ(w.call("GET", "/ping", "", "Connection: close\r\n").header("connection"), "close");
  EXPECT_TRUE(w.closed());
  TestWire& old = connect_rest();
  old.send("GET /ping HTTP/1.0\r\nConnection: Keep-Alive\r\nAuthorization: " + Bytes(kToken) + "\r\n\r\n");
  EXPECT_EQ(old.answer().header("connection"), "keep-alive");
  old.send("GET /ping HTTP/1.0\r\nAuthorization: " + Bytes(kToken) + "\r\n\r\n");
  EXPECT_EQ(old.answer().status, 200);
  EXPECT_TRUE(old.closed());
}

TEST_F(RestContractTest, WhoExpectsToContinueIsToldTo) {
  TestWire& w = wire();
  w.send("POST /set/k HTTP/1.1\r\nHost: leat\r\nAuthorization: " + Bytes(kToken) +
         "\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(w.received(), "HTTP/1.1 100 Continue\r\n\r\n");
  w.received().clear();
  w.send("ab");
  EXPECT_EQ(w.answer().body, "{\"result\":\"OK\"}");
  TestWire& stranger = connect_rest();
  stranger.send("POST /set/k HTTP/1.1\r\nHost: leat\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(stranger.answer().status, 401) << "and sends nothing for nothing";
}

// 2.1, 2.4: formats.

TEST_F(RestContractTest, Base64) {
  const Bytes header = "Upstash-Encoding: base64\r\n";
  EXPECT_EQ(result(R"(["SET","k","v"])", header), "{\"result\":\"OK\"}");
  EXPECT_EQ(result(R"(["GET","k"])", header), "{\"result\":\"dg==\"}");
  EXPECT_EQ(result(R"(["TYPE","k"])", header), "{\"result\":\"c3RyaW5n\"}");
  EXPECT_EQ(result(R"(["STRLEN","k"])", header), "{\"result\":1}");
  EXPECT_EQ(result(R"(["MGET","k","none"])", header), "{\"result\":[\"dg==\",null]}");
  EXPECT_EQ(result(R"~(["EVAL","return {redis.status_reply('OK'),{1,'x'}}",0])~", header),
            "{\"result\":[\"T0s=\",[1,\"eA==\"]]}");
  EXPECT_EQ(post(R"(["GET"])", header).body, "{\"error\":\"ERR wrong number of arguments for 'get' command\"}");
  EXPECT_EQ(wire().call("POST", "/pipeline", R"([["GET","k"]])", header).body, "[{\"result\":\"dg==\"}]");
  EXPECT_EQ(post(R"(["GET","k"])", "Upstash-Encoding: gzip\r\n").status, 400);
}

TEST_F(RestContractTest, Resp2) {
  const Bytes header = "Upstash-Response-Format: resp2\r\n";
  const Answer one = post(R"(["MGET","k"])", header);
  EXPECT_EQ(one.body, "*1\r\n$-1\r\n");
  EXPECT_EQ(one.header("content-type"), "application/octet-stream");
  EXPECT_EQ(post(R"(["GET"])", header).status, 400);
  EXPECT_EQ(wire().call("POST", "/pipeline", R"([["SET","k","v"],["GET"],["GET","k"]])", header).body,
            "+OK\r\n-ERR wrong number of arguments for 'get' command\r\n$1\r\nv\r\n");
  EXPECT_EQ(wire().call("POST", "/multi-exec", R"([["GET","k"]])", header).body, "[{\"result\":\"v\"}]");
  EXPECT_EQ(post(R"(["GET","k"])", "Upstash-Response-Format: json\r\n").body, "{\"result\":\"v\"}");
  EXPECT_EQ(post(R"(["GET","k"])", "Upstash-Response-Format: xml\r\n").status, 400);
  EXPECT_EQ(post(R"(["GET","k"])", header + "Upstash-Encoding: base64\r\n").status, 400);
}

TEST_F(RestContractTest, BytesThatAreNoUtf8) {
  ASSERT_EQ(wire().call("POST", "/set/k", "a\xff" "b").status, 200);
  EXPECT_EQ(result(R"(["GET","k"])"), "{\"result\":\"a\xef\xbf\xbd" "b\"}");
  EXPECT_EQ(result(R"(["GET","k"])", "Upstash-Encoding: base64\r\n"), "{\"result\":\"Yf9i\"}");
}

// 2.3: limits.

TEST_F(RestContractTest, LengthsAreBounded) {
  rooms().config.http_command_bytes_max = 1000;
  rooms().config.http_body_bytes_max = 4000;
  const Answer large = post("[\"SET\",\"k\",\"" + Bytes(1000, 'x') + "\"]");
  EXPECT_EQ(large.status, 413);
  EXPECT_NE(large.body.find("ERR max request size exceeded. Limit: 1000 bytes, Actual: 1004 bytes"), Bytes::npos)
      << large.body;
  EXPECT_EQ(wire().call("POST", "/set/k", Bytes(1000, 'x')).status, 413);
  EXPECT_EQ(call("EXISTS k"), integer(0));
  ASSERT_EQ(call("SET k " + Bytes(2000, 'x')), ok());
  const Answer result = wire().call("GET", "/get/k");
  EXPECT_EQ(result.status, 200);
  EXPECT_NE(result.body.find("\"error\":\"ERR max request size exceeded"), Bytes::npos) << result.body;
  EXPECT_EQ(wire().call("GET", "/ping").status, 200) << "and it goes on";
  TestWire& w = connect_rest();
  EXPECT_EQ(w.call("POST", "/pipeline", Bytes(4001, ' ')).status, 413);
  EXPECT_FALSE(w.closed()) << "not at once: that would take back the answer";
  advance_ms(3000);
  door().look();
  EXPECT_TRUE(w.closed());
}

TEST_F(RestContractTest, WhoIsSlowIsNotWaitedFor) {
  TestWire &slow = connect_rest(), &idle = connect_rest();
  slow.send("GET /ping HT");
  advance_ms(30'000);
  slow.send("TP/1.1\r\nHost: leat\r\n");
  door().look();
  EXPECT_FALSE(slow.closed());
  advance_ms(31'000);
  door().look();
  EXPECT_EQ(slow.answer().status, 408);
  EXPECT_FALSE(idle.closed());
  advance_ms(3'600'000);
  door().look();
  EXPECT_TRUE(idle.closed());
}

TEST_F(RestContractTest, WhoComesWhenThereAreTooManyIsTold) {
  rooms().config.clients_max = static_cast<int64_t>(rooms().clients.size());
  TestWire& w = connect_rest();
  const Answer refused = w.answer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, "{\"error\":\"ERR max number of clients reached\"}");
  EXPECT_TRUE(w.closed());
  TestWire* early = nullptr;
  {
    early = &connect_rest();
    early->received().clear();
  }
  EXPECT_TRUE(early->closed());
  EXPECT_EQ(wire().call("GET", "/ping").status, 200);
}

// Blocking.

TEST_F(RestContractTest, AWaitIsALongPoll) {
  TestWire& worker = connect_rest();
  worker.ask("POST", "/", R"(["BRPOP","jobs",0])");
  EXPECT_FALSE(worker.has_answer());
  EXPECT_FALSE(broker().has_work()) << "an idle worker costs nothing";
  EXPECT_EQ(call("LPUSH jobs a"), integer(1));
  tick();
  EXPECT_EQ(worker.answer().body, "{\"result\":[\"jobs\",\"a\"]}");
  worker.ask("GET", "/brpop/jobs/1");
  advance_ms(1001);
  EXPECT_EQ(worker.answer().body, "{\"result\":null}");
}

TEST_F(RestContractTest, AWaitingRowDelaysItsOwnPipelineAlone) {
  TestWire& worker = connect_rest();
  ASSERT_EQ(call("XGROUP CREATE s g $ MKSTREAM"), ok());
  worker.ask("POST", "/pipeline",
             R"([["SET","a",1],["XREADGROUP","GROUP","g","c","BLOCK",0,"STREAMS","s",">"],["GET","a"]])");
  EXPECT_FALSE(worker.has_answer());
  EXPECT_EQ(result(R"(["GET","a"])"), "{\"result\":\"1\"}");
  ASSERT_EQ(call("XADD s 1-1 f v"), bulk("1-1"));
  tick();
  EXPECT_EQ(worker.answer().body,
            "[{\"result\":\"OK\"},{\"result\":[[\"s\",[[\"1-1\",[\"f\",\"v\"]]]]]},{\"result\":\"1\"}]");
}

TEST_F(RestContractTest, NothingIsPoppedForWhoHasHungUp) {
  TestWire& worker = connect_rest();
  worker.ask("POST", "/", R"(["BRPOP","jobs",0])");
  worker.hang_up();
  EXPECT_EQ(call("LPUSH jobs a"), integer(1));
  EXPECT_EQ(call("LLEN jobs"), integer(1));
}

TEST_F(RestContractTest, NoWaitIsLongerThanTheCeiling) {
  rooms().config.http_wait_s = 20;
  TestWire& worker = connect_rest();
  worker.ask("POST", "/", R"(["BLPOP","jobs",0])");
  advance_ms(19'000);
  EXPECT_FALSE(worker.has_answer());
  advance_ms(1'100);
  EXPECT_EQ(worker.answer().body, "{\"result\":null}");
}

// An answer rests on the disk as all replies do.
TEST_F(RestContractTest, AnAnswerIsHeldUntilItIsOnDisk) {
  rooms().config.log_thread = LogThreadMode::kAlways;
  broker().apply_config();
  TestWire& w = wire();
  w.ask("POST", "/pipeline", R"([["SET","k","v"],["GET","k"]])");
  EXPECT_FALSE(w.has_answer());
  let_it_work();
  EXPECT_EQ(w.answer().body, "[{\"result\":\"OK\"},{\"result\":\"v\"}]");
}

}  // namespace leat::testing
