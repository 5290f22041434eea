// SPDX-License-Identifier: Apache-2.0
// http_fuzz.cc: any bytes at the REST door of a real broker, cut anywhere: every answer is well-formed HTTP, what has
// no token is answered nothing but refusals, and somebody else is still served afterwards.
//
// The input: a byte for how it is cut into pieces, and whether $T in it becomes the token; then what is sent. A house
// costs half a second to build under sanitizers, so it is kept for as many inputs as leave it answering.
#include <cstdlib>

#include "broker/http/rest_session.h"
#include "tests/support/sim_disk.h"

namespace leat::testing {

namespace {

constexpr View kToken = "token-of-the-fuzzer-0123456789";
constexpr View kMarker = "$T";
constexpr size_t kTicks = 4;
constexpr int kInputs = 2000;  // of one house: its log is in memory

class StandingClock final : public Clock {
 public:
  TimeMs wall_ms() override { return wall_us() / 1000; }
  int64_t wall_us() override { return 1'700'000'000'000'000 + us_; }
  int64_t monotonic_us() override { return 1'000'000 + (us_ += 10); }
  void hold_us(int64_t us) override { us_ += us; }

 private:
  int64_t us_ = 0;
};

class Wire final : public Transport {
 public:
  explicit Wire(RestDoor& door) : broker_(door.broker), session_(door, *this) { session_.begin(); }
  void send(View bytes) {
    if (!closed_) session_.receive(bytes);
    for (size_t i = 0; i < kTicks; ++i) broker_.tick();
  }
  void hang_up() {
    if (std::exchange(closed_, true)) return;
    Client& client = *session_.client();
    session_.wire_closed();
    broker_.hang_up(client);
  }
  const Bytes& received() const { return received_; }

  void write(Bytes& bytes) override { received_ += bytes; }
  void close_when_sent() override { hang_up(); }
  void close_now() override { hang_up(); }
  size_t unsent() const override { return 0; }
  Bytes peer() const override { return "127.0.0.1:1"; }
  Bytes local() const override { return "127.0.0.1:2"; }

 private:
  Broker& broker_;
  RestSession session_;
  Bytes received_;
  bool closed_ = false;
};

struct House {
  House() : broker({disk, clock, *events, 7, true}, made()) {
    if (!broker.lock_folder().ok() || !broker.open().ok()) std::abort();
  }
  static Config made() {
    Config config;
    config.data_dir = "data";
    config.http_body_bytes_max = 1 << 20;
    config.http_command_bytes_max = 1 << 16;
    config.busy_reply_threshold_ms = 1;
    config.auth_failures_max = 0;  // or after some wrong tokens nobody is listened to
    if (!set_config("http.token=" + Bytes(kToken), config).ok()) std::abort();
    return config;
  }
  StandingClock clock;
  SimDisk disk;
  std::unique_ptr<Events> events = Events::silent();
  Broker broker;
  RestDoor door{broker};
};

void check(bool condition) {
  if (!condition) std::abort();
}

// Heads and bodies follow each other; a stream of events is the last. Returns the statuses.
std::vector<int> read_answers(View bytes) {
  std::vector<int> statuses;
  while (!bytes.empty()) {
    check(bytes.starts_with("HTTP/1.1 "));
    const size_t end = bytes.find("\r\n\r\n");
    check(end != View::npos);
    const View head = bytes.substr(0, end + 2);
    bytes.remove_prefix(end + 4);
    const int status = std::atoi(Bytes(head.substr(9, 3)).c_str());
    if (status == 100) continue;
    statuses.push_back(status);
    const size_t length = head.find("content-length: ");
    if (length == View::npos) return statuses;  // a stream
    const size_t size = std::strtoull(Bytes(head.substr(length + 16)).c_str(), nullptr, 10);
    check(head.find("\n", 0) != View::npos && (size <= bytes.size() || bytes.empty() || bytes.starts_with("HTTP/1.1 ")));
    if (bytes.starts_with("HTTP/1.1 ") || bytes.empty()) continue;  // of HEAD
    bytes.remove_prefix(size);
  }
  return statuses;
}

Bytes with_token(View input) {
  Bytes sent(input);
  for (size_t at = sent.find(kMarker); at != Bytes::npos; at = sent.find(kMarker, at + kToken.size())) {
    sent.replace(at, kMarker.size(), kToken);
    if (sent.size() > (1 << 20)) break;
  }
  return sent;
}

// What the one before left is taken away; a house that has shut its own user out, or was told to stop, is built anew.
bool answers(House& house) {
  if (house.broker.stopped()) return false;
  Wire other(house.door);
  const auto ask = [&](View path) {
    other.send("GET " + Bytes(path) + " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + Bytes(kToken) + "\r\n\r\n");
  };
  ask("/flushall");
  ask("/ping");
  other.hang_up();
  house.broker.tick();
  return other.received().find("{\"result\":\"PONG\"}") != Bytes::npos;
}

// Whether what was sent could do anything at all.
bool visit(House& house, View input) {
  const auto how = static_cast<uint8_t>(input[0]);
  const size_t piece = (how & 0x7f) == 0 ? SIZE_MAX : how & 0x7f;
  const bool knows_token = how & 0x80;
  const Bytes sent = knows_token ? with_token(input.substr(1)) : Bytes(input.substr(1));
  const uint64_t rows_before = house.broker.rooms().stats.http.rows;
  Wire wire(house.door);
  for (size_t at = 0; at < sent.size(); at += std::min(piece, sent.size() - at)) wire.send(View(sent).substr(at, piece));
  for (const int status : read_answers(wire.received())) check(status >= 200 && status <= 599);
  const bool was_let_in = knows_token || sent.find(kToken) != Bytes::npos;
  if (!was_let_in) check(house.broker.rooms().stats.http.rows == rows_before);
  wire.hang_up();
  house.broker.tick();
  return was_let_in;
}

void run(View input) {
  if (input.empty()) return;
  static std::unique_ptr<House> house;
  static int inputs = 0;
  if (house == nullptr || ++inputs % kInputs == 0) house = std::make_unique<House>();
  const bool was_let_in = visit(*house, input);
  if (answers(*house)) return;
  check(was_let_in);  // nobody else could do that
  house = nullptr;
}

}  // namespace

}  // namespace leat::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  leat::testing::run(leat::View(reinterpret_cast<const char*>(data), size));
  return 0;
}
