// SPDX-License-Identifier: Apache-2.0
#include "broker/net/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "broker/net/server.h"

namespace leat {

namespace {

View setting_of(Connection::Door door) {
  if (door == Connection::Door::kTlsOnly) return "tls_port";
  return door == Connection::Door::kHttp ? "http.port" : "port";
}

Status refused(const ListenPlace& place, int error) {
  const Bytes why = "cannot listen on " + place.text() + " (" + uv_strerror(error) + ")";
  if (place.door == Connection::Door::kFile) {
    if (error == UV_EADDRINUSE)
      return Status::error(why + ": another process answers there; choose another unix_socket");
    if (error == UV_ENOTSOCK)
      return Status::error(why + ": the file is none of ours; move it away, or choose another unix_socket");
    return Status::error(why + ": unix_socket must be a path in a folder that is there, of at most 107 bytes");
  }
  if (error != UV_EADDRINUSE) return Status::error(why);
  return Status::error(why + ": the port is taken; choose another with --set " + Bytes(setting_of(place.door)) + "=N");
}

// Whether somebody answers at that file.
bool answers(const sockaddr_un& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return true;  // nobody knows: leave it alone
  const int connected = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool nobody = connected != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return !nobody;
}

// Out of the way, if it is a socket that nobody listens at any more. 0, or why it is not.
int clear_file(const Bytes& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return UV_ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  struct stat found{};
  if (lstat(path.c_str(), &found) != 0) return 0;
  if (!S_ISSOCK(found.st_mode)) return UV_ENOTSOCK;
  if (answers(address)) return UV_EADDRINUSE;
  return unlink(path.c_str()) == 0 ? 0 : uv_translate_sys_error(errno);
}

}  // namespace

Bytes ListenPlace::text() const {
  if (door == Connection::Door::kFile) return host;
  const Bytes name = host.find(':') == Bytes::npos ? host : "[" + host + "]";
  return name + ":" + std::to_string(port);
}

Listener::Listener(Server& server, uv_loop_t& loop, ListenPlace place) : server_(server), place_(std::move(place)) {
  handle_.begin(loop, Connection::kind_of(place_.door), this);
}

void Listener::close() {
  uv_close(&handle_.any, [](uv_handle_t* handle) { delete static_cast<Listener*>(handle->data); });
}

Result<Listener::Ptr> Listener::open(Server& server, uv_loop_t& loop, const ListenPlace& place, const Config& config) {
  Ptr listener(new Listener(server, loop, place));
  const int error = listener->begin(static_cast<int>(config.tcp_backlog));
  if (error == 0) return listener;
  const bool is_missing = error == UV_EADDRNOTAVAIL || error == UV_EAFNOSUPPORT || error == UV_EPROTONOSUPPORT;
  if (is_missing && place.may_be_missing) return Ptr();
  return refused(place, error);
}

int Listener::begin(int backlog) {
  const bool is_file = place_.door == Connection::Door::kFile;
  if (const int error = is_file ? bind_file() : bind(); error != 0) return error;
  const auto on_connection = [](uv_stream_t* stream, int status) {
    static_cast<Listener*>(stream->data)->on_connection(status);
  };
  if (const int error = uv_listen(&handle_.stream, backlog, on_connection); error != 0) return error;
  if (!is_file) find_port();
  return 0;
}

int Listener::bind() {
  const int port = static_cast<int>(place_.port);
  sockaddr_in ipv4;
  sockaddr_in6 ipv6;
  if (uv_ip4_addr(place_.host.c_str(), port, &ipv4) == 0) {
    return uv_tcp_bind(&handle_.tcp, reinterpret_cast<const sockaddr*>(&ipv4), 0);
  }
  if (const int error = uv_ip6_addr(place_.host.c_str(), port, &ipv6); error != 0) return error;
  return uv_tcp_bind(&handle_.tcp, reinterpret_cast<const sockaddr*>(&ipv6), UV_TCP_IPV6ONLY);
}

int Listener::bind_file() {
  if (const int error = clear_file(place_.host); error != 0) return error;
  if (const int error = uv_pipe_bind(&handle_.pipe, place_.host.c_str()); error != 0) return error;
  if (place_.mode == 0 || chmod(place_.host.c_str(), static_cast<mode_t>(place_.mode)) == 0) return 0;
  return uv_translate_sys_error(errno);
}

// It lies at the same place in both kinds of address.
void Listener::find_port() {
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  char address[sizeof(sockaddr_storage)];
  int size = sizeof address;
  uv_tcp_getsockname(&handle_.tcp, reinterpret_cast<sockaddr*>(address), &size);
  place_.port = ntohs(get_fixed<in_port_t>(address + offsetof(sockaddr_in, sin_port)));
}

void Listener::on_connection(int status) {
  if (status != 0) return server_.broker().warn("accept_failed", {{"why", uv_strerror(status)}});
  Connection::accept(server_, *handle_.any.loop, handle_.stream, place_);
}

}  // namespace leat
