// SPDX-License-Identifier: Apache-2.0
// listener.h: one place where connections are taken: an address and a port, or a file of this
// machine. [libuv]
//
// Used by: Doors.
// Always:  - a file that was left behind by a broker that was killed is taken over; one where somebody answers, or that
//            is no socket, is not touched;
//          - its handle's close callback destroys it, and nobody else does.
#pragma once

#include <uv.h>

#include <memory>

#include "broker/net/connection.h"

namespace leat {

struct ListenPlace {
  Connection::Door door;
  Bytes host;        // an address of this machine; at Door::kFile a path
  int64_t port = 0;  // 0: any that is free
  bool may_be_missing = false;  // the address, on this machine
  int64_t mode = 0;  // of the file, as in chmod; 0: as the process' umask says

  Bytes text() const;  // "127.0.0.1:6379", "[::1]:6379", "/run/leat.sock"
  bool operator==(const ListenPlace&) const = default;
};

class Listener {
 public:
  struct Closer {
    void operator()(Listener* listener) const { listener->close(); }
  };
  using Ptr = std::unique_ptr<Listener, Closer>;

  // Takes connections from now on, and hands them to `server`; both must outlive it. nullptr: its place is missing
  // and may be.
  static Result<Ptr> open(Server& server, uv_loop_t& loop, const ListenPlace& place, const Config& config);
  const ListenPlace& place() const { return place_; }  // its port is the one it has

 private:
  Listener(Server& server, uv_loop_t& loop, ListenPlace place);
  void close();
  int begin(int backlog);
  int bind();
  int bind_file();
  void find_port();
  void on_connection(int status);

  Server& server_;
  ListenPlace place_;
  StreamHandle handle_;
};

}  // namespace leat
