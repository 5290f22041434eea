// SPDX-License-Identifier: Apache-2.0
#include "broker/net/connection.h"

#include <sys/socket.h>

#include "broker/net/server.h"

namespace leat {

namespace {

// A client that has sent so much more than was executed is not read on. With 1 MiB the loop was up to 6 ms at nothing but
// reading what one client had sent.
constexpr size_t kBacklogBytes = 256 << 10;

Bytes address_text(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(address);
    uv_ip6_name(&ipv6, host, sizeof host);
    return "[" + Bytes(host) + "]:" + std::to_string(ntohs(ipv6.sin6_port));
  }
  const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
  uv_ip4_name(&ipv4, host, sizeof host);
  return Bytes(host) + ":" + std::to_string(ntohs(ipv4.sin_port));
}

Connection& self(uv_handle_t* handle) { return *static_cast<Connection*>(handle->data); }

}  // namespace

struct Connection::Pending {
  uv_write_t request;
  Connection& connection;
  Bytes bytes;
};

Connection::Connection(Server& server, uv_loop_t& loop) : server_(server) {
  uv_tcp_init(&loop, &handle_);
  handle_.data = this;
}

Connection::~Connection() { server_.forget(*this); }

void Connection::accept(Server& server, uv_loop_t& loop, uv_stream_t* listener, const Config& config) {
  auto* const connection = new Connection(server, loop);
  if (uv_accept(listener, reinterpret_cast<uv_stream_t*>(&connection->handle_)) != 0) return connection->close_now();
  uv_tcp_nodelay(&connection->handle_, 1);
  if (config.tcp_keepalive_s > 0) {
    uv_tcp_keepalive(&connection->handle_, 1, static_cast<unsigned>(config.tcp_keepalive_s));
  }
  connection->start();
}

void Connection::start() {
  sockaddr_storage address;
  int size = sizeof address;
  if (uv_tcp_getpeername(&handle_, reinterpret_cast<sockaddr*>(&address), &size) == 0) peer_ = address_text(address);
  size = sizeof address;
  if (uv_tcp_getsockname(&handle_, reinterpret_cast<sockaddr*>(&address), &size) == 0) local_ = address_text(address);
  server_.remember(*this);
  client_ = &server_.broker().connect(*this);
  read_on();
}

void Connection::read_on() {
  if (reading_ || closing_) return;
  reading_ = true;
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(&handle_),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) { *buffer = self(handle).server_.read_buffer(); },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
        self(reinterpret_cast<uv_handle_t*>(stream)).on_read(size, *buffer);
      });
}

void Connection::on_read(ssize_t size, const uv_buf_t& buffer) {
  if (size < 0) return close_now();  // the end of the stream, or an error: both are a hang-up
  if (size == 0 || client_ == nullptr) return;
  server_.broker().receive(*client_, View(buffer.base, static_cast<size_t>(size)));
  if (client_ == nullptr) return;  // it was killed for sending too much
  if (client_->input.size() - client_->parsed + client_->input_later.size() > kBacklogBytes) {
    uv_read_stop(reinterpret_cast<uv_stream_t*>(&handle_));
    reading_ = false;
    server_.resume_later(*this);
  }
}

void Connection::resume_reading() {
  if (client_ == nullptr) return;
  const bool behind = client_->queued_to_run || client_->parked != nullptr || client_->held_back();
  if (behind && client_->input.size() - client_->parsed > kBacklogBytes) return server_.resume_later(*this);
  read_on();
}

void Connection::write(Bytes& bytes) {
  if (closing_) return;
  auto* const stream = reinterpret_cast<uv_stream_t*>(&handle_);
  size_t sent = 0;
  if (unsent_ == 0) {
    const uv_buf_t buffer{bytes.data(), bytes.size()};
    const int written = uv_try_write(stream, &buffer, 1);
    if (written > 0) sent = static_cast<size_t>(written);
    if (sent == bytes.size()) return;
  }
  auto* const pending = new Pending{{}, *this, std::move(bytes)};
  pending->request.data = pending;
  const uv_buf_t buffer{pending->bytes.data() + sent, pending->bytes.size() - sent};
  unsent_ += buffer.len;
  uv_write(&pending->request, stream, &buffer, 1, [](uv_write_t* request, int status) {
    const std::unique_ptr<Pending> done(static_cast<Pending*>(request->data));
    done->connection.on_written(status);
  });
}

void Connection::on_written(int status) {
  unsent_ = uv_stream_get_write_queue_size(reinterpret_cast<uv_stream_t*>(&handle_));
  if (status != 0) return close_now();
  if (unsent_ == 0 && close_when_sent_) close_now();
}

void Connection::close_when_sent() {
  close_when_sent_ = true;
  if (unsent_ == 0) close_now();
}

void Connection::close_now() {
  if (closing_) return;
  closing_ = true;
  if (client_ != nullptr) {
    Client& client = *client_;
    client_ = nullptr;
    server_.broker().hang_up(client);
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) { delete &self(handle); });
}

int Connection::descriptor() const {
  uv_os_fd_t descriptor;
  return uv_fileno(reinterpret_cast<const uv_handle_t*>(&handle_), &descriptor) == 0 ? descriptor : -1;
}

}  // namespace leat
