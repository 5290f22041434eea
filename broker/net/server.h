// SPDX-License-Identifier: Apache-2.0
// server.h: the loop: listens, runs the tick, keeps the timer, hears signals.                  [libuv]
//
// Used by: main.
// Always:  - for (;;) { uv_run(UV_RUN_ONCE); tick(); }: callbacks only collect, the tick runs outside uv_run, so that
//            a long script or a recovery may pump the loop from inside.
// Source:  DESIGN.md section 2.
#pragma once

#include <uv.h>

#include <unordered_set>
#include <vector>

#include "broker/broker.h"
#include "broker/net/outbound_calls.h"

namespace leat {

class Connection;

class Server {
 public:
  Server(Broker& broker, const Config& config, Events& events);  // all must outlive this
  ~Server();

  // One clear sentence when the address is taken or no address.
  Status listen();
  uint16_t port() const { return port_; }
  // Runs until the broker has stopped or failed; then lets the last replies out.
  void run();
  // Takes in what the sockets have, without running a tick: for the broker's pump.
  void pump();

  Broker& broker() { return broker_; }
  uv_buf_t read_buffer() { return uv_buf_init(read_buffer_.data(), static_cast<unsigned>(read_buffer_.size())); }
  void remember(Connection& connection) { connections_.insert(&connection); }
  void forget(Connection& connection) { connections_.erase(&connection); }
  void resume_later(Connection& connection) { stalled_.push_back(&connection); }

 private:
  void on_connection(int status);
  uint16_t bound_port() const;
  void gather();
  void schedule();
  void resume_stalled();
  void drain();

  Broker& broker_;
  const Config& config_;
  Events& events_;
  uv_loop_t loop_;
  OutboundCalls outbound_{loop_};
  uv_tcp_t listener_;
  uv_timer_t timer_;
  uv_async_t wake_;
  uv_signal_t terminate_, interrupt_;
  std::vector<char> read_buffer_;  // shared: what is read is copied to its client before the next read
  std::unordered_set<Connection*> connections_;
  std::vector<Connection*> stalled_;
  uint16_t port_ = 0;
  bool wrote_ = false;  // in the last tick
};

}  // namespace leat
