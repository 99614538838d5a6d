#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>

#include "common/address.hpp"
#include "common/printable.hpp"
#include "common/tls/context_parts.hpp"
#include "common/tls/contexts.hpp"
#include "common/tls/libraries.hpp"

namespace weir::tls {
namespace {

constexpr std::string_view kSystem = "system";
/// Backends may be old, so behind what we like there is whatever OpenSSL does not think weak.
constexpr std::string_view kBackendCiphers = ":HIGH:!aNULL:!kPSK:!kSRP:!DSS:!ARIA:!CAMELLIA:!CCM";

/// Whether the system has a certificate where OpenSSL looks for them.
bool has_system_certificates() {
  const auto place = [](const char* variable, const char* otherwise) {
    const char* const set = std::getenv(variable);
    return set != nullptr ? set : otherwise;
  };
  std::error_code error;
  if (std::filesystem::exists(place(::X509_get_default_cert_file_env(), ::X509_get_default_cert_file()), error)) {
    return true;
  }
  return !std::filesystem::is_empty(place(::X509_get_default_cert_dir_env(), ::X509_get_default_cert_dir()), error) &&
         !error;
}

/// What the certificate must be for. OpenSSL takes an empty name for any.
bool expect(SSL* ssl, const std::string& name, bool address) {
  if (name.empty()) return false;
  if (address) return ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl), name.c_str()) == 1;
  ::SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return ::SSL_set1_host(ssl, name.c_str()) == 1;
}

/// SSL_set_tlsext_host_name() is this, with an old-style cast.
bool ask_for(SSL* ssl, std::string name) {
  return ::SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

}  // namespace

ClientContext::ClientContext(const ClientOptions& options) : options_(options) {
  for (OSSL_LIB_CTX* const library : libraries()) {
    facts_.clear();
    notes_.clear();
    contexts_.push_back(make_one(library));
  }
}

SslContextPtr ClientContext::make_one(OSSL_LIB_CTX* library) {
  SslContextPtr made = make_context(library, ::TLS_client_method(), options_.min_version);
  SSL_CTX* const context = made.get();
  const ClientOptions& options = options_;
  set_ciphers(context, std::string(kCiphers).append(kBackendCiphers), {}, {});
  // Sessions are not kept, so nobody needs to make tickets for us.
  ::SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  if (options.verify != ClientOptions::Verify::none) {
    ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (options.ca != kSystem) {
      trust(context, read_certificates(options.ca, library));
    } else if (::SSL_CTX_set_default_verify_paths(context) != 1) {
      throw std::runtime_error(fmt::format("ca: no certificates of the system: {}", take_openssl_error()));
    } else if (!has_system_certificates()) {
      notes_.emplace_back("ca: the system has no certificates, so no backend is trusted; install ca-certificates");
    }
  }
  if (!options.certificate.empty()) {
    const Identity own = read_identity(options.certificate, options.key, library);
    use_identity(context, own);
    facts_.push_back(facts_of(own.certificate.get(), own.file));
  }
  std::vector<std::string> protocols = options.alpn;
  // PostgreSQL's servers want it since version 17, and those before it do not mind.
  if (options.starttls == StartTls::postgres && protocols.empty()) protocols.emplace_back("postgresql");
  if (const std::string list = alpn_list(protocols);
      !list.empty() && ::SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(list.data()),
                                                 static_cast<unsigned int>(list.size())) != 0) {
    throw std::bad_alloc();
  }
  ::ERR_clear_error();
  return made;
}

ClientContext::~ClientContext() = default;

SslPtr ClientContext::make(std::string_view host, std::size_t worker) const {
  ::ERR_clear_error();
  SslPtr made(::SSL_new(contexts_[worker % contexts_.size()].get()));
  if (!made) return nullptr;
  ::SSL_set_connect_state(made.get());
  std::string name = canonical_name(options_.name.empty() ? host : options_.name);
  const bool address = is_ip_address(name);
  if (address) name.resize(std::min(name.find('%'), name.size()));  // a zone is this machine's own matter
  // The path of a Unix socket is no name either.
  const bool nameless = address || name.empty() || name.find('/') != std::string::npos;
  const bool good = (options_.verify != ClientOptions::Verify::full || expect(made.get(), name, address)) &&
                    (nameless || ask_for(made.get(), name));
  ::ERR_clear_error();
  if (!good) return nullptr;
  return made;
}

}  // namespace weir::tls
