// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/net/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "schemas/check.h"

namespace leat::testing {

namespace {

constexpr long kDay = 24 * 3600;

Bytes path_of(const Bytes& name) {
  return std::filesystem::temp_directory_path() / ("leat-" + std::to_string(getpid()) + "-" + name);
}

void add_name(X509_NAME* subject, const Bytes& common_name) {
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.data()),
                             static_cast<int>(common_name.size()), -1, 0);
}

X509* unsigned_certificate(long serial, EVP_PKEY* key, const Bytes& common_name, const Wishes& wishes) {
  X509* const made = X509_new();
  X509_set_version(made, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
  X509_gmtime_adj(X509_getm_notBefore(made), wishes.from_days * kDay);
  X509_gmtime_adj(X509_getm_notAfter(made), wishes.until_days * kDay);
  add_name(X509_get_subject_name(made), common_name);
  if (!wishes.second_name.empty()) add_name(X509_get_subject_name(made), wishes.second_name);
  X509_set_pubkey(made, key);
  return made;
}

void add_extension(X509* to, int which, const char* value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, which, value);
  X509_add_ext(to, extension, -1);
  X509_EXTENSION_free(extension);
}

Bytes write_certificate(const Bytes& name, X509* certificate) {
  const Bytes path = path_of(name);
  BIO* const file = BIO_new_file(path.c_str(), "w");
  CHECK(PEM_write_bio_X509(file, certificate) == 1);
  BIO_free(file);
  return path;
}

Bytes write_key(const Bytes& name, EVP_PKEY* key, const Bytes& password) {
  const Bytes path = path_of(name);
  BIO* const file = BIO_new_file(path.c_str(), "w");
  const EVP_CIPHER* const cipher = password.empty() ? nullptr : EVP_aes_128_cbc();
  CHECK(PEM_write_bio_PrivateKey(file, key, cipher, reinterpret_cast<const unsigned char*>(password.data()),
                                 static_cast<int>(password.size()), nullptr, nullptr) == 1);
  BIO_free(file);
  return path;
}

}  // namespace

Authority::Authority(const Bytes& name) : name_(name), key_(EVP_EC_gen("P-256")) {
  certificate_ = unsigned_certificate(serial_++, key_, name, {});
  X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
  add_extension(certificate_, NID_basic_constraints, "critical,CA:TRUE");
  CHECK(X509_sign(certificate_, key_, EVP_sha256()) > 0);
  file_ = write_certificate(name + ".ca", certificate_);
}

Authority::~Authority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

Identity Authority::certify(const Bytes& common_name, const Wishes& wishes) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const made = unsigned_certificate(serial_++, key, common_name, wishes);
  X509_set_issuer_name(made, X509_get_subject_name(certificate_));
  CHECK(X509_sign(made, key_, EVP_sha256()) > 0);
  const Bytes name = name_ + std::to_string(serial_);
  const Identity identity{write_certificate(name + ".crt", made), write_key(name + ".key", key, wishes.password)};
  X509_free(made);
  EVP_PKEY_free(key);
  return identity;
}

Bytes write_file(const Bytes& name, View text) {
  const Bytes path = path_of(name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace leat::testing
