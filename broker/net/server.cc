// SPDX-License-Identifier: Apache-2.0
#include "broker/net/server.h"

#include <csignal>

#include "broker/net/connection.h"

namespace leat {

namespace {
constexpr size_t kReadBytes = 64 * 1024;
constexpr int kLooksMax = 2;
constexpr int64_t kDrainMs = 1000;  // how long the last replies may take to leave

Server& self(void* data) { return *static_cast<Server*>(data); }
void close(uv_handle_t* handle) {
  if (!uv_is_closing(handle)) uv_close(handle, nullptr);
}
}  // namespace

Server::Server(Broker& broker, const Config& config, Events& events)
    : broker_(broker), config_(config), events_(events), read_buffer_(kReadBytes) {
  std::signal(SIGPIPE, SIG_IGN);
  uv_loop_init(&loop_);
  uv_tcp_init(&loop_, &listener_);
  uv_timer_init(&loop_, &timer_);
  uv_async_init(&loop_, &wake_, [](uv_async_t*) {});  // its only use is to end uv_run: the tick polls the log
  uv_signal_init(&loop_, &terminate_);
  uv_signal_init(&loop_, &interrupt_);
  listener_.data = timer_.data = terminate_.data = interrupt_.data = this;
  const auto stop = [](uv_signal_t* signal, int number) {
    self(signal->data).events_.info("stopping", {{"signal", number}});
    self(signal->data).broker_.stop();
  };
  uv_signal_start(&terminate_, stop, SIGTERM);
  uv_signal_start(&interrupt_, stop, SIGINT);
  broker_.set_wake([this] { uv_async_send(&wake_); });
  broker_.set_pump([this] { pump(); });
  broker_.set_outbound(&outbound_);
}

Server::~Server() {
  broker_.set_wake(nullptr);
  broker_.set_pump(nullptr);
  broker_.set_outbound(nullptr);  // and so all its calls are being closed
  const std::vector<Connection*> open(connections_.begin(), connections_.end());
  for (Connection* connection : open) connection->close_now();
  for (uv_handle_t* handle : {reinterpret_cast<uv_handle_t*>(&listener_), reinterpret_cast<uv_handle_t*>(&timer_),
                              reinterpret_cast<uv_handle_t*>(&wake_), reinterpret_cast<uv_handle_t*>(&terminate_),
                              reinterpret_cast<uv_handle_t*>(&interrupt_)}) {
    close(handle);
  }
  uv_run(&loop_, UV_RUN_DEFAULT);
  uv_loop_close(&loop_);
}

Status Server::listen() {
  const Bytes place = config_.bind + ":" + std::to_string(config_.port);
  const auto failed = [&](int error) {
    const Bytes advice = error == UV_EADDRINUSE ? ": the port is taken; choose another with --set port=N" : "";
    return Status::error("cannot listen on " + place + " (" + uv_strerror(error) + ")" + advice);
  };
  const Bytes host = config_.bind == "localhost" ? "127.0.0.1" : config_.bind;
  const int port = static_cast<int>(config_.port);
  sockaddr_in ipv4;
  sockaddr_in6 ipv6;
  const sockaddr* address = reinterpret_cast<const sockaddr*>(&ipv4);
  if (uv_ip4_addr(host.c_str(), port, &ipv4) != 0) {
    address = reinterpret_cast<const sockaddr*>(&ipv6);
    if (const int error = uv_ip6_addr(host.c_str(), port, &ipv6); error != 0) return failed(error);
  }
  if (const int error = uv_tcp_bind(&listener_, address, 0); error != 0) return failed(error);
  const int error = uv_listen(reinterpret_cast<uv_stream_t*>(&listener_), static_cast<int>(config_.tcp_backlog),
                              [](uv_stream_t* listener, int status) { self(listener->data).on_connection(status); });
  if (error != 0) return failed(error);
  port_ = bound_port();
  broker_.port = port_;
  return Status::fine();
}

// The port lies at the same place in both kinds of address.
uint16_t Server::bound_port() const {
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  char address[sizeof(sockaddr_storage)];
  int size = sizeof address;
  uv_tcp_getsockname(&listener_, reinterpret_cast<sockaddr*>(address), &size);
  return ntohs(get_fixed<in_port_t>(address + offsetof(sockaddr_in, sin_port)));
}

void Server::on_connection(int status) {
  if (status != 0) {
    events_.warning("accept_failed", {{"why", uv_strerror(status)}});
    return;
  }
  Connection::accept(*this, loop_, reinterpret_cast<uv_stream_t*>(&listener_), config_);
}

void Server::run() {
  while (!broker_.stopped() && broker_.failed().ok()) {
    uv_run(&loop_, broker_.has_work() ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    gather();
    const Index before = broker_.rooms().batch.last_index();
    broker_.tick();
    wrote_ = broker_.rooms().batch.last_index() != before;
    resume_stalled();
    schedule();
  }
  close(reinterpret_cast<uv_handle_t*>(&listener_));
  if (broker_.failed().ok()) drain();
}

// What arrived while others were read shares their sync: with fifty clients a look or two more costs less than it saves.
// Where clients only read, as in the last tick, there is none to be shared.
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

void Server::pump() { uv_run(&loop_, UV_RUN_NOWAIT); }

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
