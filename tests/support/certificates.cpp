#include "tests/support/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <utility>

namespace weir::test {

namespace {

template <typename T, auto free>
struct Free {
  void operator()(T* object) const { free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, ::EVP_PKEY_free>>;
using X509Certificate = std::unique_ptr<X509, Free<X509, ::X509_free>>;
using Crl = std::unique_ptr<X509_CRL, Free<X509_CRL, ::X509_CRL_free>>;
using Revoked = std::unique_ptr<X509_REVOKED, Free<X509_REVOKED, ::X509_REVOKED_free>>;
using Time = std::unique_ptr<ASN1_TIME, Free<ASN1_TIME, ::ASN1_TIME_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION, ::X509_EXTENSION_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO, ::BIO_free_all>>;

void check(bool worked) {
  if (!worked) throw std::runtime_error("OpenSSL makes no certificate");
}

std::string pem(const std::function<int(BIO*)>& write) {
  const Bio memory(::BIO_new(::BIO_s_mem()));
  check(memory && write(memory.get()) == 1);
  char* text = nullptr;
  const long size = ::BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string private_pem(EVP_PKEY* key) {
  return pem([&](BIO* out) { return ::PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

Key make_key(KeyKind kind) {
  Key key(kind == KeyKind::p256 ? ::EVP_EC_gen("P-256") : ::EVP_RSA_gen(2048));
  check(key != nullptr);
  return key;
}

/// A version 3 certificate of this subject and key, that is nobody's yet.
X509Certificate blank(const std::string& common_name, EVP_PKEY* key, std::chrono::seconds from,
                      std::chrono::seconds until) {
  X509Certificate made(::X509_new());
  check(made != nullptr);
  ::X509_set_version(made.get(), X509_VERSION_3);
  // Serial numbers of different authorities must differ as well: clients cache by issuer and number.
  std::uint64_t serial = 0;
  check(::RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  ::ASN1_INTEGER_set_uint64(::X509_get_serialNumber(made.get()), (serial >> 1) | 1);
  ::X509_gmtime_adj(::X509_getm_notBefore(made.get()), static_cast<long>(from.count()));
  ::X509_gmtime_adj(::X509_getm_notAfter(made.get()), static_cast<long>(until.count()));
  check(::X509_NAME_add_entry_by_txt(::X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0) == 1);
  check(::X509_set_pubkey(made.get(), key) == 1);
  return made;
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(::X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  check(extension && ::X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string join(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list.append(list.empty() ? "" : ",").append(name);
  return list;
}

}  // namespace

Certificate self_signed(const std::vector<std::string>& names, std::chrono::seconds valid) {
  const Key key = make_key(KeyKind::p256);
  const X509Certificate made = blank("weir test", key.get(), -std::chrono::hours(24), valid);
  X509* x509 = made.get();
  ::X509_set_issuer_name(x509, ::X509_get_subject_name(x509));
  extend(x509, x509, NID_subject_alt_name, join(names));
  check(::X509_sign(x509, key.get(), ::EVP_sha256()) > 0);
  return {pem([&](BIO* out) { return ::PEM_write_bio_X509(out, x509); }), private_pem(key.get())};
}

struct Authority::Secret {
  Key key;
  X509Certificate x509;
  std::string certificate;
  std::string chain;  ///< what follows what it signs: itself and those above, without the root

  /// Signed by `issuer`, or by itself.
  static std::unique_ptr<Secret> make(const std::string& name, KeyKind kind, const Secret* issuer) {
    auto made = std::make_unique<Secret>();
    made->key = make_key(kind);
    made->x509 = blank(name, made->key.get(), -std::chrono::hours(48), std::chrono::hours(48));
    X509* x509 = made->x509.get();
    X509* above = issuer == nullptr ? x509 : issuer->x509.get();
    ::X509_set_issuer_name(x509, ::X509_get_subject_name(above));
    extend(x509, above, NID_basic_constraints, "critical,CA:TRUE");
    extend(x509, above, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(x509, above, NID_subject_key_identifier, "hash");
    extend(x509, above, NID_authority_key_identifier, "keyid");
    check(::X509_sign(x509, (issuer == nullptr ? made->key : issuer->key).get(), ::EVP_sha256()) > 0);
    made->certificate = pem([&](BIO* out) { return ::PEM_write_bio_X509(out, x509); });
    if (issuer != nullptr) made->chain = made->certificate + issuer->chain;
    return made;
  }
};

Authority::Authority(const std::string& name, KeyKind key) : Authority(Secret::make(name, key, nullptr)) {}
Authority::Authority(std::unique_ptr<Secret> secret) : secret_(std::move(secret)) {}
Authority::~Authority() = default;
Authority::Authority(Authority&&) noexcept = default;
Authority& Authority::operator=(Authority&&) noexcept = default;

const std::string& Authority::certificate() const { return secret_->certificate; }

Authority Authority::intermediate(const std::string& name) const {
  return Authority(Secret::make(name, KeyKind::p256, secret_.get()));
}

Certificate Authority::issue(const CertificateRequest& request) const {
  std::string common_name = request.common_name;
  if (common_name.empty() && !request.names.empty()) {
    common_name = request.names.front().substr(request.names.front().find(':') + 1);
  }
  const Key key = make_key(request.key);
  const X509Certificate made = blank(common_name, key.get(), request.from, request.until);
  X509* x509 = made.get();
  X509* issuer = secret_->x509.get();
  ::X509_set_issuer_name(x509, ::X509_get_subject_name(issuer));
  extend(x509, issuer, NID_basic_constraints, "critical,CA:FALSE");
  extend(x509, issuer, NID_key_usage, "critical,digitalSignature");
  extend(x509, issuer, NID_ext_key_usage, request.client ? "clientAuth" : "serverAuth");
  extend(x509, issuer, NID_subject_key_identifier, "hash");
  extend(x509, issuer, NID_authority_key_identifier, "keyid");
  if (!request.names.empty()) extend(x509, issuer, NID_subject_alt_name, join(request.names));
  check(::X509_sign(x509, secret_->key.get(), ::EVP_sha256()) > 0);
  Certificate result;
  result.certificate = pem([&](BIO* out) { return ::PEM_write_bio_X509(out, x509); }) + secret_->chain;
  result.key = private_pem(key.get());
  return result;
}

Certificate Authority::server(const std::vector<std::string>& names, KeyKind key) const {
  return issue({.names = names, .key = key});
}

Certificate Authority::client(const std::string& common_name, const std::vector<std::string>& names) const {
  return issue({.names = names, .common_name = common_name, .client = true});
}

Certificate Authority::expired(const std::vector<std::string>& names) const {
  return issue({.names = names, .until = -std::chrono::hours(1)});
}

Certificate Authority::expired_client(const std::string& common_name) const {
  return issue({.names = {}, .common_name = common_name, .client = true, .until = -std::chrono::hours(1)});
}

std::string Authority::revoke(const std::vector<Certificate>& revoked) const {
  const Crl list(::X509_CRL_new());
  const Time now(::X509_gmtime_adj(nullptr, -60));
  const Time next(::X509_gmtime_adj(nullptr, 24L * 3600));
  check(list && now && next);
  ::X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  ::X509_CRL_set_issuer_name(list.get(), ::X509_get_subject_name(secret_->x509.get()));
  ::X509_CRL_set1_lastUpdate(list.get(), now.get());
  ::X509_CRL_set1_nextUpdate(list.get(), next.get());
  for (const Certificate& one : revoked) {
    const Bio text(::BIO_new_mem_buf(one.certificate.data(), static_cast<int>(one.certificate.size())));
    const X509Certificate x509(::PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    check(x509 != nullptr);
    Revoked entry(::X509_REVOKED_new());
    ::X509_REVOKED_set_serialNumber(entry.get(), ::X509_get_serialNumber(x509.get()));
    ::X509_REVOKED_set_revocationDate(entry.get(), now.get());
    check(::X509_CRL_add0_revoked(list.get(), entry.get()) == 1);
    entry.release();
  }
  ::X509_CRL_sort(list.get());
  check(::X509_CRL_sign(list.get(), secret_->key.get(), ::EVP_sha256()) > 0);
  return pem([&](BIO* out) { return ::PEM_write_bio_X509_CRL(out, list.get()); });
}

CertificateFiles write_files(const TempDir& dir, std::string_view stem, const Certificate& certificate) {
  const std::string name(stem);
  return {dir.write(name + ".pem", certificate.certificate), dir.write(name + ".key", certificate.key)};
}

}  // namespace weir::test
