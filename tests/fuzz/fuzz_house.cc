// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz_house.h"

#include <cstdio>

#include "broker/commands/executor.h"
#include "broker/storage/proof.h"
#include "tests/fuzz/vocabulary.h"
#include "tests/support/strict_reply.h"

// Called by the sanitizers' allocator.
extern "C" void __sanitizer_malloc_hook(const volatile void*, size_t size) {
  if (size < leat::testing::FuzzHouse::kAllocationMax) return;
  std::fprintf(stderr, "an allocation of %zu bytes\n", size);
  __builtin_trap();
}

namespace leat::testing {

namespace {

Bytes encoded(const Request& request) {
  Bytes out = "*" + std::to_string(request.size()) + "\r\n";
  for (const Bytes& word : request) out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return out;
}

[[noreturn]] void fail(const char* what, View about) {
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(std::min<size_t>(about.size(), 2000)), about.data());
  std::abort();
}

bool is_word(const Request& request, size_t at, View word) { return request.size() > at && same_word(request[at], word); }

bool subscribes(const Request& request) {
  return !request.empty() && request[0].size() > 8 && is_kind_of_push(lower(request[0]));
}

}  // namespace

struct FuzzHouse::Guest final : Transport {
  Client* client = nullptr;
  Bytes received, asked;  // asked: last, for whoever reads the report
  bool closed = false;
  int64_t owed = 0;        // replies
  int64_t owed_pushes = 0;  // that answer SUBSCRIBE and the like
  bool loose = false;      // it was asked to say nothing, or says more: only the form of its replies is looked at
  bool resp3 = false;      // some time since it connected
  bool listens = false;    // to channels, some time since it connected

  void write(Bytes& bytes) override { received += bytes; }
  void close_when_sent() override { close_now(); }
  void close_now() override { client = nullptr, closed = true; }  // the broker forgets it by itself
  size_t unsent() const override { return 0; }
  Bytes peer() const override { return "127.0.0.1:50000"; }
  Bytes local() const override { return "127.0.0.1:6379"; }
};

FuzzHouse::FuzzHouse(const Setting& setting) {
  config_.segment_bytes = 64 << 10;
  config_.log_thread = LogThreadMode::kNever;
  config_.bulk_bytes_max = 256 << 10;
  config_.script_memory_bytes_max = 16 << 20;
  config_.busy_reply_threshold_ms = 1;
  config_.debug_commands = DebugAccess::kYes;
  if (setting.tight) config_.maxmemory = 1, config_.maxmemory_policy = EvictionPolicy::kVolatileLru;
  if (setting.classes) {
    config_.classes.push_back({.name = "cache", .prefixes = {"c:"}, .durability = DurabilityMode::kNever,
                               .policy = EvictionPolicy::kAllLru, .quota = 4096, .max_value_bytes = 2000});
  }
  broker_ = std::make_unique<Broker>(
      Broker::House{.files = disk_, .clock = clock_, .events = *events_, .seed = 42, .deterministic = true}, config_);
  broker_->set_pump([this] { broker_->script_killed = true; });
  CHECK(broker_->lock_folder().ok() && broker_->open().ok());
  for (size_t i = 0; i < kGuests + (setting.watched ? 3 : 1); ++i) {
    guests_.push_back(std::make_unique<Guest>());
    connect(*guests_.back());
  }
  for (const Request& request : furniture(setting.large)) call(request);
  for (size_t i = kGuests / 2; i < kGuests; ++i) ask(i, {"HELLO", "3"});
  if (!setting.watched) return;
  call({"CONFIG", "SET", "notify-keyspace-events", "KEAn"});
  guests_[kGuests + 1]->loose = guests_[kGuests + 2]->loose = true;
  ask(kGuests + 1, {"PSUBSCRIBE", "*"});
  ask(kGuests + 2, {"MONITOR"});
}

FuzzHouse::~FuzzHouse() { broker_.reset(); }

void FuzzHouse::connect(Guest& guest) {
  guest.client = &broker_->connect(guest);
  guest.received.clear();
  guest.closed = guest.loose = guest.resp3 = guest.listens = false;
  guest.owed = guest.owed_pushes = 0;
}

void FuzzHouse::hang_up(size_t number) {
  Guest& guest = *guests_[number];
  if (!guest.closed) {
    broker_->hang_up(*guest.client);
    guest.close_now();
  }
  tick();
  connect(guest);
}

