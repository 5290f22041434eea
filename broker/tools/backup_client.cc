// SPDX-License-Identifier: Apache-2.0
#include "broker/tools/backup_client.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "broker/protocol/request.h"
#include "schemas/status.h"

namespace leat {

namespace {

// A blocking connection: there is nothing else to do while the broker writes.
class Connection {
 public:
  explicit Connection(int socket) : socket_(socket) {}
  Connection(Connection&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  ~Connection() {
    if (socket_ >= 0) ::close(socket_);
  }

  Status send(View bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return lost();
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return Status::fine();
  }

  Result<Bytes> line() {  // without its end
    for (;;) {
      const size_t end = received_.find("\r\n");
      if (end != Bytes::npos) {
        Bytes line = received_.substr(0, end);
        received_.erase(0, end + 2);
        return line;
      }
      char piece[4096];
      const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
      if (got <= 0) return lost();
      received_.append(piece, static_cast<size_t>(got));
    }
  }

 private:
  static Status lost() { return Status::error("the broker closed the connection before the backup was done"); }
  int socket_;
  Bytes received_;
};

Result<Connection> connect_to(const Bytes& host, const Bytes& port) {
  const addrinfo wanted{.ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  const Bytes place = host + ":" + port;
  if (const int code = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found); code != 0) {
    return Status::error("cannot find " + place + ": " + gai_strerror(code));
  }
  int error = 0;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int socket = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (socket >= 0 && ::connect(socket, at->ai_addr, at->ai_addrlen) == 0) {
      ::freeaddrinfo(found);
      return Connection(socket);
    }
    error = errno;
    if (socket >= 0) ::close(socket);
  }
  ::freeaddrinfo(found);
  return Status::error("no broker answers at " + place + " (" + std::strerror(error) +
                       "): is it running? --port N and --host H name another");
}

Bytes request_of(std::initializer_list<View> words) {
  Bytes request;
  append_request(request, words);
  return request;
}

Status introduce(Connection& broker, const BackupOptions& options) {
  if (options.password.empty()) return Status::fine();
  if (Status sent = broker.send(request_of({"AUTH", options.user, options.password})); !sent.ok()) return sent;
  const auto answer = broker.line();
  if (!answer.ok()) return answer.status();
  return answer->starts_with("-") ? Status::error(answer->substr(1)) : Status::fine();
}

// The reply's pairs of name and number as one line: "index=12 rows=3 …".
Result<Bytes> facts_of(Connection& broker, const Bytes& folder) {
  const auto head = broker.line();
  if (!head.ok()) return head;
  if (head->starts_with("-NOAUTH"))
    return Status::error("the broker wants a password: set LEAT_PASSWORD, and name another user by --user");
  if (head->find("only TLS is spoken here") != Bytes::npos) {
    return Status::error("the broker speaks TLS only, which this command does not: redis-cli --tls … LEAT BACKUP " +
                         folder);
  }
  if (head->starts_with("-")) return Status::error(head->substr(head->find(' ') + 1));
  if (!head->starts_with("*") || *head == "*0")
    return Status::error("the broker is stopping, so the backup was given up");
  Bytes facts;
  for (int left = std::atoi(head->c_str() + 1); left > 0; left -= 2) {
    const auto size = broker.line();
    const auto name = size.ok() ? broker.line() : size;
    const auto value = name.ok() ? broker.line() : name;
    if (!value.ok()) return value;
    facts += (facts.empty() ? "" : " ") + *name + "=" + value->substr(1);
  }
  return facts;
}

// The broker would find out only after its snapshot, which may take long.
bool is_taken(const Bytes& folder) {
  std::error_code ignored;
  return std::filesystem::exists(folder, ignored) && !std::filesystem::is_empty(folder, ignored);
}

Result<Bytes> ask(const BackupOptions& options, const Bytes& folder) {
  auto broker = connect_to(options.host, options.port);
  if (!broker.ok()) return broker.status();
  if (Status known = introduce(*broker, options); !known.ok()) return known;
  if (Status sent = broker->send(request_of({"LEAT", "BACKUP", folder})); !sent.ok()) return sent;
  return facts_of(*broker, folder);
}

}  // namespace

int backup_broker(const BackupOptions& options) {
  const Bytes folder = std::filesystem::absolute(options.folder).lexically_normal().string();
  const auto facts = is_taken(folder)
                         ? Result<Bytes>(Status::error(folder + " is not empty: name a new folder or an empty one"))
                         : ask(options, folder);
  if (!facts.ok()) return std::fprintf(stderr, "leat: %s\n", Bytes(facts.status().text()).c_str()), 1;
  std::printf("backup=%s %s verified=yes\n", folder.c_str(), facts->c_str());
  return 0;
}

}  // namespace leat
