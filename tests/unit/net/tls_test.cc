// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/unit/net/certificates.h"

namespace leat::testing {

using Handshake = TlsSession::Handshake;
using End = TlsSession::End;

// A client of TLS, in memory.
class Peer {
 public:
  explicit Peer(const Authority& trusts, int protocol = 0, const Identity* shows = nullptr)
      : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_security_level(context_, 0);
    if (protocol != 0) {
      SSL_CTX_set_min_proto_version(context_, protocol);
      SSL_CTX_set_max_proto_version(context_, protocol);
    }
    SSL_CTX_load_verify_file(context_, trusts.file().c_str());
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    if (shows != nullptr) {
      SSL_CTX_use_certificate_chain_file(context_, shows->cert_file.c_str());
      SSL_CTX_use_PrivateKey_file(context_, shows->key_file.c_str(), SSL_FILETYPE_PEM);
    }
    begin();
  }
  ~Peer() {
    SSL_SESSION_free(session_);
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }

  // Another connection, on the session of the last.
  void come_back() {
    SSL_SESSION_free(session_);
    session_ = SSL_get1_session(ssl_);
    SSL_shutdown(ssl_);  // or it could not be resumed
    SSL_free(ssl_);
    begin();
    SSL_set_session(ssl_, session_);
  }

  bool shake() { return SSL_do_handshake(ssl_) == 1; }
  void hear(View from_server) { BIO_write(in_, from_server.data(), static_cast<int>(from_server.size())); }
  Bytes say() {
    char* at = nullptr;
    const long size = BIO_get_mem_data(out_, &at);
    const Bytes said(at, static_cast<size_t>(size));
    BIO_reset(out_);
    return said;
  }
  Bytes seal(View words) {
    EXPECT_EQ(SSL_write(ssl_, words.data(), static_cast<int>(words.size())), static_cast<int>(words.size()));
    return say();
  }
  Bytes read() {
    Bytes words;
    char room[4096];
    for (int got; (got = SSL_read(ssl_, room, sizeof room)) > 0;) words.append(room, static_cast<size_t>(got));
    return words;
  }
  bool was_left() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  SSL* ssl() { return ssl_; }

 private:
  void begin() {
    ssl_ = SSL_new(context_);
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_, in_, out_);
    SSL_set_connect_state(ssl_);
  }

  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  BIO *in_ = nullptr, *out_ = nullptr;
  SSL_SESSION* session_ = nullptr;
};

class TlsTest : public ::testing::Test {
 public:
  TlsTest() {
    settings.cert_file = ours.cert_file;
    settings.key_file = ours.key_file;
    settings.auth_clients = TlsClients::kNo;
  }

  std::shared_ptr<const TlsContext> open() {
    auto made = TlsContext::open(settings);
    EXPECT_TRUE(made.ok()) << made.status().text();
    return *made;
  }
  Bytes refusal() {
    const auto made = TlsContext::open(settings);
    return made.ok() ? Bytes() : Bytes(made.status().text());
  }

  // To its end, `piece` bytes at a time; what the client sent behind it stays fed.
  Handshake shake(TlsSession& server, Peer& client, size_t piece = SIZE_MAX) {
    auto progress = Handshake::kMore;
    for (int rounds = 0; rounds < 10; ++rounds) {
      const bool client_done = client.shake();
      const Bytes said = client.say();
      for (size_t at = 0; at < said.size() && progress == Handshake::kMore; at += std::min(piece, said.size())) {
        const Bytes part = said.substr(at, piece);
        Bytes answer;
        server.feed(part);
        progress = server.shake(answer);
        client.hear(answer);
      }
      if (progress == Handshake::kFailed || (client_done && progress == Handshake::kDone)) break;
    }
    return progress;
  }

  Bytes read(TlsSession& server, View sealed, End expected = End::kMore) {
    Bytes words, answer;
    char room[1000];
    server.feed(sealed);
    TlsSession::Read got{0, End::kFull};
    while (got.end == End::kFull) {
      got = server.read(room, sizeof room, answer);
      words.append(room, got.bytes);
    }
    EXPECT_EQ(got.end, expected) << server.why();
    return words;
  }

  Authority authority{"authority"}, stranger{"stranger"};
  Identity ours = authority.certify("queue.example");
  TlsSettings settings;
};

