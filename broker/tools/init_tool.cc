// SPDX-License-Identifier: Apache-2.0
#include "broker/tools/init_tool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "broker/access/passwords.h"
#include "broker/access/token.h"
#include "broker/config/config.h"

namespace leat {

namespace {

constexpr size_t kPasswordLetters = 43;  // 256 bits

struct Secrets {
  Bytes password = access::random_letters(kPasswordLetters);
  Bytes token = access::new_token(0, 0), readonly_token = access::new_token(0, 0);
};

Bytes toml_text(View text) {
  Bytes out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

Bytes file_text(const InitOptions& options, const Secrets& secrets) {
  return "# Made by `leat init`. Every key that there is, with its default and reason, is in etc/leat.toml.\n"
         "# Only digests of the secrets are here: what they were was printed when this was made, and is not kept.\n\n"
         "bind = " + toml_text(options.host) + "\n"
         "port = " + options.port + "\n"
         "data_dir = " + toml_text(options.data) + "\n\n"
         "# Who speaks the Redis protocol. Another password: `redis-cli ACL GENPASS`, and behind # its SHA-256\n"
         "# (printf %s PASSWORD | sha256sum).\n"
         "[user.default]\n"
         "rules = [\"on\", \"#" + access::digest_of(secrets.password) + "\", \"~*\", \"&*\", \"+@all\"]\n\n"
         "# Who speaks HTTP. Several tokens may stand here, with blanks between them: put a new one beside the old one, give it\n"
         "# to all programs, and take the old one away.\n"
         "[http]\n"
         "port = " + options.http_port + "\n"
         "token = " + toml_text(access::Token::of_any_text(secrets.token).word()) + "\n"
         "readonly_token = " + toml_text(access::Token::of_any_text(secrets.readonly_token).word()) + "\n";
}

// How programs on this machine call it.
Bytes host_in_url(View host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "[::1]";
  return host.find(':') == View::npos ? Bytes(host) : "[" + Bytes(host) + "]";
}

void print_environment(const InitOptions& options, const Secrets& secrets) {
  const Bytes host = host_in_url(options.host);
  std::printf(
      "# %s is written; start with: leat serve --config %s\n"
      "# For the .env of your programs; these secrets are not shown again.\n"
      "REDIS_URL=redis://default:%s@%s:%s\n"
      "UPSTASH_REDIS_REST_URL=http://%s:%s\n"
      "UPSTASH_REDIS_REST_TOKEN=%s\n"
      "UPSTASH_REDIS_REST_READONLY_TOKEN=%s\n",
      options.file.c_str(), options.file.c_str(), secrets.password.c_str(), host.c_str(), options.port.c_str(),
      host.c_str(), options.http_port.c_str(), secrets.token.c_str(), secrets.readonly_token.c_str());
}

Status write_new(const Bytes& path, View text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST) {
    return Status::error(path + " is there already, and stays as it is: name another with --config");
  }
  if (file < 0) return Status::error(path + ": " + std::strerror(errno));
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  const Status why = written ? Status::fine() : Status::error(path + ": " + std::strerror(errno));
  close(file);
  if (!written) unlink(path.c_str());
  return why;
}

// Whether a start would take it, before anything is written. The numbers and the host are the user's.
Status check(const InitOptions& options) {
  Config config;
  for (const auto& [key, value] :
       {std::pair("bind", &options.host), {"port", &options.port}, {"http.port", &options.http_port}}) {
    if (Status set = set_config(Bytes(key) + "=" + *value, config); !set.ok()) return set;
  }
  if (config.port == 0 || config.http_port == 0) return Status::error("a port must be known: 1 to 65535");
  if (config.port == config.http_port) return Status::error("--port and --http-port cannot be the same");
  return Status::fine();
}

Status place(InitOptions& options) {
  namespace fs = std::filesystem;
  std::error_code failed;
  if (options.file.empty()) {
    options.file = (fs::path(options.folder.empty() ? "." : options.folder) / "leat.toml").lexically_normal();
  }
  const fs::path folder = fs::absolute(options.file, failed).parent_path();
  fs::create_directories(folder, failed);
  if (failed) return Status::error(folder.string() + ": " + failed.message());
  const fs::path data = options.data.empty() ? folder / "data" : fs::absolute(options.data, failed);
  options.data = data.lexically_normal();  // the broker may be started from anywhere
  return Status::fine();
}

int refuse(const Status& why) {
  std::fprintf(stderr, "leat: %s\n", Bytes(why.text()).c_str());
  return 1;
}

}  // namespace

int init_broker(InitOptions options) {
  if (const Status fit = check(options); !fit.ok()) return refuse(fit);
  if (const Status placed = place(options); !placed.ok()) return refuse(placed);
  const Secrets secrets;
  const Status written = write_new(options.file, file_text(options, secrets));
  if (!written.ok()) return refuse(written);
  print_environment(options, secrets);
  return 0;
}

}  // namespace leat