void FuzzHouse::ask(size_t number, const Request& request, bool also_parked) {
  Guest& guest = *guests_[number];
  if (guest.closed) hang_up(number);
  Client& client = *guest.client;
  if (client.parked != nullptr && !also_parked) return;
  // In a transaction the answers to SUBSCRIBE stand between those of the others: Redis' protocol has no word for that.
  const bool pushes = subscribes(request);
  if (pushes && (client.in_multi || !is_idle(guest))) return;
  if (is_word(request, 0, "CLIENT") && is_word(request, 1, "REPLY")) guest.loose = true;
  if (is_word(request, 0, "HELLO")) guest.resp3 = true;
  guest.asked.clear();
  for (const Bytes& word : request) guest.asked += word.substr(0, 200) + " ";
  if (pushes) {
    guest.listens = true;
    const View word = lower(request[0]).starts_with("s") && request[0].size() > 9 ? "shard" : "";
    const size_t all = same_word(request[0], "PUNSUBSCRIBE") ? client.patterns.size()
                       : !word.empty() ? client.shard_channels.size() : client.channels.size();
    guest.owed_pushes = static_cast<int64_t>(request.size() > 1 ? request.size() - 1 : std::max<size_t>(all, 1));
  } else {
    ++guest.owed;
  }
  broker_->receive(client, encoded(request));
  tick();
}

Bytes FuzzHouse::call(const Request& request) {
  Guest& own = *guests_[kGuests];
  if (own.closed) hang_up(kGuests);
  own.loose = true;  // the reply is the caller's
  broker_->receive(*own.client, encoded(request));
  broker_->tick();
  return std::exchange(own.received, Bytes());
}

void FuzzHouse::tick() {
  int left = 200;  // a purge, a snapshot, whoever has input left
  do {
    broker_->tick();
  } while (broker_->has_work() && --left > 0);
  if (!broker_->failed().ok()) fail("the broker failed", broker_->failed().text());
  for (const auto& guest : guests_) listen(*guest);
}

bool FuzzHouse::is_idle(const Guest& guest) const {
  const Client& client = *guest.client;
  return client.parked == nullptr && client.input.size() == client.parsed && client.input_later.empty();
}

void FuzzHouse::listen(Guest& guest) {
  if (!guest.closed) guest.resp3 |= guest.client->protocol == 3;
  View rest = guest.received;
  while (!rest.empty()) {
    const StrictReply reply = read_strictly(rest, guest.resp3 ? Resp::kEither : Resp::k2);
    if (reply.size == 0) fail(("no reply of the protocol, behind " + guest.asked).c_str(), rest);
    hear(guest, rest.substr(0, reply.size), reply);
    rest.remove_prefix(reply.size);
  }
  guest.received.clear();
  if (guest.closed || guest.loose || !is_idle(guest)) return;
  if (guest.owed != 0 || guest.owed_pushes != 0) fail("a reply did not come", guest.asked);
}

// Which of a reply and a push it is.
void FuzzHouse::hear(Guest& guest, View bytes, const StrictReply& reply) {
  if (guest.loose) return;
  const bool told = guest.listens && reply.type == '*' && reply.items >= 3 && is_kind_of_push(reply.first);
  const bool pushed = reply.type == '>' || told;
  if (pushed && reply.first.ends_with("subscribe")) {
    if (--guest.owed_pushes < 0) fail(("nobody asked for it, behind " + guest.asked).c_str(), bytes);
    return;
  }
  if (pushed) return;
  if (guest.owed_pushes > 0 && guest.owed == 0) {
    if (reply.type != '-') fail("SUBSCRIBE answered", bytes);
    guest.owed_pushes = 0;
    return;
  }
  if (--guest.owed < 0) fail(("more replies than requests, behind " + guest.asked).c_str(), bytes);
}

void FuzzHouse::pass_ms(int64_t ms) {
  clock_.pass_ms(ms);
  tick();
}

std::vector<Bytes> FuzzHouse::payloads() {
  std::vector<Bytes> all;
  for (const View key : kKeys) {
    const Bytes reply = call({"DUMP", Bytes(key)});
    const size_t start = reply.find("\r\n");
    if (reply.size() > start + 4) all.push_back(reply.substr(start + 2, reply.size() - start - 4));
  }
  return all;
}

// Waiters are told that their time is up; what they had sent behind it is run, and may wait in its turn.
void FuzzHouse::end_waits() {
  broker_->rooms().executor.pause.until_ms = 0;
  for (int left = 100; left > 0; --left) {
    bool ended = false;
    for (const auto& guest : guests_) {
      if (guest->closed || guest->client->parked == nullptr) continue;
      ended = true;
      broker_->rooms().executor.unblock(*guest->client, View());
    }
    tick();
    if (!ended) break;
  }
}

void FuzzHouse::finish() {
  pass_ms(2000);
  end_waits();
  for (const auto& guest : guests_) {
    if (!guest->closed && !is_idle(*guest)) fail("it waits for nothing, and its requests are not run", guest->asked);
  }
  CHECK(broker_->log()->sync_now().ok());
  const uint64_t digest = broker_->rooms().keyspace.digest();
  broker_.reset();
  disk_.kill();
  const auto proof = prove_folder(disk_, config_.data_dir);
  if (!proof.ok()) fail("what a handler emitted does not fit the state that it saw", proof.status().text());
  if (proof->digest != digest) fail("the log, replayed, makes another keyspace than the live one", "");
}

}  // namespace leat::testing
