// SPDX-License-Identifier: Apache-2.0
#include "tests/rest/rest_test.h"

#include <strings.h>

namespace leat::testing {

namespace {
constexpr View kEndOfHead = "\r\n\r\n";
}

Bytes Answer::header(View name) const {
  for (size_t at = head.find("\r\n"); at != Bytes::npos; at = head.find("\r\n", at)) {
    at += 2;
    const View line = View(head).substr(at, head.find("\r\n", at) - at);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      return Bytes(line.substr(name.size() + 2));
    }
  }
  return "";
}

void TestWire::close() {
  if (std::exchange(closed_, true)) return;
  hang_up();
}

void TestWire::hang_up() {
  if (session_->client() == nullptr) return;
  Client& client = *session_->client();
  session_->wire_closed();
  test_.broker().hang_up(client);
}

void TestWire::send(View bytes) {
  session_->receive(bytes);
  test_.tick();
  test_.tick();
}

void TestWire::ask(View method, View target, View body, View headers) {
  Bytes request = Bytes(method) + ' ' + Bytes(target) + " HTTP/1.1\r\nHost: leat\r\n";
  if (!token.empty()) request += "Authorization: Bearer " + token + "\r\n";
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  send(request + Bytes(headers) + "\r\n" + Bytes(body));
}

bool TestWire::has_answer() { return !received_.empty(); }

Answer TestWire::answer() {
  Answer answer;
  const size_t end = received_.find(kEndOfHead);
  if (end == Bytes::npos) {
    ADD_FAILURE() << "no answer, but '" << received_ << "'";
    return answer;
  }
  answer.head = received_.substr(0, end + 2);
  answer.status = std::atoi(answer.head.c_str() + 9);
  const size_t length = std::strtoull(answer.header("content-length").c_str(), nullptr, 10);
  answer.body = received_.substr(end + kEndOfHead.size(), length);
  received_.erase(0, end + kEndOfHead.size() + length);
  return answer;
}

Bytes TestWire::result(View body, View headers) {
  const Answer answer = post(body, headers);
  EXPECT_EQ(answer.status, 200) << body << '\n' << answer.body;
  return answer.body;
}

Bytes TestWire::events() {
  if (!streaming_) {
    const size_t end = received_.find(kEndOfHead);
    if (end == Bytes::npos) return "";
    EXPECT_TRUE(received_.starts_with("HTTP/1.1 200 OK")) << received_;
    received_.erase(0, end + kEndOfHead.size());
    streaming_ = true;
  }
  Bytes events;
  while (!received_.empty()) {
    char* at;
    const size_t size = std::strtoull(received_.c_str(), &at, 16);
    const size_t from = static_cast<size_t>(at - received_.c_str()) + 2;
    events += received_.substr(from, size);
    received_.erase(0, from + size + 2);
  }
  return events;
}

void RestTest::SetUp() {
  EXPECT_TRUE(set_config("http.token=" + Bytes(kToken), config).ok());
  EXPECT_TRUE(set_config("http.readonly_token=" + Bytes(kReadOnlyToken), config).ok());
  BrokerTest::SetUp();
  door_ = std::make_unique<RestDoor>(broker());
  connect_rest();
}

TestWire& RestTest::connect_rest() {
  wires_.push_back(std::make_unique<TestWire>(*this, *door_));
  tick();
  return *wires_.back();
}

}  // namespace leat::testing
