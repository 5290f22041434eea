// SPDX-License-Identifier: Apache-2.0
#include "broker/net/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace leat {

namespace {
constexpr size_t kReadBytes = 64 * 1024;
constexpr int kLooksMax = 2;
constexpr int64_t kDrainMs = 1000;  // how long the last replies may take to leave
constexpr rlim_t kOwnDescriptors = 200;     // segments, the snapshot, listeners …
constexpr TimeMs kDayMs = 24 * 3600 * 1000;
constexpr size_t kSealedKept = 256 * 1024;  // a room for sealed replies that was once larger is given back

Server& self(void* data) { return *static_cast<Server*>(data); }
void close(uv_handle_t* handle) {
  if (!uv_is_closing(handle)) uv_close(handle, nullptr);
}
}  // namespace

Server::Server(Broker& broker, Events& events)
    : broker_(broker), config_(broker.rooms().config), events_(events), read_buffer_(kReadBytes) {
  std::signal(SIGPIPE, SIG_IGN);
  uv_loop_init(&loop_);
  uv_timer_init(&loop_, &timer_);
  uv_timer_init(&loop_, &handshake_timer_);
  uv_timer_init(&loop_, &http_timer_);
  uv_async_init(&loop_, &wake_, [](uv_async_t*) {});  // its only use is to end uv_run: the tick polls the log
  uv_signal_init(&loop_, &terminate_);
  uv_signal_init(&loop_, &interrupt_);
  uv_signal_init(&loop_, &hang_up_);
  timer_.data = handshake_timer_.data = http_timer_.data = this;
  terminate_.data = interrupt_.data = hang_up_.data = this;
  const auto stop = [](uv_signal_t* signal, int number) {
    self(signal->data).events_.info("stopping", {{"signal", number}});
    self(signal->data).broker_.stop();
  };
  uv_signal_start(&terminate_, stop, SIGTERM);
  uv_signal_start(&interrupt_, stop, SIGINT);
  uv_signal_start(&hang_up_, [](uv_signal_t* signal, int) { self(signal->data).reread_certificates(); }, SIGHUP);
  broker_.set_door({.use_tls = [this](const TlsSettings& changed) { return adopt(changed); },
                    .listen = [this](const Config& changed) { return open_doors(changed); }});
  broker_.set_wake([this] { uv_async_send(&wake_); });
  broker_.set_pump([this] { pump(); });
  broker_.set_outbound(&outbound_);
}

Server::~Server() {
  broker_.set_door({});
  broker_.set_wake(nullptr);
  broker_.set_pump(nullptr);
  broker_.set_outbound(nullptr);  // and so all its calls are being closed
  const std::vector<Connection*> open(connections_.begin(), connections_.end());
  for (Connection* connection : open) connection->close_now();
  doors_.close();
  for (uv_handle_t* handle :
       {reinterpret_cast<uv_handle_t*>(&timer_), reinterpret_cast<uv_handle_t*>(&handshake_timer_),
        reinterpret_cast<uv_handle_t*>(&http_timer_), reinterpret_cast<uv_handle_t*>(&wake_),
        reinterpret_cast<uv_handle_t*>(&terminate_), reinterpret_cast<uv_handle_t*>(&interrupt_),
        reinterpret_cast<uv_handle_t*>(&hang_up_)}) {
    close(handle);
  }
  uv_run(&loop_, UV_RUN_DEFAULT);
  uv_loop_close(&loop_);
}

// A client is a descriptor, and many systems give a process 1,024 unless it asks for more.
void Server::ask_for_descriptors() {
  const rlim_t wanted = static_cast<rlim_t>(config_.clients_max) + kOwnDescriptors;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur == wanted) return;
  events_.warning("descriptors_short",
                  {{"clients", config_.clients_max},
                   {"descriptors", limit.rlim_cur},
                   {"advice", "raise the limit (ulimit -n, LimitNOFILE), or lower limits.clients"}});
}

Status Server::listen() {
  ask_for_descriptors();
  if (config_.tls.wanted()) {
    if (Status used = use_tls(config_.tls); !used.ok()) return used;
  }
  if (Status opened = open_doors(config_); !opened.ok()) return opened;
  if (broker_.http_port != 0) events_.info("http_ready", {{"bind", config_.bind}, {"port", broker_.http_port}});
  return Status::fine();
}

Status Server::open_doors(const Config& config) {
  if (Status opened = doors_.open(config); !opened.ok()) return opened;
  broker_.port = doors_.port(Connection::Door::kUsual);
  broker_.tls_door.port = doors_.port(Connection::Door::kTlsOnly);
  broker_.http_port = doors_.port(Connection::Door::kHttp);
  return Status::fine();
}

// TLS.

Status Server::use_tls(const TlsSettings& settings) {
  const auto made = TlsContext::open(settings);
  if (!made.ok()) return made.status();
  tls_ = *made;  // who is connected keeps the old one
  broker_.tls_door.subject = tls_->subject();
  broker_.tls_door.expires_ms = tls_->expires_ms();
  const TimeMs left_ms = tls_->expires_ms() - broker_.rooms().time.now_ms();
  events_.info("tls_ready", {{"certificate", tls_->subject()}, {"days_left", left_ms / kDayMs}});
  return Status::fine();
}

