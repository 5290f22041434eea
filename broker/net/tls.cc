// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <strings.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace leat {

namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* one) const {
    Free(one);
  }
};
using File = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

constexpr unsigned char kSessionName[] = "leat";  // a client's session is none of another server's

// What OpenSSL has to say, the first error of those that are queued; then the queue is empty.
Bytes last_words() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  return "error " + std::to_string(code);
}

Bytes setting(View name, View value) { return Bytes(name) + " = '" + Bytes(value) + "'"; }

Result<File> open_file(View name, const Bytes& path) {
  File file(BIO_new_file(path.c_str(), "r"));
  if (file != nullptr) return file;
  ERR_clear_error();
  const Bytes why = std::strerror(errno);
  return Status::error("cannot read " + setting(name, path) + ": " + why + "; name a file that the broker may read");
}

struct Password {
  const Bytes& given;
  bool asked = false;
};

// Without this OpenSSL would ask the terminal.
int give_password(char* room, int size, int, void* to) {
  Password& password = *static_cast<Password*>(to);
  password.asked = true;
  if (password.given.empty() || password.given.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(room, password.given.data(), password.given.size());
  return static_cast<int>(password.given.size());
}

Bytes date_of(const ASN1_TIME* at) {
  std::tm time{};
  char text[32] = "an unknown date";
  if (ASN1_TIME_to_tm(at, &time) == 1) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &time);
  return text;
}

TimeMs time_of(const ASN1_TIME* at) {
  std::tm time{};
  return ASN1_TIME_to_tm(at, &time) == 1 ? static_cast<TimeMs>(timegm(&time)) * 1000 : 0;
}

Bytes subject_of(const X509* certificate) {
  const File text(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* at = nullptr;
  const long size = BIO_get_mem_data(text.get(), &at);
  return size > 0 ? Bytes(at, static_cast<size_t>(size)) : Bytes();
}

Status check_dates(const X509* certificate, const Bytes& place) {
  const ASN1_TIME* const from = X509_get0_notBefore(certificate);
  const ASN1_TIME* const until = X509_get0_notAfter(certificate);
  if (X509_cmp_current_time(until) < 0) {
    return Status::error("the certificate in " + place + " has expired on " + date_of(until) + ": have it renewed");
  }
  if (X509_cmp_current_time(from) > 0) {
    return Status::error("the certificate in " + place + " is valid from " + date_of(from) +
                         " on: look at the clock, or wait");
  }
  return Status::fine();
}

Result<Certificate> read_certificate(const Bytes& place, const TlsSettings& settings) {
  const auto file = open_file("tls_cert_file", settings.cert_file);
  if (!file.ok()) return file.status();
  Certificate certificate(PEM_read_bio_X509(file->get(), nullptr, nullptr, nullptr));
  if (certificate != nullptr) return certificate;
  return Status::error(place + " holds no certificate in PEM (" + last_words() +
                       "): it begins with -----BEGIN CERTIFICATE-----");
}

Result<Key> read_key(const Bytes& place, const TlsSettings& settings) {
  const auto file = open_file("tls_key_file", settings.key_file);
  if (!file.ok()) return file.status();
  Password password{settings.key_file_pass};
  Key key(PEM_read_bio_PrivateKey(file->get(), nullptr, give_password, &password));
  if (key != nullptr) return key;
  const Bytes why = last_words();
  if (password.asked && password.given.empty()) return Status::error(place + " is encrypted: set tls_key_file_pass");
  if (password.asked) return Status::error(place + " does not open with tls_key_file_pass: set the right one");
  return Status::error(place + " holds no private key in PEM (" + why +
                       "): it begins with -----BEGIN PRIVATE KEY-----");
}

// The only common name, in UTF-8; with several, or a 0 in it, nobody could say who is meant.
Bytes common_name_of(const X509* certificate) {
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return ERR_clear_error(), Bytes();
  Bytes name(reinterpret_cast<char*>(text), static_cast<size_t>(size));
  OPENSSL_free(text);
  return name.find('\0') == Bytes::npos ? name : Bytes();
}

}  // namespace

// The context.

