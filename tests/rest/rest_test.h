// SPDX-License-Identifier: Apache-2.0
// rest_test.h: the REST door of the broker in process: HTTP bytes in, HTTP bytes out, no sockets.
//
// Used by: tests/rest.
#pragma once

#include "broker/http/rest_session.h"
#include "tests/support/broker_test.h"

namespace leat::testing {

constexpr View kToken = "a-token-of-these-tests", kReadOnlyToken = "one-that-may-only-read";

struct Answer {
  int status = 0;
  Bytes head, body;
  Bytes header(View name) const;
};

// One connection.
class TestWire final : public Transport {
 public:
  TestWire(BrokerTest& test, RestDoor& door) : test_(test), session_(std::make_unique<RestSession>(door, *this)) {
    session_->begin();
  }

  void send(View bytes);  // and runs a tick
  // A request with the token, by default; `headers` each with its line's end.
  void ask(View method, View target, View body = "", View headers = "");
  Answer answer();        // the next one; fails the test when there is none
  Answer call(View method, View target, View body = "", View headers = "") {
    return ask(method, target, body, headers), answer();
  }
  Answer post(View body, View headers = "") { return call("POST", "/", body, headers); }
  // The body of an answer that must be 200.
  Bytes result(View body, View headers = "");
  bool has_answer();
  bool closed() const { return closed_; }
  void hang_up();
  RestSession& session() { return *session_; }
  Bytes& received() { return received_; }
  // Of a stream in chunks: what came of its body so far; the head is skipped the first time.
  Bytes events();
  Bytes token{kToken};
  size_t unsent_bytes = 0;

  void write(Bytes& bytes) override { received_ += bytes; }
  void close_when_sent() override { close(); }
  void close_now() override { close(); }
  size_t unsent() const override { return unsent_bytes; }
  Bytes peer() const override { return "127.0.0.1:50001"; }
  Bytes local() const override { return "127.0.0.1:8079"; }

 private:
  void close();
  BrokerTest& test_;
  std::unique_ptr<RestSession> session_;
  Bytes received_;
  bool closed_ = false, streaming_ = false;
};

class RestTest : public BrokerTest {
 public:
  void SetUp() override;
  TestWire& wire() { return *wires_.front(); }
  TestWire& connect_rest();
  Answer post(View body, View headers = "") { return wire().post(body, headers); }
  Bytes result(View body, View headers = "") { return wire().result(body, headers); }
  RestDoor& door() { return *door_; }

 private:
  std::unique_ptr<RestDoor> door_;
  std::deque<std::unique_ptr<TestWire>> wires_;
};

}  // namespace leat::testing
