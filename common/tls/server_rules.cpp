#include "common/tls/server_rules.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <new>
#include <span>
#include <stdexcept>
#include <utility>

#include "common/tls/certificate_facts.hpp"
#include "common/tls/context_parts.hpp"
#include "common/tls/ticket_keys.hpp"

namespace weir::tls {
namespace {

using RulesPtr = std::shared_ptr<const ServerRules>;
using Verify = ClientCertificateOptions::Verify;

/// PostgreSQL's, since version 17. A client that offers it speaks nothing else.
constexpr std::string_view kPostgres = "postgresql";
/// For how long who comes back is resumed.
constexpr long kTicketSeconds = 2 * 3600;

void free_rules(void*, void* rules, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<RulesPtr*>(rules); }

int rules_index() {
  static const int index = ::CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, nullptr, nullptr, nullptr, free_rules);
  return index;
}

const ServerRules& rules_of(const SSL* ssl) {
  return **static_cast<const RulesPtr*>(::SSL_CTX_get_ex_data(::SSL_get_SSL_CTX(ssl), rules_index()));
}

/// The first of ours that the client offers too (RFC 7301, 3.2). Where there is none, ALPN is as if it were not there:
/// a client that insists ends the connection itself.
int select_alpn(SSL* ssl, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                unsigned int offered_size, void*) {
  const std::string_view ours = rules_of(ssl).alpn;
  const std::string_view theirs(reinterpret_cast<const char*>(offered), offered_size);
  for (std::size_t i = 0; i < ours.size(); i += 1 + static_cast<unsigned char>(ours[i])) {
    const std::string_view mine = ours.substr(i, 1 + static_cast<unsigned char>(ours[i]));
    for (std::size_t j = 0; j < theirs.size(); j += 1 + static_cast<unsigned char>(theirs[j])) {
      if (theirs.substr(j, 1 + static_cast<unsigned char>(theirs[j])) != mine) continue;
      *chosen = offered + j + 1;
      *size = offered[j];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

/// Acknowledges the name, which is also what puts it into the session; and has the last word on the certificate.
int take_server_name(SSL* ssl, int* alert, void*) {
  const std::shared_ptr<const NameTable> names = rules_of(ssl).names.lock();
  if (!names) return SSL_TLSEXT_ERR_OK;
  const char* const name = ::SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  SSL_CTX* const context = names->find(canonical_name(name != nullptr ? name : ""));
  if (context == nullptr) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  if (context != ::SSL_get_SSL_CTX(ssl) && ::SSL_set_SSL_CTX(ssl, context) == nullptr) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  return SSL_TLSEXT_ERR_OK;
}

int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                   int sealing) {
  const ServerRules& rules = rules_of(ssl);
  return sealing == 1 ? rules.tickets->seal(name, iv, cipher, mac, rules.ticket_cipher.get())
                      : rules.tickets->open(name, iv, cipher, mac, rules.ticket_cipher.get());
}

/// Whoever has shown a certificate is resumed as long as that is valid, for nothing looks at it again.
SSL_TICKET_RETURN judge_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t,
                               SSL_TICKET_STATUS status, void*) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return SSL_TICKET_RETURN_IGNORE_RENEW;
  const X509* const client = ::SSL_SESSION_get0_peer(session);
  if (client != nullptr && ::X509_cmp_current_time(::X509_get0_notAfter(client)) < 0) {
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
  // In TLS 1.3 a ticket is for one connection (RFC 8446, C.4), so who used one gets another.
  const bool renew = status == SSL_TICKET_SUCCESS_RENEW || ::SSL_version(ssl) == TLS1_3_VERSION;
  return renew ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE;
}

bool bears_one_of(const X509* certificate, std::span<const std::string> allowed) {
  const auto is_allowed = [&](const std::string& name) {
    return std::find(allowed.begin(), allowed.end(), name) != allowed.end();
  };
  const std::vector<std::string> names = dns_names(certificate);
  return is_allowed(canonical_name(common_name(certificate))) || std::any_of(names.begin(), names.end(), is_allowed);
}

int verify_client(X509_STORE_CTX* store, void*) {
  if (::X509_verify_cert(store) != 1) return 0;
  const auto* const ssl =
      static_cast<const SSL*>(::X509_STORE_CTX_get_ex_data(store, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
  const std::vector<std::string>& allowed = rules_of(ssl).client_names;
  if (allowed.empty() || bears_one_of(::X509_STORE_CTX_get0_cert(store), allowed)) return 1;
  ::X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

void ask_for_certificates(SSL_CTX* context, const ServerRules& rules, bool required) {
  trust(context, rules.authorities);
  X509_STORE* const store = ::SSL_CTX_get_cert_store(context);
  for (const CrlPtr& list : rules.revocations) {
    if (::X509_STORE_add_crl(store, list.get()) != 1) throw std::bad_alloc();
  }
  if (!rules.revocations.empty()) ::X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  for (const X509Ptr& authority : rules.authorities) {
    if (::SSL_CTX_add_client_CA(context, authority.get()) != 1) throw std::bad_alloc();
  }
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  ::SSL_CTX_set_cert_verify_callback(context, verify_client, nullptr);
}

/// So that no field runs into the next.
void add_field(std::string& fields, std::string_view field) { fields += fmt::format("{}:{}", field.size(), field); }

std::string make_session_context(const ServerOptions& options, const ServerRules& rules,
                                 const std::set<std::string>& served) {
  std::string fields;
  add_field(fields, fmt::format("{}", static_cast<int>(options.client_certificates.verify)));
  for (const X509Ptr& authority : rules.authorities) add_field(fields, facts_of(authority.get(), {}).digest);
  add_field(fields, "revoked");
  for (const CrlPtr& list : rules.revocations) add_field(fields, facts_of(list.get(), {}).digest);
  add_field(fields, "clients");
  for (const std::string& name : rules.client_names) add_field(fields, name);
  add_field(fields, "served");
  for (const std::string& name : served) add_field(fields, name);
  return sha256(fields);
}

}  // namespace

SSL_CTX* NameTable::find(std::string_view name) const {
  if (const auto found = exact.find(name); found != exact.end()) return found->second;
  const std::size_t dot = name.find('.');
  if (dot != std::string_view::npos && dot > 0) {
    if (const auto found = below.find(name.substr(dot)); found != below.end()) return found->second;
  }
  return otherwise;
}

std::shared_ptr<ServerRules> make_server_rules(const ServerOptions& options, const std::set<std::string>& served,
                                               std::shared_ptr<const TicketKeys> tickets, OSSL_LIB_CTX* library) {
  auto rules = std::make_shared<ServerRules>();
  rules->library = library;
  std::vector<std::string> protocols = options.alpn;
  const bool postgres = options.starttls == StartTls::postgres || protocols.empty();
  if (postgres && std::find(protocols.begin(), protocols.end(), kPostgres) == protocols.end()) {
    protocols.emplace_back(kPostgres);
  }
  rules->alpn = alpn_list(protocols);
  rules->tickets = std::move(tickets);
  rules->ticket_cipher.reset(::EVP_CIPHER_fetch(library, "AES-256-CBC", nullptr));
  if (!rules->ticket_cipher) throw std::runtime_error(fmt::format("no AES-256-CBC: {}", take_openssl_error()));
  const ClientCertificateOptions& clients = options.client_certificates;
  if (clients.verify != Verify::off) {
    if (clients.ca.empty()) {
      throw std::runtime_error("client_certificates: ca is empty; name a PEM file of those who may sign them");
    }
    rules->authorities = read_certificates(clients.ca, library);
    if (!clients.crl.empty()) rules->revocations = read_revocations(clients.crl, library);
    for (const std::string& name : clients.names) rules->client_names.push_back(canonical_name(name));
  }
  rules->session_context = make_session_context(options, *rules, served);
  return rules;
}

SslContextPtr make_server_context(const ServerOptions& options, const std::shared_ptr<const ServerRules>& rules) {
  SslContextPtr context = make_context(rules->library, ::TLS_server_method(), options.min_version);
  SSL_CTX* const made = context.get();
  set_ciphers(made, options.ciphers, options.ciphersuites, options.groups);

  auto held = std::make_unique<RulesPtr>(rules);
  if (::SSL_CTX_set_ex_data(made, rules_index(), held.get()) != 1) throw std::bad_alloc();
  static_cast<void>(held.release());
  // SSL_CTX_set_tlsext_servername_callback() is this, with an old-style cast.
  ::SSL_CTX_callback_ctrl(made, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, reinterpret_cast<void (*)()>(take_server_name));
  ::SSL_CTX_set_alpn_select_cb(made, select_alpn, nullptr);

  const bool verifies = options.client_certificates.verify != Verify::off;
  if (verifies) ask_for_certificates(made, *rules, options.client_certificates.verify == Verify::required);

  const std::string& id = rules->session_context;
  ::SSL_CTX_set_session_id_context(made, reinterpret_cast<const unsigned char*>(id.data()),
                                   static_cast<unsigned int>(id.size()));
  ::SSL_CTX_set_timeout(made, kTicketSeconds);
  if (rules->tickets) {
    ::SSL_CTX_set_tlsext_ticket_key_evp_cb(made, use_ticket_key);
    ::SSL_CTX_set_session_ticket_cb(made, nullptr, judge_ticket, nullptr);
  } else {
    ::SSL_CTX_set_options(made, SSL_OP_NO_TICKET);
    ::SSL_CTX_set_num_tickets(made, 0);
  }
  return context;
}

}  // namespace weir::tls