TlsContext::TlsContext()
    : context_(SSL_CTX_new(TLS_server_method())), bytes_in_memory_(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "leat")) {
  CHECK(context_ != nullptr);
  CHECK(bytes_in_memory_ != nullptr);
  BIO_meth_set_read(bytes_in_memory_, TlsSession::take_in);
  BIO_meth_set_write(bytes_in_memory_, TlsSession::put_out);
  BIO_meth_set_ctrl(bytes_in_memory_, [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH; });
  SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // An idle connection keeps no record buffers: 34 KB each, which ten thousand waiting workers would feel.
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_dh_auto(context_, 1);
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
  BIO_meth_free(bytes_in_memory_);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::open(const TlsSettings& settings) {
  ERR_clear_error();
  const std::shared_ptr<TlsContext> made(new TlsContext());
  if (!settings.prefer_server_ciphers) SSL_CTX_clear_options(made->context_, SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (Status set = made->set_protocols(settings); !set.ok()) return set;
  if (Status set = made->set_ciphers(settings); !set.ok()) return set;
  if (Status set = made->set_certificate(settings); !set.ok()) return set;
  if (Status set = made->set_clients(settings); !set.ok()) return set;
  made->set_sessions(settings);
  return std::shared_ptr<const TlsContext>(made);
}

Status TlsContext::set_protocols(const TlsSettings& settings) {
  const char* const names = settings.protocols.empty() ? "TLSv1.2 TLSv1.3" : settings.protocols.c_str();
  const bool older = strcasestr(names, "TLSv1.2") != nullptr, newer = strcasestr(names, "TLSv1.3") != nullptr;
  if (!older && !newer) return Status::error("tls_protocols names none: TLSv1.2 and TLSv1.3 are offered");
  SSL_CTX_set_min_proto_version(context_, older ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(context_, newer ? TLS1_3_VERSION : TLS1_2_VERSION);
  return Status::fine();
}

Status TlsContext::set_ciphers(const TlsSettings& settings) {
  if (!settings.ciphers.empty() && SSL_CTX_set_cipher_list(context_, settings.ciphers.c_str()) != 1) {
    return Status::error(setting("tls_ciphers", settings.ciphers) + " names no cipher that OpenSSL knows (" +
                         last_words() + "): `openssl ciphers` lists them");
  }
  if (!settings.ciphersuites.empty() && SSL_CTX_set_ciphersuites(context_, settings.ciphersuites.c_str()) != 1) {
    return Status::error(setting("tls_ciphersuites", settings.ciphersuites) + " is no list of suites of TLS 1.3 (" +
                         last_words() + "): `openssl ciphers -s -tls1_3` lists them");
  }
  if (settings.dh_params_file.empty()) return Status::fine();
  const auto file = open_file("tls_dh_params_file", settings.dh_params_file);
  if (!file.ok()) return file.status();
  EVP_PKEY* const parameters = PEM_read_bio_Parameters(file->get(), nullptr);
  if (parameters != nullptr && SSL_CTX_set0_tmp_dh_pkey(context_, parameters) == 1) return Status::fine();
  EVP_PKEY_free(parameters);
  return Status::error(setting("tls_dh_params_file", settings.dh_params_file) +
                       " holds no parameters that can be used (" + last_words() +
                       "): make them with `openssl dhparam`, or leave the setting empty");
}

Status TlsContext::set_certificate(const TlsSettings& settings) {
  if (settings.cert_file.empty()) {
    return Status::error("TLS needs a certificate: set tls_cert_file (a PEM file; docs/tls.md makes one)");
  }
  if (settings.key_file.empty()) return Status::error("TLS needs the certificate's key: set tls_key_file (a PEM file)");
  const Bytes place = setting("tls_cert_file", settings.cert_file),
              key_place = setting("tls_key_file", settings.key_file);
  const auto certificate = read_certificate(place, settings);
  if (!certificate.ok()) return certificate.status();
  const auto key = read_key(key_place, settings);
  if (!key.ok()) return key.status();
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    ERR_clear_error();
    return Status::error(key_place + " is not the key of the certificate in " + place +
                         ": name the two that were made together");
  }
  if (Status valid = check_dates(certificate->get(), place); !valid.ok()) return valid;
  if (SSL_CTX_use_certificate_chain_file(context_, settings.cert_file.c_str()) != 1) {
    return Status::error("OpenSSL does not take the certificate in " + place + ": " + last_words());
  }
  if (SSL_CTX_use_PrivateKey(context_, key->get()) != 1) {
    return Status::error("OpenSSL does not take the key in " + key_place + ": " + last_words());
  }
  subject_ = subject_of(certificate->get());
  expires_ms_ = time_of(X509_get0_notAfter(certificate->get()));
  return Status::fine();
}

Status TlsContext::set_clients(const TlsSettings& settings) {
  names_users_ = settings.auth_clients_user == TlsUser::kCommonName;
  if (settings.auth_clients == TlsClients::kNo) {
    if (!names_users_) return Status::fine();
    return Status::error(
        "tls_auth_clients_user = 'CN' needs clients with certificates: set tls_auth_clients to 'yes' or 'optional'");
  }
  const char* const file = settings.ca_cert_file.empty() ? nullptr : settings.ca_cert_file.c_str();
  const char* const folder = settings.ca_cert_dir.empty() ? nullptr : settings.ca_cert_dir.c_str();
  if (file == nullptr && folder == nullptr) {
    return Status::error(
        "tls_auth_clients asks clients for certificates, and nothing says whose are good: set tls_ca_cert_file, "
        "or tls_auth_clients = 'no'");
  }
  if (file != nullptr) {
    const auto readable = open_file("tls_ca_cert_file", settings.ca_cert_file);
    if (!readable.ok()) return readable.status();
    STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(file);
    if (names == nullptr || SSL_CTX_load_verify_file(context_, file) != 1) {
      sk_X509_NAME_pop_free(names, X509_NAME_free);
      const Bytes place = setting("tls_ca_cert_file", settings.ca_cert_file);
      return Status::error(place + " holds no certificates in PEM: " + last_words());
    }
    SSL_CTX_set_client_CA_list(context_, names);  // a client with several certificates knows which one is meant
  }
  if (folder != nullptr && SSL_CTX_load_verify_dir(context_, folder) != 1) {
    return Status::error("cannot use " + setting("tls_ca_cert_dir", settings.ca_cert_dir) + ": " + last_words());
  }
  const int must = settings.auth_clients == TlsClients::kYes ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | must, nullptr);
  return Status::fine();
}

void TlsContext::set_sessions(const TlsSettings& settings) {
  SSL_CTX_set_session_id_context(context_, kSessionName, sizeof kSessionName - 1);
  if (settings.session_caching) {
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(context_, settings.session_cache_size);
    SSL_CTX_set_timeout(context_, settings.session_cache_timeout_s);
    return;
  }
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context_, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context_, 0);
}

