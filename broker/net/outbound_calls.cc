// SPDX-License-Identifier: Apache-2.0
#include "broker/net/outbound_calls.h"

#include <netdb.h>

#include <vector>

namespace leat {

// One connection: looked up, tried address by address, then written to and read from.
class TcpCall {
 public:
  TcpCall(uv_loop_t& loop, Bytes host, uint16_t port, Outbound::Caller& caller)
      : loop_(loop), host_(std::move(host)), port_(port), caller_(&caller), read_buffer_(kReadBytes) {
    look_up_.data = connect_.data = write_.data = timer_.data = this;
    uv_timer_init(&loop_, &timer_);
  }
  // Not within dial(): nobody may be told anything before that has returned.
  void start() {
    uv_timer_start(&timer_, [](uv_timer_t* timer) { self(timer->data).look_up(); }, 0, 0);
  }
  void write(Bytes bytes);
  void hang_up();

 private:
  static constexpr size_t kReadBytes = 16 * 1024;
  static TcpCall& self(void* data) { return *static_cast<TcpCall*>(data); }
  ~TcpCall() {
    if (found_ != nullptr) uv_freeaddrinfo(found_);
  }
  void look_up();
  void on_found(int status, addrinfo* found);
  void try_next();
  void on_connect(int status);
  void on_read(ssize_t size);
  void lose();
  void close_socket(uv_close_cb then);
  void end_if_idle();

  uv_loop_t& loop_;
  const Bytes host_;
  const uint16_t port_;
  Outbound::Caller* caller_;  // null: it has hung up
  uv_getaddrinfo_t look_up_;
  uv_connect_t connect_;
  uv_write_t write_;
  uv_timer_t timer_;
  uv_tcp_t socket_;
  std::vector<char> read_buffer_;
  Bytes written_;
  addrinfo* found_ = nullptr;
  const addrinfo* next_ = nullptr;  // to be tried
  bool looking_up_ = false, has_socket_ = false, connected_ = false, refused_ = false;
};

void TcpCall::look_up() {
  const Bytes service = std::to_string(port_);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;  // an address asks nobody
  addrinfo* address = nullptr;
  if (getaddrinfo(host_.c_str(), service.c_str(), &hints, &address) == 0) return on_found(0, address);
  hints.ai_flags = AI_NUMERICSERV;
  looking_up_ = true;
  const auto found = [](uv_getaddrinfo_t* request, int status, addrinfo* info) {
    self(request->data).on_found(status, info);
  };
  if (uv_getaddrinfo(&loop_, &look_up_, found, host_.c_str(), service.c_str(), &hints) == 0) return;
  looking_up_ = false;
  caller_->unreachable();
}

void TcpCall::on_found(int status, addrinfo* found) {
  looking_up_ = false;
  found_ = found;
  next_ = found;
  if (caller_ == nullptr) return end_if_idle();
  if (status != 0) return caller_->unreachable();
  try_next();
}

void TcpCall::try_next() {
  if (next_ == nullptr) return refused_ ? caller_->lost() : caller_->unreachable();
  const sockaddr* const address = next_->ai_addr;
  next_ = next_->ai_next;
  uv_tcp_init(&loop_, &socket_);
  socket_.data = this;
  has_socket_ = true;
  uv_tcp_nodelay(&socket_, 1);
  const auto connected = [](uv_connect_t* request, int status) { self(request->data).on_connect(status); };
  if (const int error = uv_tcp_connect(&connect_, &socket_, address, connected); error != 0) on_connect(error);
}

void TcpCall::on_connect(int status) {
  if (caller_ == nullptr) return;  // hung up meanwhile: the socket is being closed
  if (status != 0) {
    refused_ |= status == UV_ECONNREFUSED;
    return close_socket([](uv_handle_t* handle) {
      TcpCall& call = self(handle->data);
      call.has_socket_ = false;
      if (call.caller_ == nullptr) call.end_if_idle();
      else call.try_next();
    });
  }
  connected_ = true;
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(&socket_),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        std::vector<char>& memory = self(handle->data).read_buffer_;
        *buffer = uv_buf_init(memory.data(), static_cast<unsigned>(memory.size()));
      },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t*) { self(stream->data).on_read(size); });
  caller_->connected();
}

void TcpCall::on_read(ssize_t size) {
  if (size < 0) return lose();  // the end of the stream, or an error
  if (size > 0 && caller_ != nullptr) caller_->received(View(read_buffer_.data(), static_cast<size_t>(size)));
}

void TcpCall::write(Bytes bytes) {
  if (!connected_) return;
  written_ = std::move(bytes);
  const uv_buf_t buffer = uv_buf_init(written_.data(), static_cast<unsigned>(written_.size()));
  const auto done = [](uv_write_t* request, int status) {
    TcpCall& call = self(request->data);
    if (call.caller_ == nullptr) return;
    if (status != 0) call.lose();
    else call.caller_->written();
  };
  if (uv_write(&write_, reinterpret_cast<uv_stream_t*>(&socket_), &buffer, 1, done) != 0) lose();
}

// The caller hangs up in his turn.
void TcpCall::lose() {
  if (connected_) uv_read_stop(reinterpret_cast<uv_stream_t*>(&socket_));
  if (caller_ != nullptr) caller_->lost();
}

void TcpCall::close_socket(uv_close_cb then) {
  if (!uv_is_closing(reinterpret_cast<uv_handle_t*>(&socket_)))
    uv_close(reinterpret_cast<uv_handle_t*>(&socket_), then);
}

void TcpCall::hang_up() {
  caller_ = nullptr;
  if (looking_up_) uv_cancel(reinterpret_cast<uv_req_t*>(&look_up_));  // or its answer finds nobody
  if (has_socket_) {
    close_socket([](uv_handle_t* handle) {
      self(handle->data).has_socket_ = false;
      self(handle->data).end_if_idle();
    });
  }
  end_if_idle();
}

void TcpCall::end_if_idle() {
  if (looking_up_ || has_socket_ || uv_is_closing(reinterpret_cast<uv_handle_t*>(&timer_))) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), [](uv_handle_t* handle) { delete &self(handle->data); });
}

namespace {

class Line final : public Outbound::Call {
 public:
  explicit Line(TcpCall& call) : call_(call) {}
  ~Line() override { call_.hang_up(); }
  void write(Bytes bytes) override { call_.write(std::move(bytes)); }

 private:
  TcpCall& call_;
};

}  // namespace

std::unique_ptr<Outbound::Call> OutboundCalls::dial(const Bytes& host, uint16_t port, Caller& caller) {
  auto* const call = new TcpCall(loop_, host, port, caller);
  call->start();
  return std::make_unique<Line>(*call);
}

}  // namespace leat
