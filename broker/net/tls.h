// SPDX-License-Identifier: Apache-2.0
// tls.h: TLS over bytes in memory: what the peer sent goes in, what it is to be sent comes out; no
// sockets. [OpenSSL]
//
// Used by: Server (a context of the settings, made anew when they or the files change), Connection (a session each).
// Always:  - 1.2 and 1.3 only, no renegotiation, no compression, no early data;
//          - a session lives on with the context it began with; the error queue is empty between two calls;
//          - output is appended to the caller's bytes; input is borrowed, and used up when a call says kMore.
// Source:  https://docs.openssl.org/3.0/man3/SSL_CTX_new/ and its neighbours
#pragma once

#include <memory>

#include "broker/config/tls_settings.h"
#include "schemas/status.h"

struct bio_method_st;
struct bio_st;
struct ssl_ctx_st;
struct ssl_st;

namespace leat {

class TlsContext {
 public:
  // Reads the files. What is wrong is one sentence that names the file and says what to do.
  static Result<std::shared_ptr<const TlsContext>> open(const TlsSettings& settings);
  ~TlsContext();

  const Bytes& subject() const { return subject_; }      // of our certificate: "CN=queue.example"
  TimeMs expires_ms() const { return expires_ms_; }      // it

 private:
  friend class TlsSession;
  TlsContext();
  Status set_protocols(const TlsSettings& settings);
  Status set_ciphers(const TlsSettings& settings);
  Status set_certificate(const TlsSettings& settings);
  Status set_clients(const TlsSettings& settings);
  void set_sessions(const TlsSettings& settings);

  ssl_ctx_st* context_;
  bio_method_st* bytes_in_memory_;
  bool names_users_ = false;
  Bytes subject_;
  TimeMs expires_ms_ = 0;
};

class TlsSession {
 public:
  explicit TlsSession(std::shared_ptr<const TlsContext> context);  // the server's side
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;

  // What the peer has sent; borrowed until kMore was answered.
  void feed(View from_peer) { input_ = from_peer; }

  enum class Handshake : uint8_t { kMore, kDone, kFailed };
  Handshake shake(Bytes& to_peer);

  // The peer's words, as many as there are and fit.
  enum class End : uint8_t { kMore, kFull, kClosed, kFailed };  // why there are no more of them
  struct Read {
    size_t bytes;
    End end;
  };
  Read read(char* room, size_t size, Bytes& to_peer);
  // Seals in records of up to 16 KiB. False: the session is broken.
  bool write(View plain, Bytes& to_peer);
  void close(Bytes& to_peer);  // close_notify

  const Bytes& why() const { return why_; }  // it failed: one sentence
  bool resumed() const;
  View protocol() const;
  // Whom the peer's certificate names, verified by our authorities; empty: it showed none, has none or several common
  // names, or names are not wanted (tls_auth_clients_user).
  Bytes common_name() const;

 private:
  friend class TlsContext;
  static int take_in(bio_st* bio, char* to, int size);
  static int put_out(bio_st* bio, const char* from, int size);
  void note_failure(int error);

  std::shared_ptr<const TlsContext> context_;
  ssl_st* session_;
  View input_;
  Bytes* output_ = nullptr;
  Bytes why_;
};

}  // namespace leat