// A session.

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)), session_(SSL_new(context_->context_)) {
  CHECK(session_ != nullptr);
  BIO* const bio = BIO_new(context_->bytes_in_memory_);
  CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(session_, bio, bio);
  SSL_set_accept_state(session_);
}

TlsSession::~TlsSession() { SSL_free(session_); }

int TlsSession::take_in(BIO* bio, char* to, int size) {
  TlsSession& self = *static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const size_t taken = std::min(static_cast<size_t>(size), self.input_.size());
  if (taken == 0) return BIO_set_retry_read(bio), -1;
  std::memcpy(to, self.input_.data(), taken);
  self.input_.remove_prefix(taken);
  return static_cast<int>(taken);
}

int TlsSession::put_out(BIO* bio, const char* from, int size) {
  TlsSession& self = *static_cast<TlsSession*>(BIO_get_data(bio));
  CHECK(self.output_ != nullptr);
  self.output_->append(from, static_cast<size_t>(size));
  return size;
}

void TlsSession::note_failure(int error) {
  const long verified = SSL_get_verify_result(session_);
  why_ = error == SSL_ERROR_SYSCALL ? Bytes("the connection broke") : last_words();
  if (verified != X509_V_OK) why_ += Bytes(": ") + X509_verify_cert_error_string(verified);
  ERR_clear_error();
}

TlsSession::Handshake TlsSession::shake(Bytes& to_peer) {
  output_ = &to_peer;
  const int done = SSL_do_handshake(session_);
  output_ = nullptr;
  if (done == 1) return Handshake::kDone;
  const int error = SSL_get_error(session_, done);
  if (error == SSL_ERROR_WANT_READ) return Handshake::kMore;
  note_failure(error);
  return Handshake::kFailed;
}

TlsSession::Read TlsSession::read(char* room, size_t size, Bytes& to_peer) {
  output_ = &to_peer;  // what comes may ask for an answer: a new key
  size_t got = 0, more = 0;
  while (got < size && SSL_read_ex(session_, room + got, size - got, &more) == 1) got += more;
  output_ = nullptr;
  if (got == size) return {got, End::kFull};
  const int error = SSL_get_error(session_, 0);
  if (error == SSL_ERROR_WANT_READ) return {got, End::kMore};
  if (error == SSL_ERROR_ZERO_RETURN) return {got, End::kClosed};
  note_failure(error);
  return {got, End::kFailed};
}

bool TlsSession::write(View plain, Bytes& to_peer) {
  if (plain.empty()) return true;
  output_ = &to_peer;
  size_t written = 0;
  const int done = SSL_write_ex(session_, plain.data(), plain.size(), &written);
  output_ = nullptr;
  if (done == 1) return true;
  note_failure(SSL_get_error(session_, done));
  return false;
}

void TlsSession::close(Bytes& to_peer) {
  output_ = &to_peer;
  SSL_shutdown(session_);
  output_ = nullptr;
  ERR_clear_error();
}

bool TlsSession::resumed() const { return SSL_session_reused(session_) == 1; }
View TlsSession::protocol() const { return SSL_get_version(session_); }

Bytes TlsSession::common_name() const {
  if (!context_->names_users_ || SSL_get_verify_result(session_) != X509_V_OK) return {};
  const Certificate certificate(SSL_get1_peer_certificate(session_));
  return certificate == nullptr ? Bytes() : common_name_of(certificate.get());
}

}  // namespace leat
