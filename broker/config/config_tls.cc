// SPDX-License-Identifier: Apache-2.0
#include "broker/config/config_tls.h"

#include <array>

#include "broker/config/config_words.h"
#include "broker/protocol/numbers.h"
#include "broker/protocol/words.h"

namespace leat {

namespace {

ConfigKey text(View toml_name, View redis_name, Bytes TlsSettings::*member) {
  return {toml_name, redis_name, true, [=](const Config& config) { return config.tls.*member; },
          [=](Config& config, View value) {
            config.tls.*member = Bytes(value);
            return Status::fine();
          }};
}

ConfigKey number(View toml_name, View redis_name, bool at_run_time, int64_t TlsSettings::*member, int64_t min,
                 int64_t max) {
  return {toml_name, redis_name, at_run_time, [=](const Config& config) { return integer_text(config.tls.*member); },
          [=](Config& config, View given) {
            const auto value = parse_bytes(given);
            if (!value) return Status::error("argument couldn't be parsed into an integer");
            if (*value < min || *value > max) {
              return Status::error("argument must be between " + integer_text(min) + " and " + integer_text(max) +
                                   " inclusive");
            }
            config.tls.*member = *value;
            return Status::fine();
          }};
}

template <typename Value, size_t N>
ConfigKey choice(View toml_name, View redis_name, Value TlsSettings::*member,
                 const std::array<std::pair<View, Value>, N>& words) {
  return {toml_name, redis_name, true,
          [=](const Config& config) {
            for (const auto& [name, value] : words) {
              if (config.tls.*member == value) return Bytes(name);
            }
            return Bytes();
          },
          [=](Config& config, View given) {
            Bytes known;
            for (const auto& [name, value] : words) {
              if (same_word(name, given)) return config.tls.*member = value, Status::fine();
              known += (known.empty() ? "" : ", ") + Bytes(name);
            }
            return Status::error("argument(s) must be one of the following: " + known);
          }};
}

constexpr std::array<std::pair<View, bool>, 2> kYesNo = {{{"yes", true}, {"no", false}}};
constexpr std::array<std::pair<View, TlsMode>, 3> kModes = {
    {{"off", TlsMode::kOff}, {"optional", TlsMode::kOptional}, {"required", TlsMode::kRequired}}};
constexpr std::array<std::pair<View, TlsClients>, 3> kClients = {
    {{"yes", TlsClients::kYes}, {"no", TlsClients::kNo}, {"optional", TlsClients::kOptional}}};
constexpr std::array<std::pair<View, TlsUser>, 2> kUsers = {{{"off", TlsUser::kOff}, {"CN", TlsUser::kCommonName}}};

ConfigKey protocols() {
  return {"tls_protocols", "tls-protocols", true, [](const Config& config) { return config.tls.protocols; },
          [](Config& config, View given) {
            for (size_t at = given.find_first_not_of(' '); at != View::npos; at = given.find_first_not_of(' ', at)) {
              const size_t end = std::min(given.find(' ', at), given.size());
              const View word = given.substr(at, end - at);
              if (!same_word(word, "TLSv1.2") && !same_word(word, "TLSv1.3")) {
                return Status::error("TLSv1.2 and TLSv1.3 are offered, not '" + Bytes(word) + "'");
              }
              at = end;
            }
            config.tls.protocols = Bytes(given);
            return Status::fine();
          }};
}

}  // namespace

void append_tls_keys(std::vector<ConfigKey>& keys) {
  using T = TlsSettings;
  const auto add = [&](ConfigKey key) { keys.push_back(std::move(key)); };
  add(choice("tls", "", &T::mode, kModes));
  add(number("tls_port", "tls-port", true, &T::port, 0, 65535));
  add(text("tls_cert_file", "tls-cert-file", &T::cert_file));
  add(text("tls_key_file", "tls-key-file", &T::key_file));
  add(text("tls_key_file_pass", "tls-key-file-pass", &T::key_file_pass));
  add(text("tls_ca_cert_file", "tls-ca-cert-file", &T::ca_cert_file));
  add(text("tls_ca_cert_dir", "tls-ca-cert-dir", &T::ca_cert_dir));
  add(choice("tls_auth_clients", "tls-auth-clients", &T::auth_clients, kClients));
  add(choice("tls_auth_clients_user", "tls-auth-clients-user", &T::auth_clients_user, kUsers));
  add(protocols());
  add(text("tls_ciphers", "tls-ciphers", &T::ciphers));
  add(text("tls_ciphersuites", "tls-ciphersuites", &T::ciphersuites));
  add(text("tls_dh_params_file", "tls-dh-params-file", &T::dh_params_file));
  add(choice("tls_prefer_server_ciphers", "tls-prefer-server-ciphers", &T::prefer_server_ciphers, kYesNo));
  add(choice("tls_session_caching", "tls-session-caching", &T::session_caching, kYesNo));
  add(number("tls_session_cache_size", "tls-session-cache-size", true, &T::session_cache_size, 0, INT32_MAX));
  add(number("tls_session_cache_timeout_s", "tls-session-cache-timeout", true, &T::session_cache_timeout_s, 0,
             INT32_MAX));
  add(number("tls_handshake_timeout_ms", "", true, &T::handshake_timeout_ms, 100, 3600 * 1000));
}

}  // namespace leat
