// SPDX-License-Identifier: Apache-2.0
// floor_server.cc: an empty server with leat's system calls. What it costs, no broker on this machine can
// save. [libuv]
//
// Used by: bench.py, which starts it like leat; only these keys mean something to it:
//            floor_server serve --set port=N --set data_dir=DIR --set durability=always|never
// Always:  - parses nothing: what a socket had to say at once is one request, and its answer is +OK (+PONG to a PING),
//            or, to HTTP, a constant as long as what leat's REST door answers: one value, or to a POST a hundred;
//          - with always, the answers of a round of the loop leave after one write and one sync; never leaves both out.
#include <uv.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "schemas/check.h"
#include "wal/file.h"

namespace leat {
namespace {

constexpr uint64_t kLogBytes = uint64_t{64} << 20;
constexpr size_t kRecordBytes = 128;  // laid out like the writer's: up to the end of the page

class Floor {
 public:
  Floor(const Bytes& folder, bool syncs) {
    if (!syncs) return;
    const Status made = files_->make_folder(folder);  // bench.py has made it
    static_cast<void>(made);
    auto opened = files_->open(wal::join_path(folder, "floor.log"), wal::OpenMode::kCreate);
    CHECK(opened.ok());
    log_ = std::move(*opened);
    CHECK(log_->write_zeros(0, kLogBytes).ok());
    CHECK(log_->sync().ok());
  }

  void run(int port) {
    std::signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&loop_);
    uv_tcp_init(&loop_, &listener_);
    listener_.data = this;
    sockaddr_in address;
    CHECK(uv_ip4_addr("127.0.0.1", port, &address) == 0);
    CHECK(uv_tcp_bind(&listener_, reinterpret_cast<const sockaddr*>(&address), 0) == 0);
    const auto accept = [](uv_stream_t* listener, int) { static_cast<Floor*>(listener->data)->accept(); };
    CHECK(uv_listen(reinterpret_cast<uv_stream_t*>(&listener_), 511, accept) == 0);
    for (;;) {
      uv_run(&loop_, UV_RUN_ONCE);
      tick();
    }
  }

 private:
  struct Asked {
    uv_stream_t* stream;
    std::string answer;
  };

  void accept() {
    auto* const client = new uv_tcp_t;
    uv_tcp_init(&loop_, client);
    client->data = this;
    auto* const stream = reinterpret_cast<uv_stream_t*>(client);
    CHECK(uv_accept(reinterpret_cast<uv_stream_t*>(&listener_), stream) == 0);
    uv_tcp_nodelay(client, 1);
    uv_read_start(
        stream,
        [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
          auto& floor = *static_cast<Floor*>(handle->data);
          *buffer = uv_buf_init(floor.input_, sizeof floor.input_);
        },
        [](uv_stream_t* stream, ssize_t size, const uv_buf_t*) {
          static_cast<Floor*>(stream->data)->on_read(stream, size);
        });
  }

  void on_read(uv_stream_t* stream, ssize_t size) {
    if (size > 0) asked_.push_back({stream, answer_to(View(input_, static_cast<size_t>(size)))});
    if (size >= 0) return;
    std::erase_if(asked_, [&](const Asked& asked) { return asked.stream == stream; });
    uv_close(reinterpret_cast<uv_handle_t*>(stream),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
  }

  static Bytes http(size_t values) {
    const Bytes value = "{\"result\":\"" + Bytes(136, 'e') + "\"}";
    Bytes body = value;
    for (size_t i = 1; i < values; ++i) body += "," + value;
    if (values > 1) body = "[" + body + "]";
    return "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  static const Bytes& answer_to(View input) {
    static const Bytes kOk = "+OK\r\n", kPong = "+PONG\r\n", kValue = http(1), kValues = http(100);
    if (input.starts_with("GET /")) return kValue;
    if (input.starts_with("POST /")) return kValues;
    return input[0] == 'P' ? kPong : kOk;
  }

  void tick() {
    if (asked_.empty()) return;
    if (log_ != nullptr) sync_record();
    for (Asked& asked : asked_) {
      const uv_buf_t buffer = uv_buf_init(asked.answer.data(), static_cast<unsigned>(asked.answer.size()));
      uv_try_write(asked.stream, &buffer, 1);
    }
    asked_.clear();
  }

  void sync_record() {
    const uint64_t end = (offset_ + kRecordBytes + wal::kPageBytes - 1) / wal::kPageBytes * wal::kPageBytes;
    const Bytes record(end - offset_, 'x');
    CHECK(log_->write(offset_, record).ok());
    CHECK(log_->sync().ok());
    offset_ = (offset_ + kRecordBytes) % kLogBytes;
  }

  std::unique_ptr<wal::FileSystem> files_ = wal::system_files();
  std::unique_ptr<wal::File> log_;  // null: never
  uint64_t offset_ = 0;
  uv_loop_t loop_;
  uv_tcp_t listener_;
  char input_[64 * 1024];
  std::vector<Asked> asked_;
};

// The value of --set KEY=…
Bytes setting(int count, char** words, View key) {
  for (int i = 1; i < count; ++i) {
    const View word = words[i];
    if (word.starts_with(key) && word.substr(key.size()).starts_with("=")) return Bytes(word.substr(key.size() + 1));
  }
  std::fprintf(stderr, "floor_server: --set %s=… is missing\n", Bytes(key).c_str());
  std::exit(1);
}

}  // namespace
}  // namespace leat

int main(int count, char** words) {
  using leat::setting;
  leat::Floor floor(setting(count, words, "data_dir"), setting(count, words, "durability") == "always");
  floor.run(std::atoi(setting(count, words, "port").c_str()));
}
