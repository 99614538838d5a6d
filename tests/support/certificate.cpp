#include "tests/support/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>

namespace weir::test {

namespace {

template <typename T, auto free>
struct Free {
  void operator()(T* object) const { free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, ::EVP_PKEY_free>>;
using X509Certificate = std::unique_ptr<X509, Free<X509, ::X509_free>>;
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

}  // namespace

Certificate self_signed(const std::vector<std::string>& names, std::chrono::seconds valid) {
  static std::atomic<long> serial{1};
  const Key key(::EVP_EC_gen("P-256"));
  const X509Certificate certificate(::X509_new());
  check(key && certificate);
  X509* made = certificate.get();
  ::X509_set_version(made, X509_VERSION_3);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(made), serial++);
  ::X509_gmtime_adj(::X509_getm_notBefore(made), -24L * 3600);
  ::X509_gmtime_adj(::X509_getm_notAfter(made), static_cast<long>(valid.count()));
  const std::string subject = "weir test " + std::to_string(serial);
  ::X509_NAME_add_entry_by_txt(::X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  ::X509_set_issuer_name(made, ::X509_get_subject_name(made));
  ::X509_set_pubkey(made, key.get());
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ",") + name;
  const Extension extension(::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, list.c_str()));
  check(extension && ::X509_add_ext(made, extension.get(), -1) == 1);
  check(::X509_sign(made, key.get(), ::EVP_sha256()) > 0);
  return {pem([&](BIO* out) { return ::PEM_write_bio_X509(out, made); }), pem([&](BIO* out) {
            return ::PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace weir::test
