// SPDX-License-Identifier: Apache-2.0
#include "broker/config/door.h"

#include <algorithm>

#include "broker/config/bind_addresses.h"
#include "broker/protocol/words.h"

namespace leat {

bool is_file(View address) { return address.starts_with('/'); }

bool is_loopback(View address) {
  if (address.starts_with('[')) address.remove_prefix(1);
  if (address.starts_with("::ffff:")) address.remove_prefix(7);
  if (is_file(address) || address.starts_with("127.") || address == "localhost") return true;
  return address == "::1" || address.starts_with("::1]");
}

bool has_usual_port(const Config& config) {
  return config.port != 0 || (config.unix_socket.empty() && config.tls.port == 0);
}

bool asks_for_certificate(const Config& config) {
  const bool speaks_plain = config.tls.mode != TlsMode::kRequired && (has_usual_port(config) || config.http_port != 0);
  const bool speaks_tls = config.tls.mode != TlsMode::kOff || config.tls.port != 0;
  return !speaks_plain && speaks_tls && config.tls.auth_clients == TlsClients::kYes;
}

bool names_a_password(const Config& config) {
  const auto is_default = [](const UserConfig& user) { return user.name == "default"; };
  return !config.requirepass.empty() || !config.aclfile.empty() ||
         std::any_of(config.users.begin(), config.users.end(), is_default);
}

Status check_door(const Config& config, bool default_is_open) {
  const std::vector<BindAddress> addresses = bind_addresses(config.bind);
  const auto is_ours = [](const BindAddress& address) { return is_loopback(address.host); };
  const bool only_ours = std::all_of(addresses.begin(), addresses.end(), is_ours);
  if (only_ours || !config.protected_mode || asks_for_certificate(config) || !default_is_open) return Status::fine();
  return Status::error(
      "bind = '" + config.bind +
      "' is refused: others can reach it, and the default user has no password. Set "
      "requirepass, or let clients show certificates (tls = 'required', tls_auth_clients = 'yes'), or bind a loopback address such "
      "as 127.0.0.1; protected_mode = \"no\" lets everybody in");
}

bool allows(DebugAccess access, View peer) {
  return access == DebugAccess::kYes || (access == DebugAccess::kLocal && is_loopback(peer));
}

Status may_run(View command, DebugAccess access, View peer) {
  if (allows(access, peer)) return Status::fine();
  return Status::error(
      "ERR " + Bytes(command) + " command not allowed. If the enable-" + lower(command) +
      "-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this "
      "option in the configuration file, and then restart the server.");
}

}  // namespace leat
