// SPDX-License-Identifier: Apache-2.0
#include "broker/net/connection.h"

#include <sys/socket.h>

#include <filesystem>

#include "broker/net/listener.h"
#include "broker/net/server.h"

namespace leat {

namespace {

// A client that has sent so much more than was executed is not read on. With 1 MiB the loop was up to 6 ms at nothing
// but reading what one client had sent.
constexpr size_t kBacklogBytes = 256 << 10;
constexpr char kTlsHandshake = 0x16;  // the first byte of a ClientHello, and of no request
constexpr size_t kShakeBytesMax = 64 << 10;  // of a peer: between two steps of a handshake; and for a handshake

constexpr View kHttpsOnly = "-ERR only TLS is spoken here: connect with https://\r\n";
constexpr View kTlsOnly = "-ERR only TLS is spoken here: connect with rediss:// (redis-cli --tls)\r\n";
constexpr View kNotAllowed = "-DENIED this address is not among those that may connect: see the setting 'allow'\r\n";
constexpr View kTooMany = "-ERR max number of clients of this address reached: see limits.clients_per_address\r\n";

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

Connection::Connection(Server& server, uv_loop_t& loop, Door door) : server_(server), door_(door) {
  handle_.begin(loop, kind_of(door), this);
}

Connection::~Connection() = default;

void Connection::accept(Server& server, uv_loop_t& loop, uv_stream_t& listener, const ListenPlace& place) {
  auto* const connection = new Connection(server, loop, place.door);
  if (uv_accept(&listener, &connection->handle_.stream) != 0) return connection->close_now();
  connection->start(server.broker().rooms().config, place);
}

void Connection::start(const Config& config, const ListenPlace& place) {
  server_.remember(*this);
  if (!find_addresses(config, place)) return;
  begin();
  if (closing_) return;
  if (door_ == Door::kFile) speech_ = Speech::kPlain;
  else if (door_ == Door::kTlsOnly || config.tls.mode == TlsMode::kRequired) begin_handshake();
  read_on();
}

// Whose they are says whether he may come in.
bool Connection::find_addresses(const Config& config, const ListenPlace& place) {
  if (door_ == Door::kFile) {  // as Redis writes it; absolute, so that it is no internet address
    std::error_code lost;  // the folder we were started in: then it counts as a stranger's
    peer_ = local_ = std::filesystem::absolute(place.host, lost).string() + ":0";
    return true;
  }
  uv_tcp_nodelay(&handle_.tcp, 1);
  if (config.tcp_keepalive_s > 0) uv_tcp_keepalive(&handle_.tcp, 1, static_cast<unsigned>(config.tcp_keepalive_s));
  sockaddr_storage address{};
  int size = sizeof address;
  if (uv_tcp_getpeername(&handle_.tcp, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    peer_ = address_text(address);
  if (!may_come_in(config, reinterpret_cast<const sockaddr&>(address))) return false;
  size = sizeof address;
  if (uv_tcp_getsockname(&handle_.tcp, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    local_ = address_text(address);
  return true;
}

void Connection::begin() {
  if (door_ != Door::kHttp) {
    client_ = &server_.broker().connect(*this);
    return;
  }
  rest_ = std::make_unique<RestSession>(server_.rest_door(), *this);
  client_ = &rest_->begin();
}

bool Connection::may_come_in(const Config& config, const sockaddr& from) {
  const auto address = IpAddress::of(from);
  if (!address) return true;
  const size_t most =
      config.clients_per_address_max == 0 ? SIZE_MAX : static_cast<size_t>(config.clients_per_address_max);
  const bool has_own = door_ == Door::kHttp && !config.http_allow.empty();
  switch (server_.arrivals().admit(*address, has_own ? config.http_allow : config.allow, most)) {
    case Arrivals::Verdict::kWelcome:
      counted_ = address;
      return true;
    case Arrivals::Verdict::kNotAllowed:
      refuse("its address is not in 'allow'", kNotAllowed);
      return false;
    case Arrivals::Verdict::kTooMany:
      break;
  }
  refuse("its address has limits.clients_per_address clients already", kTooMany);
  return false;
}

void Connection::read_on() {
  if (reading_ || closing_) return;
  reading_ = true;
  uv_read_start(
      &handle_.stream,
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) { *buffer = self(handle).server_.read_buffer(); },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
        self(reinterpret_cast<uv_handle_t*>(stream)).on_read(size, *buffer);
      });
}

void Connection::stop_reading() {
  uv_read_stop(&handle_.stream);
  reading_ = false;
}

void Connection::on_read(ssize_t size, const uv_buf_t& buffer) {
  if (size < 0) return on_hang_up();  // the end of the stream, or an error
  if (size == 0 || client_ == nullptr) return;
  const View bytes(buffer.base, static_cast<size_t>(size));
  switch (speech_) {
    case Speech::kPlain:
      return take(bytes);
    case Speech::kUnknown:
      return on_first(bytes);
    case Speech::kShaking:
      return on_first(bytes);
    case Speech::kTls:
      tls_->feed(bytes);
      return take_sealed();
  }
}

void Connection::on_hang_up() {
  if (speech_ == Speech::kShaking && tls_ != nullptr) handshake_failed("it hung up in the middle");
  close_now();
}

void Connection::take(View bytes) {
  if (rest_ != nullptr) rest_->receive(bytes);
  else server_.broker().receive(*client_, bytes);
  if (client_ == nullptr) return;  // it was killed for sending too much
  if (backlog() > kBacklogBytes && reading_) {
    stop_reading();
    server_.resume_later(*this);
  }
}

// Received, and nothing has come of it yet.
size_t Connection::backlog() const {
  if (rest_ != nullptr) return rest_->backlog();
  return client_->input.size() - client_->parsed + client_->input_later.size();
}

void Connection::resume_reading() {
  if (client_ == nullptr) return;
  const bool behind = rest_ != nullptr || client_->queued_to_run || client_->parked != nullptr || client_->held_back();
  if (behind && backlog() > kBacklogBytes) return server_.resume_later(*this);
  read_on();
}

// TLS.

void Connection::begin_handshake() {
  speech_ = Speech::kShaking;
  shakes_until_ms_ = server_.expect_handshake(*this);
}

// Bytes of whom nobody knows yet what he speaks, or who is in the middle of a handshake.
void Connection::on_first(View bytes) {
  if (tls_ == nullptr) {
    const bool speaks_tls = bytes[0] == kTlsHandshake;
    const TlsMode mode = server_.tls_mode();
    if (!speaks_tls && speech_ == Speech::kShaking) {
      ++server_.broker().rooms().stats.tls_refused_plain;
      return refuse("it does not speak TLS", door_ == Door::kHttp ? kHttpsOnly : kTlsOnly, 400);
    }
    if (!speaks_tls) {
      speech_ = Speech::kPlain;
      return take(bytes);
    }
    if ((mode == TlsMode::kOff && door_ != Door::kTlsOnly) || server_.tls() == nullptr) {
      return refuse("it speaks TLS, and this port does not: set tls = 'optional'", "");
    }
    tls_ = std::make_unique<TlsSession>(server_.tls());
    if (speech_ == Speech::kUnknown) begin_handshake();
  }
  to_shake_.append(bytes);
  if (to_shake_.size() > kShakeBytesMax) stop_reading();
  if (!step_planned_) server_.handshakes().step_later(*this);
  step_planned_ = true;
}

void Connection::shake() {
  step_planned_ = false;
  Bytes from_peer, to_peer;
  from_peer.swap(to_shake_);
  tls_->feed(from_peer);
  const auto progress = tls_->shake(to_peer);
  if (!to_peer.empty()) send(to_peer);  // a fatal alert, too: it tells the peer why
  if (progress == TlsSession::Handshake::kFailed) {
    handshake_failed(tls_->why());
    return close_now();
  }
  if (progress == TlsSession::Handshake::kDone) return on_shaken();
  shaken_bytes_ += from_peer.size();
  if (shaken_bytes_ <= kShakeBytesMax) return read_on();
  handshake_failed("it is longer than any that is meant");
  close_now();
}

void Connection::on_shaken() {
  Stats& stats = server_.broker().rooms().stats;
  ++stats.tls_handshakes;
  if (tls_->resumed()) ++stats.tls_resumed;
  speech_ = Speech::kTls;
  server_.handshakes().end(*this);
  if (rest_ == nullptr) server_.broker().certified(*client_, tls_->common_name());  // over REST a token says who
  take_sealed();  // what came in one piece with the end of the handshake
  if (client_ != nullptr) resume_reading();
}

// Opens what was fed to the session, and hands it on.
void Connection::take_sealed() {
  Bytes to_peer;
  TlsSession::Read opened{0, TlsSession::End::kFull};
  while (opened.end == TlsSession::End::kFull) {
    const auto room = server_.plain_room();
    opened = tls_->read(room.data(), room.size(), to_peer);
    if (opened.bytes > 0) take(View(room.data(), opened.bytes));
    if (client_ == nullptr) return;
  }
  if (!to_peer.empty()) send(to_peer);
  if (opened.end == TlsSession::End::kMore) return;
  if (opened.end == TlsSession::End::kFailed) {
    ++server_.broker().rooms().stats.tls_broken;
    server_.broker().warn("client_closed", {{"peer", peer_}, {"why", "its TLS is broken: " + tls_->why()}});
  }
  close_now();  // or it has said good-bye
}

void Connection::handshake_failed(View why) {
  ++server_.broker().rooms().stats.tls_handshakes_failed;
  server_.broker().warn("tls_handshake_failed", {{"peer", peer_}, {"why", why}});
}

void Connection::shook_too_long() {
  handshake_failed("it took longer than tls_handshake_timeout_ms");
  close_now();
}

// One line, if any, and good-bye. A TLS client could not read it; who speaks plain to a TLS port can.
void Connection::refuse(View why, View told, int http_status) {
  ++server_.broker().rooms().stats.rejected_connections;
  server_.broker().warn("client_refused", {{"peer", peer_}, {"why", why}});
  if (!told.empty()) {
    Bytes line = door_ == Door::kHttp ? http_refusal(http_status, told) : Bytes(told);
    send(line);
  }
  close_now();
}

// Output.

void Connection::write(Bytes& bytes) {
  if (closing_) return;
  if (speech_ == Speech::kShaking) return;  // "max number of clients reached": it could not read it
  if (speech_ != Speech::kTls) return send(bytes);
  Bytes& sealed = server_.sealed_room();
  if (!tls_->write(bytes, sealed)) return close_now();
  send(sealed);
}

void Connection::send(Bytes& bytes) {
  if (closing_) return;
  uv_stream_t* const stream = &handle_.stream;
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
  unsent_ = uv_stream_get_write_queue_size(&handle_.stream);
  if (status != 0) return close_now();
  if (unsent_ > 0) return;
  if (close_when_sent_) close_now();
  else if (rest_ != nullptr) rest_->drained();
}

void Connection::close_when_sent() {
  close_when_sent_ = true;
  if (unsent_ == 0) close_now();
}

void Connection::close_now() {
  if (closing_) return;
  if (speech_ == Speech::kTls && unsent_ == 0) {
    Bytes good_bye;
    tls_->close(good_bye);
    if (!good_bye.empty()) send(good_bye);
  }
  closing_ = true;
  if (speech_ == Speech::kShaking) server_.handshakes().end(*this);
  if (counted_) server_.arrivals().left(*counted_);
  if (client_ != nullptr) {
    Client& client = *client_;
    client_ = nullptr;
    if (rest_ != nullptr) rest_->wire_closed();
    server_.broker().hang_up(client);
  }
  // Not destroyed yet: a slow script pumps the loop, and its client, who has just left, is asked for his
  // address afterwards.
  uv_close(&handle_.any, [](uv_handle_t* handle) { self(handle).server_.bury(self(handle)); });
}

int Connection::descriptor() const {
  uv_os_fd_t descriptor;
  return uv_fileno(&handle_.any, &descriptor) == 0 ? descriptor : -1;
}

}  // namespace leat
