// SPDX-License-Identifier: Apache-2.0
// connection.h: one TCP connection: bytes in, bytes out, no commands.                       [libuv]
//
// Used by: Server, which accepts it; the broker's Client sends through it.
// Always:  - it deletes itself in the close callback of its handle, and nowhere else;
//          - a hang-up is told to the broker at once, also while the client waits.
#pragma once

#include <uv.h>

#include "broker/broker.h"

namespace leat {

class Server;

class Connection final : public Transport {
 public:
  Connection(Server& server, uv_loop_t& loop);
  // Takes the next connection that waits at `listener`; false (and gone) when that fails.
  static void accept(Server& server, uv_loop_t& loop, uv_stream_t* listener, const Config& config);

  void write(Bytes& bytes) override;
  void close_when_sent() override;
  void close_now() override;
  size_t unsent() const override { return unsent_; }
  Bytes peer() const override { return peer_; }
  Bytes local() const override { return local_; }
  int descriptor() const override;
  // Reads on after the broker has worked off what it had; see on_read.
  void resume_reading();

 private:
  struct Pending;
  ~Connection() override;
  void start();
  void on_read(ssize_t size, const uv_buf_t& buffer);
  void on_written(int status);
  void read_on();

  Server& server_;
  uv_tcp_t handle_;
  Client* client_ = nullptr;
  Bytes peer_, local_;
  size_t unsent_ = 0;
  bool close_when_sent_ = false;
  bool closing_ = false;
  bool reading_ = false;
};

}  // namespace leat