TEST_F(TlsTest, WordsGoBothWays) {
  for (const int protocol : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const size_t piece : {SIZE_MAX, size_t{1}, size_t{7}}) {
      Peer client(authority, protocol);
      TlsSession server(open());
      ASSERT_EQ(shake(server, client, piece), Handshake::kDone) << server.why();
      EXPECT_EQ(server.protocol(), protocol == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
      EXPECT_FALSE(server.resumed());
      EXPECT_EQ(read(server, client.seal("PING\r\n")), "PING\r\n");
      Bytes sealed;
      ASSERT_TRUE(server.write("+PONG\r\n", sealed));
      EXPECT_EQ(sealed.find("PONG"), Bytes::npos);
      client.hear(sealed);
      EXPECT_EQ(client.read(), "+PONG\r\n");
    }
  }
}

// Most of a record is kept until the rest has come; several in one piece are read in one go.
TEST_F(TlsTest, RecordsComeInAnyPieces) {
  Peer client(authority);
  TlsSession server(open());
  ASSERT_EQ(shake(server, client), Handshake::kDone);
  const Bytes large(100'000, 'x');
  Bytes sealed = client.seal("a");
  sealed += client.seal(large);
  sealed += client.seal("b");
  Bytes words;
  for (size_t at = 0; at < sealed.size(); at += 777) words += read(server, View(sealed).substr(at, 777));
  EXPECT_TRUE(words == "a" + large + "b");
}

TEST_F(TlsTest, OneWriteMakesRecordsOf16KiB) {
  Peer client(authority);
  TlsSession server(open());
  ASSERT_EQ(shake(server, client), Handshake::kDone);
  Bytes sealed;
  ASSERT_TRUE(server.write(Bytes(16, 'x'), sealed));
  EXPECT_LT(sealed.size(), 16 + 64u);
  client.hear(sealed);
  EXPECT_EQ(client.read().size(), 16u);
  sealed.clear();
  const Bytes large(1'000'000, 'y');
  ASSERT_TRUE(server.write(large, sealed));
  EXPECT_LT(sealed.size(), large.size() + (large.size() / 16384 + 2) * 64);
  client.hear(sealed);
  EXPECT_TRUE(client.read() == large);
}

TEST_F(TlsTest, GoodByeIsSaidAndHeard) {
  Peer client(authority);
  TlsSession server(open());
  ASSERT_EQ(shake(server, client), Handshake::kDone);
  client.read();
  Bytes bye;
  server.close(bye);
  client.hear(bye);
  client.read();
  EXPECT_TRUE(client.was_left());

  Peer other(authority);
  TlsSession second(open());
  ASSERT_EQ(shake(second, other), Handshake::kDone);
  const Bytes words = other.seal("QUIT\r\n");
  SSL_shutdown(other.ssl());
  EXPECT_EQ(read(second, words + other.say(), End::kClosed), "QUIT\r\n") << "what was said before it counts";
}

TEST_F(TlsTest, RenegotiationIsRefused) {
  Peer client(authority, TLS1_2_VERSION);
  TlsSession server(open());
  ASSERT_EQ(shake(server, client), Handshake::kDone);
  SSL_renegotiate(client.ssl());
  SSL_do_handshake(client.ssl());
  Bytes answer;
  char room[100];
  const Bytes hello = client.say();
  server.feed(hello);
  const auto got = server.read(room, sizeof room, answer);
  EXPECT_EQ(got.bytes, 0u);
  EXPECT_LT(answer.size(), 100u) << "an alert, and no certificate again";
  client.hear(answer);
  EXPECT_NE(SSL_do_handshake(client.ssl()), 1);
  EXPECT_EQ(ERR_GET_REASON(ERR_get_error()), SSL_R_NO_RENEGOTIATION);
  ERR_clear_error();
}

TEST_F(TlsTest, OldProtocolsAndGarbageFail) {
  for (const int protocol : {TLS1_VERSION, TLS1_1_VERSION}) {
    Peer client(authority, protocol);
    TlsSession server(open());
    EXPECT_EQ(shake(server, client), Handshake::kFailed);
    EXPECT_EQ(server.why(), "unsupported protocol");
  }
  settings.protocols = "TLSv1.3";
  Peer older(authority, TLS1_2_VERSION);
  TlsSession newer(open());
  EXPECT_EQ(shake(newer, older), Handshake::kFailed);
  for (const Bytes& garbage : {Bytes("\x16\x03\x01\x00\x05hello", 10), Bytes(100, '\x16'),
                               Bytes("GET / HTTP/1.1\r\n\r\n"), Bytes("\x16\x03\x01\xff\xff", 5) + Bytes(1000, 'x')}) {
    TlsSession server(open());
    Bytes answer;
    server.feed(garbage);
    EXPECT_EQ(server.shake(answer), Handshake::kFailed);
    EXPECT_FALSE(server.why().empty());
  }
  TlsSession patient(open());
  Bytes answer;
  patient.feed("\x16\x03\x01");
  EXPECT_EQ(patient.shake(answer), Handshake::kMore);
}

TEST_F(TlsTest, ABrokenRecordEndsTheSession) {
  Peer client(authority);
  TlsSession server(open());
  ASSERT_EQ(shake(server, client), Handshake::kDone);
  Bytes sealed = client.seal("PING\r\n");
  sealed.back() = static_cast<char>(sealed.back() ^ 1);
  EXPECT_EQ(read(server, sealed, End::kFailed), "");
  EXPECT_EQ(server.why(), "decryption failed or bad record mac");
}

TEST_F(TlsTest, SessionsAreResumed) {
  for (const int protocol : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto context = open();
    Peer client(authority, protocol);
    {
      TlsSession first(context);
      ASSERT_EQ(shake(first, client), Handshake::kDone);
      client.read();  // the ticket
    }
    client.come_back();
    TlsSession second(context);
    ASSERT_EQ(shake(second, client), Handshake::kDone);
    EXPECT_TRUE(second.resumed());
  }
  settings.session_caching = false;
  const auto context = open();
  Peer client(authority);
  {
    TlsSession first(context);
    ASSERT_EQ(shake(first, client), Handshake::kDone);
    client.read();
  }
  client.come_back();
  TlsSession second(context);
  ASSERT_EQ(shake(second, client), Handshake::kDone);
  EXPECT_FALSE(second.resumed());
}

TEST_F(TlsTest, ClientsShowCertificates) {
  settings.auth_clients = TlsClients::kYes;
  settings.auth_clients_user = TlsUser::kCommonName;
  settings.ca_cert_file = authority.file();
  const auto context = open();
  const auto meet = [&](const Identity* shows, Bytes& why) {
    Peer client(authority, 0, shows);
    TlsSession server(context);
    const auto end = shake(server, client);
    why = server.why();
    return end == Handshake::kDone ? "name: " + server.common_name() : Bytes("refused");
  };
  Bytes why;
  const Identity good = authority.certify("worker-1"), foreign = stranger.certify("worker-1");
  const Identity late = authority.certify("worker-1", {.from_days = -3, .until_days = -1});
  const Identity two = authority.certify("worker-1", {.second_name = "admin"});
  EXPECT_EQ(meet(&good, why), "name: worker-1") << why;
  EXPECT_EQ(meet(&two, why), "name: ") << "which of the two?";
  EXPECT_EQ(meet(nullptr, why), "refused");
  EXPECT_EQ(why, "peer did not return a certificate");
  EXPECT_EQ(meet(&foreign, why), "refused");
  EXPECT_EQ(why, "certificate verify failed: unable to get local issuer certificate");
  EXPECT_EQ(meet(&late, why), "refused");
  EXPECT_EQ(why, "certificate verify failed: certificate has expired");
}

TEST_F(TlsTest, CertificatesOfClientsMayBeOptional) {
  settings.auth_clients = TlsClients::kOptional;
  settings.auth_clients_user = TlsUser::kCommonName;
  settings.ca_cert_file = authority.file();
  const Identity good = authority.certify("worker-1"), foreign = stranger.certify("worker-1");
  Peer without(authority), with(authority, 0, &good), wrong(authority, 0, &foreign);
  TlsSession first(open()), second(open()), third(open());
  EXPECT_EQ(shake(first, without), Handshake::kDone);
  EXPECT_EQ(first.common_name(), "");
  EXPECT_EQ(shake(second, with), Handshake::kDone);
  EXPECT_EQ(second.common_name(), "worker-1");
  EXPECT_EQ(shake(third, wrong), Handshake::kFailed) << "none is fine, a bad one is not";
  settings.auth_clients_user = TlsUser::kOff;
  Peer again(authority, 0, &good);
  TlsSession fourth(open());
  EXPECT_EQ(shake(fourth, again), Handshake::kDone);
  EXPECT_EQ(fourth.common_name(), "");
}

TEST_F(TlsTest, AResumedSessionKeepsItsName) {
  settings.auth_clients = TlsClients::kYes;
  settings.auth_clients_user = TlsUser::kCommonName;
  settings.ca_cert_file = authority.file();
  const auto context = open();
  const Identity good = authority.certify("worker-1");
  for (const int protocol : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Peer client(authority, protocol, &good);
    {
      TlsSession first(context);
      ASSERT_EQ(shake(first, client), Handshake::kDone) << first.why();
      client.read();
    }
    client.come_back();
    TlsSession second(context);
    ASSERT_EQ(shake(second, client), Handshake::kDone) << second.why();
    EXPECT_TRUE(second.resumed());
    EXPECT_EQ(second.common_name(), "worker-1");
  }
}

TEST_F(TlsTest, WhatCannotBeUsedSaysSo) {
  const auto says = [&](const char* part) { return refusal().find(part) != Bytes::npos; };
  const TlsSettings good = settings;
  settings.cert_file = "";
  EXPECT_TRUE(says("set tls_cert_file")) << refusal();
  settings.cert_file = "/nonexistent/file.crt";
  EXPECT_TRUE(says("cannot read tls_cert_file = '/nonexistent/file.crt': No such file or directory")) << refusal();
  settings.cert_file = settings.key_file;
  EXPECT_TRUE(says("holds no certificate in PEM")) << refusal();
  settings = good;
  settings.key_file = "";
  EXPECT_TRUE(says("set tls_key_file")) << refusal();
  settings.key_file = settings.cert_file;
  EXPECT_TRUE(says("holds no private key in PEM")) << refusal();
  settings.key_file = authority.certify("other").key_file;
  EXPECT_TRUE(says("is not the key of the certificate in tls_cert_file")) << refusal();
  settings = good;
  settings.auth_clients = TlsClients::kYes;
  EXPECT_TRUE(says("set tls_ca_cert_file, or tls_auth_clients = 'no'")) << refusal();
  settings.ca_cert_file = settings.key_file;
  EXPECT_TRUE(says("tls_ca_cert_file")) << refusal();
  settings = good;
  settings.auth_clients_user = TlsUser::kCommonName;
  EXPECT_TRUE(says("needs clients with certificates")) << refusal();
  settings = good;
  settings.ciphers = "nonsense";
  EXPECT_TRUE(says("tls_ciphers = 'nonsense'")) << refusal();
  settings = good;
  settings.ciphersuites = "nonsense";
  EXPECT_TRUE(says("tls_ciphersuites = 'nonsense'")) << refusal();
  settings = good;
  settings.dh_params_file = settings.cert_file;
  EXPECT_TRUE(says("tls_dh_params_file")) << refusal();
}

TEST_F(TlsTest, DatesAreLookedAt) {
  const Identity late = authority.certify("late", {.from_days = -3, .until_days = -1});
  const Identity early = authority.certify("early", {.from_days = 1, .until_days = 3});
  settings.cert_file = late.cert_file, settings.key_file = late.key_file;
  EXPECT_NE(refusal().find("has expired on 2"), Bytes::npos) << refusal();
  settings.cert_file = early.cert_file, settings.key_file = early.key_file;
  EXPECT_NE(refusal().find("is valid from 2"), Bytes::npos) << refusal();
}

TEST_F(TlsTest, KeysMayBeEncrypted) {
  const Identity locked = authority.certify("locked", {.password = "open sesame"});
  settings.cert_file = locked.cert_file, settings.key_file = locked.key_file;
  EXPECT_NE(refusal().find("is encrypted: set tls_key_file_pass"), Bytes::npos) << refusal();
  settings.key_file_pass = "wrong";
  EXPECT_NE(refusal().find("does not open with tls_key_file_pass"), Bytes::npos) << refusal();
  settings.key_file_pass = "open sesame";
  const auto context = open();
  EXPECT_EQ(context->subject(), "CN=locked");
  EXPECT_GT(context->expires_ms(), 0);
}

}  // namespace leat::testing
