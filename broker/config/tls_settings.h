// SPDX-License-Identifier: Apache-2.0
// tls_settings.h: what may be set about TLS, with its defaults; by the names of Redis where Redis has one.
//
// Used by: Config, which holds them; config_tls.cc reads and writes them; net/tls.cc makes a context of them.
#pragma once

#include "schemas/bytes.h"
#include "schemas/ids.h"

namespace leat {

enum class TlsMode : uint8_t { kOff, kOptional, kRequired };      // at the usual port
enum class TlsClients : uint8_t { kNo, kOptional, kYes };         // whether a client must show a certificate
enum class TlsUser : uint8_t { kOff, kCommonName };               // what of it names a user

struct TlsSettings {
  TlsMode mode = TlsMode::kOff;
  int64_t port = 0;  // where TLS only is spoken; 0: no such port
  Bytes cert_file, key_file, key_file_pass;
  Bytes ca_cert_file, ca_cert_dir;
  TlsClients auth_clients = TlsClients::kYes;
  TlsUser auth_clients_user = TlsUser::kOff;
  Bytes protocols;     // "TLSv1.2 TLSv1.3"; empty: both
  Bytes ciphers;       // of TLS 1.2; empty: OpenSSL's
  Bytes ciphersuites;  // of TLS 1.3; empty: OpenSSL's
  Bytes dh_params_file;
  bool prefer_server_ciphers = false;
  bool session_caching = true;
  int64_t session_cache_size = 20480;
  int64_t session_cache_timeout_s = 300;
  int64_t handshake_timeout_ms = 10000;

  bool wanted() const { return mode != TlsMode::kOff || port != 0; }
  bool operator==(const TlsSettings&) const = default;
};

}  // namespace leat
