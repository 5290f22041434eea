// SPDX-License-Identifier: Apache-2.0
// stream_handle.h: libuv's handle of a stream, whether it goes by TCP or by a file of this
// machine. [libuv]
//
// Used by: Listener, Connection: a member of the object it serves.
// Always:  - what was begun is closed by uv_close, and its object destroyed in that callback, as libuv asks.
#pragma once

#include <uv.h>

namespace leat {

enum class StreamKind : bool { kTcp, kFile };

union StreamHandle {
  uv_handle_t any;
  uv_stream_t stream;
  uv_tcp_t tcp;    // kTcp
  uv_pipe_t pipe;  // kFile

  void begin(uv_loop_t& loop, StreamKind kind, void* owner) {
    if (kind == StreamKind::kFile) uv_pipe_init(&loop, &pipe, 0);
    else uv_tcp_init(&loop, &tcp);
    any.data = owner;
  }
};

}  // namespace leat
