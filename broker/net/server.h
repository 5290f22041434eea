// SPDX-License-Identifier: Apache-2.0
// server.h: the loop: listens, runs the tick, keeps the timers, hears signals.                 [libuv]
//
// Used by: main.
// Always:  - for (;;) { uv_run(UV_RUN_ONCE); tick(); }: callbacks only collect, the tick runs outside uv_run, so that
//            a long script or a recovery may pump the loop from inside;
//          - the TLS context is whole: one that cannot be made leaves the old one in place (SIGHUP, CONFIG SET).
// Source:  DESIGN.md section 2.
#pragma once

#include <uv.h>

#include <memory>
#include <span>
#include <unordered_set>
#include <vector>

#include "broker/broker.h"
#include "broker/http/rest_door.h"
#include "broker/net/arrivals.h"
#include "broker/net/connection.h"
#include "broker/net/doors.h"
#include "broker/net/handshakes.h"
#include "broker/net/outbound_calls.h"
#include "broker/net/tls.h"

namespace leat {

class Server {
 public:
  Server(Broker& broker, Events& events);  // both must outlive this
  ~Server();

  // One clear sentence when the address is taken or no address, or a certificate cannot be used.
  Status listen();
  // Runs until the broker has stopped or failed; then lets the last replies out.
  void run();
  // Takes in what the sockets have, without running a tick: for the broker's pump.
  void pump();

  Broker& broker() { return broker_; }
  uv_buf_t read_buffer() { return uv_buf_init(read_buffer_.data(), static_cast<unsigned>(read_buffer_.size())); }
  void remember(Connection& connection) { connections_.insert(&connection); }
  // It is closed; destroyed when a tick has begun and ended since, for the client keeps its transport so long.
  void bury(Connection& connection) {
    connections_.erase(&connection);
    buried_.emplace_back(&connection);
  }
  void resume_later(Connection& connection) { stalled_.push_back(&connection); }
  Arrivals& arrivals() { return arrivals_; }
  RestDoor& rest_door();

  // TLS
  TlsMode tls_mode() const { return config_.tls.mode; }
  const std::shared_ptr<const TlsContext>& tls() const { return tls_; }  // null: none is spoken
  Handshakes& handshakes() { return handshakes_; }
  uint64_t expect_handshake(Connection& connection);  // when its time is up
  std::span<char> plain_room();                       // shared, as the read buffer is
  Bytes& sealed_room();

 private:
  void ask_for_descriptors();
  Status open_doors(const Config& config);
  Status use_tls(const TlsSettings& settings);
  Status adopt(const TlsSettings& changed);
  void reread_certificates();
  void wake_handshakes(uint64_t at_ms);
  void expire_handshakes();
  void look_at_rest();
  bool has_work() const { return broker_.has_work() || handshakes_.has_work() || rest_door_.has_work(); }
  void gather();
  void schedule();
  void resume_stalled();
  void drain();

  Broker& broker_;
  const Config& config_;  // the broker's: CONFIG SET changes it
  Events& events_;
  uv_loop_t loop_;
  OutboundCalls outbound_{loop_};
  Doors doors_{*this, loop_};
  uv_timer_t timer_, handshake_timer_, http_timer_;
  uv_async_t wake_;
  uv_signal_t terminate_, interrupt_, hang_up_;
  std::vector<char> read_buffer_;  // shared: what is read is copied to its client before the next read
  std::vector<char> plain_room_;   // the same, of what came sealed
  Bytes sealed_room_;
  std::shared_ptr<const TlsContext> tls_;
  Handshakes handshakes_;
  Arrivals arrivals_;
  RestDoor rest_door_{broker_};
  std::unordered_set<Connection*> connections_;
  std::vector<Connection*> stalled_;
  std::vector<std::unique_ptr<Connection>> buried_;
  bool wrote_ = false;  // in the last tick
  int64_t timer_us_ = 0;  // when it is to fire, if it is set; monotonic
};

}  // namespace leat