// Before CONFIG SET takes effect.
Status Server::adopt(const TlsSettings& changed) {
  if (changed.wanted()) return use_tls(changed);
  tls_ = nullptr;
  broker_.tls_door.subject.clear();
  broker_.tls_door.expires_ms = 0;
  return Status::fine();
}

void Server::reread_certificates() {
  if (!config_.tls.wanted()) return events_.info("nothing_to_reread", {{"why", "tls is off"}});
  const Status used = use_tls(config_.tls);
  if (used.ok()) return;
  events_.error("tls_not_reread", {{"why", used.text()}, {"advice", "the certificate from before stays in use"}});
}

uint64_t Server::expect_handshake(Connection& connection) {
  const uint64_t until_ms = uv_now(&loop_) + static_cast<uint64_t>(config_.tls.handshake_timeout_ms);
  handshakes_.begin(connection, until_ms);
  if (!uv_is_active(reinterpret_cast<uv_handle_t*>(&handshake_timer_))) wake_handshakes(until_ms);
  return until_ms;
}

void Server::wake_handshakes(uint64_t at_ms) {
  const auto expire = [](uv_timer_t* timer) { self(timer->data).expire_handshakes(); };
  uv_timer_start(&handshake_timer_, expire, at_ms - uv_now(&loop_), 0);
}

void Server::expire_handshakes() {
  if (const auto next_ms = handshakes_.expire(uv_now(&loop_))) wake_handshakes(*next_ms);
}

// Somebody comes to the REST door: from now on it is looked after.
RestDoor& Server::rest_door() {
  const auto look = [](uv_timer_t* timer) { self(timer->data).look_at_rest(); };
  if (!uv_is_active(reinterpret_cast<uv_handle_t*>(&http_timer_))) {
    uv_timer_start(&http_timer_, look, RestDoor::kLookEveryMs, RestDoor::kLookEveryMs);
  }
  return rest_door_;
}

void Server::look_at_rest() {
  rest_door_.look();
  if (rest_door_.sessions.empty()) uv_timer_stop(&http_timer_);
}

std::span<char> Server::plain_room() {
  if (plain_room_.empty()) plain_room_.resize(kReadBytes);
  return plain_room_;
}

Bytes& Server::sealed_room() {
  if (sealed_room_.capacity() > kSealedKept) Bytes().swap(sealed_room_);
  sealed_room_.clear();
  return sealed_room_;
}

// The loop.

void Server::run() {
  while (!broker_.stopped() && broker_.failed().ok()) {
    uv_run(&loop_, has_work() ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    gather();
    const Index before = broker_.rooms().batch.last_index();
    const auto left_before = std::exchange(buried_, {});
    broker_.tick();
    wrote_ = broker_.rooms().batch.last_index() != before;
    if (handshakes_.has_work()) handshakes_.run();
    if (rest_door_.has_work()) rest_door_.work();
    resume_stalled();
    schedule();
  }
  doors_.close();
  if (broker_.failed().ok()) drain();
}

// What arrived while others were read shares their sync: with fifty clients a look or two more costs less than it
// saves. Where clients only read, as in the last tick, there is none to be shared.
void Server::gather() {
  if (!wrote_) return;
  size_t before = 1;  // one client alone has nobody to wait for
  for (int look = 0; look < kLooksMax && broker_.runnable() > before; ++look) {
    before = broker_.runnable();
    uv_run(&loop_, UV_RUN_NOWAIT);
  }
}

void Server::schedule() {
  const auto at_us = broker_.next_tick_us();
  if (!at_us) {
    uv_timer_stop(&timer_);
    return;
  }
  // One that fires too early asks again; to set it anew at each turn of the loop costs more.
  if (uv_is_active(reinterpret_cast<uv_handle_t*>(&timer_)) && timer_us_ <= *at_us) return;
  timer_us_ = *at_us;
  const int64_t wait_us = *at_us - broker_.rooms().time.monotonic_us();
  const uint64_t wait_ms = wait_us <= 0 ? 0 : static_cast<uint64_t>((wait_us + 999) / 1000);
  // A timer that is due when uv_run begins fires before the poll, which would then wait for ever: wake it up.
  uv_timer_start(&timer_, [](uv_timer_t* timer) { uv_async_send(&self(timer->data).wake_); }, wait_ms, 0);
}

void Server::resume_stalled() {
  if (stalled_.empty()) return;
  std::vector<Connection*> stalled;
  stalled.swap(stalled_);
  for (Connection* connection : stalled) {
    if (connections_.contains(connection)) connection->resume_reading();
  }
}

void Server::pump() {
  uv_run(&loop_, UV_RUN_NOWAIT);
  if (handshakes_.has_work()) handshakes_.run();
}

// Lets written replies out, but does not wait for who does not read.
void Server::drain() {
  uv_update_time(&loop_);
  const uint64_t until_ms = uv_now(&loop_) + kDrainMs;
  uv_timer_start(&timer_, [](uv_timer_t*) {}, kDrainMs, 0);
  const auto unsent = [this] {
    for (const Connection* connection : connections_) {
      if (connection->unsent() > 0) return true;
    }
    return false;
  };
  while (unsent() && uv_now(&loop_) < until_ms) uv_run(&loop_, UV_RUN_ONCE);
}

}  // namespace leat
