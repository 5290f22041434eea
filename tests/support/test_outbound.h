// SPDX-License-Identifier: Apache-2.0
// test_outbound.h: other servers, as far as a broker that calls them can tell: the test is the one that answers.
//
// Used by: command tests of what calls others. No sockets: what the broker says lies in `said`.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "broker/outbound.h"

namespace leat::testing {

class TestOutbound final : public Outbound {
 public:
  struct Line {
    Bytes host;
    uint16_t port = 0;
    Caller* caller = nullptr;
    Bytes said;
    bool hung_up = false;
    bool stands = false;  // what is written stays in our hands

    void accept() { caller->connected(); }
    void answer(View bytes) {
      if (!hung_up) caller->received(bytes);
    }
    void find_nobody() { caller->unreachable(); }
    void lose() {
      if (!hung_up) caller->lost();
    }
    Bytes take() { return std::exchange(said, {}); }
  };

  std::unique_ptr<Call> dial(const Bytes& host, uint16_t port, Caller& caller) override {
    lines.push_back(std::make_shared<Line>(Line{host, port, &caller, {}}));
    return std::make_unique<Held>(lines.back());
  }
  std::deque<std::shared_ptr<Line>> lines;  // in the order they were dialed

 private:
  struct Held final : Call {
    explicit Held(std::shared_ptr<Line> line) : line(std::move(line)) {}
    ~Held() override { line->hung_up = true; }
    void write(Bytes bytes) override {
      line->said += bytes;
      if (!line->stands) line->caller->written();
    }
    std::shared_ptr<Line> line;
  };
};

}  // namespace leat::testing
