// SPDX-License-Identifier: Apache-2.0
// connection.h: one connection, by TCP or a file of this machine: bytes in, bytes out, plain or sealed; no
// commands. [libuv]
//
// Used by: Server, which accepts it; the broker's Client sends through it, or the RestSession in between.
// Always:  - its close callback hands it to the Server, which destroys it when its client has forgotten it, and
//            nobody else does;
//          - a hang-up is told to the broker at once, also while the client waits;
//          - the first byte says whether its client speaks TLS; until a handshake is done nothing is executed, and
//            nothing said in plain that is not meant for everybody.
#pragma once

#include <uv.h>

#include <optional>

#include "broker/broker.h"
#include "broker/config/networks.h"
#include "broker/http/rest_session.h"
#include "broker/net/stream_handle.h"
#include "broker/net/tls.h"

namespace leat {

class Server;
struct ListenPlace;

class Connection final : public Transport {
 public:
  enum class Door : uint8_t { kUsual, kTlsOnly, kHttp, kFile };  // a file of this machine: nothing is sealed there

  static StreamKind kind_of(Door door) { return door == Door::kFile ? StreamKind::kFile : StreamKind::kTcp; }

  Connection(Server& server, uv_loop_t& loop, Door door);
  ~Connection() override;  // once it is closed; see Server::bury
  // Takes the next connection that waits at `listener`; gone at once when that fails, or it may not come in.
  static void accept(Server& server, uv_loop_t& loop, uv_stream_t& listener, const ListenPlace& place);

  void write(Bytes& bytes) override;
  void close_when_sent() override;
  void close_now() override;
  size_t unsent() const override { return unsent_; }
  Bytes peer() const override { return peer_; }
  Bytes local() const override { return local_; }
  int descriptor() const override;
  // Reads on after the broker has worked off what it had; see take.
  void resume_reading();

  // For Handshakes: a step over what the peer has sent; its time, and that it is up.
  void shake();
  uint64_t shakes_until_ms() const { return shakes_until_ms_; }
  void shook_too_long();

 private:
  enum class Speech : uint8_t { kUnknown, kPlain, kShaking, kTls };
  struct Pending;
  void start(const Config& config, const ListenPlace& place);
  bool find_addresses(const Config& config, const ListenPlace& place);
  bool may_come_in(const Config& config, const sockaddr& from);
  void on_read(ssize_t size, const uv_buf_t& buffer);
  void on_hang_up();
  void on_first(View bytes);
  void on_shaken();
  void on_written(int status);
  void take(View bytes);
  void take_sealed();
  void begin();
  size_t backlog() const;
  void begin_handshake();
  void refuse(View why, View told, int http_status = 403);
  void handshake_failed(View why);
  void send(Bytes& bytes);
  void read_on();
  void stop_reading();

  Server& server_;
  StreamHandle handle_;
  Client* client_ = nullptr;
  std::unique_ptr<RestSession> rest_;  // what stands between it and its client; null: it speaks RESP
  std::optional<IpAddress> counted_;  // at the door
  Bytes peer_, local_;
  size_t unsent_ = 0;
  const Door door_;
  Speech speech_ = Speech::kUnknown;
  bool close_when_sent_ = false;
  bool closing_ = false;
  bool reading_ = false;

  // TLS
  std::unique_ptr<TlsSession> tls_;
  Bytes to_shake_;               // from the peer, for the next step of the handshake
  size_t shaken_bytes_ = 0;      // that did not end it
  bool step_planned_ = false;
  uint64_t shakes_until_ms_ = 0;
};

}  // namespace leat
