// SPDX-License-Identifier: Apache-2.0
#include "broker/http/http_reader.h"

#include <gtest/gtest.h>

namespace leat {

using Progress = HttpReader::Progress;
constexpr HttpReader::Limits kLimits{.head_bytes_max = 1000, .body_bytes_max = 100};
constexpr size_t kWhole = SIZE_MAX;

struct Seen {
  Progress end = Progress::kMore;
  int status = 0;
  Bytes text;
  std::vector<HttpRequest> requests;
};

// All that the bytes are understood as, given in pieces of that size.
Seen understood(View bytes, size_t piece) {
  HttpReader reader;
  Seen seen;
  for (size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
    View rest = bytes.substr(at, piece);
    for (;;) {
      seen.end = reader.read(rest, kLimits);
      if (seen.end == Progress::kMore) break;
      if (seen.end == Progress::kRefused) {
        seen.status = reader.refusal().status;
        seen.text = reader.refusal().text;
        return seen;
      }
      if (seen.end != Progress::kRequest) continue;
      seen.requests.push_back(std::move(reader.request()));
      reader.begin_next();
    }
    if (piece == kWhole) break;
  }
  return seen;
}

// However it comes, it is understood alike.
Seen understood(View bytes) {
  const Seen whole = understood(bytes, kWhole);
  for (const size_t piece : {1, 2, 3, 7}) {
    const Seen pieces = understood(bytes, piece);
    EXPECT_EQ(pieces.status, whole.status) << piece << '\n' << bytes;
    EXPECT_EQ(pieces.requests.size(), whole.requests.size()) << piece << '\n' << bytes;
    for (size_t i = 0; i < std::min(pieces.requests.size(), whole.requests.size()); ++i) {
      EXPECT_EQ(pieces.requests[i].body, whole.requests[i].body);
      EXPECT_EQ(pieces.requests[i].target, whole.requests[i].target);
    }
  }
  return whole;
}

constexpr View kHost = "Host: leat\r\n";

TEST(HttpReader, ARequestAndTheNext) {
  const Seen seen = understood(
      "\r\nPOST /set/a?x=1 HTTP/1.1\r\nhost: leat\r\nAUTHORIZATION: Bearer  t o k \r\nContent-Length: 3\r\n\r\nabc"
      "GET / HTTP/1.1\r\nHost: leat\r\nConnection: close\r\nUpstash-Encoding: base64\r\n\r\n");
  ASSERT_EQ(seen.requests.size(), 2u) << seen.text;
  EXPECT_EQ(seen.requests[0].method, HttpMethod::kPost);
  EXPECT_EQ(seen.requests[0].target, "/set/a?x=1");
  EXPECT_EQ(seen.requests[0].authorization, "Bearer  t o k");
  EXPECT_EQ(seen.requests[0].body, "abc");
  EXPECT_TRUE(seen.requests[0].keep_alive);
  EXPECT_EQ(seen.requests[1].method, HttpMethod::kGet);
  EXPECT_EQ(seen.requests[1].encoding, "base64");
  EXPECT_FALSE(seen.requests[1].authorization);
  EXPECT_FALSE(seen.requests[1].keep_alive);
}

TEST(HttpReader, ABodyInChunks) {
  const Seen seen = understood(
      "PUT / HTTP/1.1\r\nHost: leat\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=1\r\nabc\r\n1\r\nd\r\n0\r\nAuthorization: late\r\n\r\nGET / HTTP/1.1\r\nHost: leat\r\n\r\n");
  ASSERT_EQ(seen.requests.size(), 2u) << seen.text;
  EXPECT_EQ(seen.requests[0].body, "abcd");
  EXPECT_FALSE(seen.requests[0].authorization) << "a trailer is no header";
}

TEST(HttpReader, StopsBehindTheHead) {
  HttpReader reader;
  View bytes = "POST / HTTP/1.1\r\nHost: leat\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab";
  ASSERT_EQ(reader.read(bytes, kLimits), Progress::kHead);
  EXPECT_EQ(bytes, "ab");
  EXPECT_TRUE(reader.request().expects_continue);
  EXPECT_FALSE(reader.is_whole());
  EXPECT_EQ(reader.read(bytes, kLimits), Progress::kRequest);
  EXPECT_EQ(reader.request().body, "ab");
}

TEST(HttpReader, WhatTwoReadersCouldUnderstandDifferentlyIsRefused) {
  struct Case {
    Bytes bytes;
    int status;
  };
  const Bytes post = "POST / HTTP/1.1\r\nHost: leat\r\n", get = "GET / HTTP/1.1\r\nHost: leat\r\n",
              smuggled = "GET /flushall HTTP/1.1\r\n\r\n";
  const Case cases[] = {
      {post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, 400},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" + smuggled, 400},
      {post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {post + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {post + "Content-Length: +3\r\n\r\nabc", 400},
      {post + "Content-Length: -1\r\n\r\nabc", 400},
      {post + "Content-Length: 0x3\r\n\r\nabc", 400},
      {post + "Content-Length: 3 3\r\n\r\nabc", 400},
      {post + "Content-Length:\r\n\r\nabc", 400},
      {post + "Content-Length: 99999999999999999999\r\n\r\nabc", 400},
      {post + "Content-Length : 3\r\n\r\nabc", 400},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400},
      {get + "A: b\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {get + "A: b\rTransfer-Encoding: chunked\r\n\r\n", 400},
      {get + "A: b\r\n Transfer-Encoding: chunked\r\n\r\n", 400},
      {get + "A: b\r\n\tc\r\n\r\n", 400},
      {get + "A: b" + Bytes(1, '\0') + "\r\n\r\n", 400},
      {get + "A b\r\n\r\n", 400},
      {get + ": b\r\n\r\n", 400},
      {get + "Host: other\r\n\r\n", 400},
      {get + "Authorization: a\r\nAuthorization: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\n\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: leat\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: leat\r\n\r\n", 505},
      {"GET / HTTP/1.1 x\r\nHost: leat\r\n\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 405},
      {"BREW / HTTP/1.1\r\nHost: leat\r\n\r\n", 405},
      {post + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 415},
      {post + "Expect: more\r\nContent-Length: 1\r\n\r\nx", 417},
      {post + "Content-Length: 101\r\n\r\n", 413},
      {post + "Transfer-Encoding: chunked\r\n\r\n65\r\n" + Bytes(101, 'x') + "\r\n0\r\n\r\n", 413},
      {get + "A: " + Bytes(2000, 'a'), 431},
      {get + "A: " + Bytes(2000, 'a') + "\r\n\r\n", 431},
  };
  for (const auto& [bytes, status] : cases) {
    const Seen seen = understood(bytes);
    EXPECT_EQ(seen.end, Progress::kRefused) << bytes;
    EXPECT_EQ(seen.status, status) << bytes << '\n' << seen.text;
    EXPECT_TRUE(seen.requests.empty()) << bytes;
  }
}

TEST(HttpReader, ChunksMayNotTakeMoreThanTheirBody) {
  Bytes bytes = "POST / HTTP/1.1\r\nHost: leat\r\nTransfer-Encoding: chunked\r\n\r\n1;" + Bytes(70'000, 'e') +
                "=1\r\na\r\n0\r\n\r\n";
  EXPECT_EQ(understood(bytes, 1000).status, 413);
}

}  // namespace leat
