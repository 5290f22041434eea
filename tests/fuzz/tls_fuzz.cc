// SPDX-License-Identifier: Apache-2.0
// tls_fuzz.cc: any bytes instead of a handshake, or behind one that is done: a session ends, waits or goes on, and
// never answers without bound.
#include <openssl/ssl.h>

#include <cstdint>
#include <cstdlib>

#include "broker/net/tls.h"
#include "tests/unit/net/certificates.h"

namespace {

using leat::Bytes;
using leat::TlsSession;
using leat::View;

constexpr size_t kAnswerMax = 64 << 10;

std::shared_ptr<const leat::TlsContext> open_context() {
  leat::testing::Authority authority("fuzz");
  const auto ours = authority.certify("fuzz");
  leat::TlsSettings settings;
  settings.cert_file = ours.cert_file;
  settings.key_file = ours.key_file;
  settings.ca_cert_file = authority.file();
  settings.auth_clients = leat::TlsClients::kOptional;
  return *leat::TlsContext::open(settings);
}

// A handshake to its end with a client that trusts everybody.
bool shake(TlsSession& server, int protocol) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(context, protocol);
  SSL* const client = SSL_new(context);
  BIO *const in = BIO_new(BIO_s_mem()), *const out = BIO_new(BIO_s_mem());
  SSL_set_bio(client, in, out);
  SSL_set_connect_state(client);
  auto progress = TlsSession::Handshake::kMore;
  for (int rounds = 0; rounds < 5 && progress == TlsSession::Handshake::kMore; ++rounds) {
    SSL_do_handshake(client);
    char* at = nullptr;
    const long size = BIO_get_mem_data(out, &at);
    const Bytes said(at, static_cast<size_t>(size));
    BIO_reset(out);
    Bytes answer;
    server.feed(said);
    progress = server.shake(answer);
    BIO_write(in, answer.data(), static_cast<int>(answer.size()));
  }
  SSL_free(client);
  SSL_CTX_free(context);
  return progress == TlsSession::Handshake::kDone;
}

void say(TlsSession& server, View input, size_t piece, bool shaken) {
  Bytes answer;
  char room[1000];
  for (size_t at = 0; at < input.size(); at += piece) {
    server.feed(input.substr(at, piece));
    if (!shaken) {
      const auto progress = server.shake(answer);
      if (progress == TlsSession::Handshake::kFailed) break;
      shaken = progress == TlsSession::Handshake::kDone;
    }
    auto end = TlsSession::End::kFull;
    while (shaken && end == TlsSession::End::kFull) end = server.read(room, sizeof room, answer).end;
    if (shaken && end != TlsSession::End::kMore) break;
  }
  server.close(answer);
  if (answer.size() > kAnswerMax + input.size() * 100) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto context = open_context();
  if (size < 2) return 0;
  const View input(reinterpret_cast<const char*>(data) + 2, size - 2);
  TlsSession server(context);
  const bool after = data[0] % 3 != 0;
  if (after && !shake(server, data[0] % 3 == 1 ? TLS1_2_VERSION : TLS1_3_VERSION)) std::abort();
  say(server, input, 1 + data[1], after);
  return 0;
}
