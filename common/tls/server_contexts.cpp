#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "common/printable.hpp"
#include "common/tls/context_parts.hpp"
#include "common/tls/contexts.hpp"
#include "common/tls/libraries.hpp"
#include "common/tls/server_rules.hpp"

namespace weir::tls {
namespace {

/// Certificates of different kinds of key for the same names, by their places in the options.
using Group = std::vector<std::size_t>;

struct Served {
  Identity identity;
  std::vector<std::string> names;
  int kind;  ///< of its key
};

std::string checked_name(const std::string& given, const std::string& file) {
  std::string name = canonical_name(given);
  const bool wildcard = name.starts_with("*.") && name.size() > 2;
  if (name.empty() || name.find('*', wildcard ? 1 : 0) != std::string::npos) {
    throw std::runtime_error(fmt::format("names of {}: {} is no name; write one such as db.example, or *.db.example",
                                         in_quotes(file), in_quotes(given)));
  }
  return name;
}

std::vector<Served> read_all(const ServerOptions& options, OSSL_LIB_CTX* library) {
  std::vector<Served> all;
  for (const CertificateOptions& each : options.certificates) {
    Served served{read_identity(each.certificate, each.key, library), {}, 0};
    served.kind = ::EVP_PKEY_get_base_id(served.identity.key.get());
    for (const std::string& name : each.names) served.names.push_back(checked_name(name, each.certificate));
    if (each.names.empty()) served.names = names_of(served.identity.certificate.get());
    all.push_back(std::move(served));
  }
  return all;
}

/// Those that are for the name, the first of each kind.
Group group_of(const std::vector<Served>& all, const std::string& name) {
  Group group;
  std::set<int> kinds;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool meant = std::find(all[i].names.begin(), all[i].names.end(), name) != all[i].names.end();
    if (meant && kinds.insert(all[i].kind).second) group.push_back(i);
  }
  return group;
}

/// The first, and those of other kinds that are for all the names that it is for.
Group default_group(const std::vector<Served>& all) {
  Group group{0};
  std::set<int> kinds{all.front().kind};
  for (std::size_t i = 1; i < all.size() && !all.front().names.empty(); ++i) {
    const bool pair = std::all_of(all.front().names.begin(), all.front().names.end(), [&](const std::string& name) {
      return std::find(all[i].names.begin(), all[i].names.end(), name) != all[i].names.end();
    });
    if (pair && kinds.insert(all[i].kind).second) group.push_back(i);
  }
  return group;
}

/// Whether one of the ciphers of TLS 1.2 is for a key of this kind.
bool has_cipher_for(const SSL_CTX* context, int kind) {
  const bool rsa = kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS;
  const STACK_OF(SSL_CIPHER)* const ciphers = ::SSL_CTX_get_ciphers(context);
  for (int i = 0; i < count_of(ciphers); ++i) {
    const int authentication = ::SSL_CIPHER_get_auth_nid(item_of<const SSL_CIPHER>(ciphers, i));
    if (authentication == (rsa ? NID_auth_rsa : NID_auth_ecdsa)) return true;
  }
  return false;
}

/// Whether one of them has signed the list.
bool is_signed_by(X509_CRL* list, const std::vector<X509Ptr>& authorities) {
  const bool found = std::any_of(authorities.begin(), authorities.end(), [list](const X509Ptr& authority) {
    return ::X509_NAME_cmp(::X509_get_subject_name(authority.get()), ::X509_CRL_get_issuer(list)) == 0 &&
           ::X509_CRL_verify(list, ::X509_get0_pubkey(authority.get())) == 1;
  });
  ::ERR_clear_error();
  return found;
}

}  // namespace

ServerContexts::ServerContexts(const ServerOptions& options, const std::shared_ptr<const TicketKeys>& tickets) {
  if (options.certificates.empty()) throw std::runtime_error("certificates: TLS needs at least one");
  for (OSSL_LIB_CTX* const library : libraries()) {
    facts_.clear();
    notes_.clear();
    tables_.push_back(make_table(options, tickets, library));
  }
}

std::shared_ptr<const NameTable> ServerContexts::make_table(const ServerOptions& options,
                                                            const std::shared_ptr<const TicketKeys>& tickets,
                                                            OSSL_LIB_CTX* library) {
  const std::vector<Served> all = read_all(options, library);
  const auto table = std::make_shared<NameTable>();
  for (const Served& served : all) {
    facts_.push_back(facts_of(served.identity.certificate.get(), served.identity.file));
  }
  std::set<std::string> names;
  for (const Served& served : all) names.insert(served.names.begin(), served.names.end());
  const std::shared_ptr<ServerRules> rules = make_server_rules(options, names, tickets, library);
  rules->names = table;
  for (const CrlPtr& list : rules->revocations) {
    facts_.push_back(facts_of(list.get(), options.client_certificates.crl));
    if (is_signed_by(list.get(), rules->authorities)) continue;
    notes_.push_back(
        fmt::format("client_certificates.crl: the {} in {} are by nobody in ca, so they count only "
                    "for clients who show such an authority themselves; add the lists of those in ca",
                    in_quotes(facts_.back().name), in_quotes(facts_.back().file)));
  }

  std::map<Group, SSL_CTX*> made;
  std::set<std::size_t> shown;
  std::set<std::size_t> without_cipher;
  const auto context_for = [&](const Group& group) {
    SSL_CTX*& context = made[group];
    if (context != nullptr) return context;
    context = table->contexts.emplace_back(make_server_context(options, rules)).get();
    for (const std::size_t i : group) use_identity(context, all[i].identity);
    shown.insert(group.begin(), group.end());
    const bool fits =
        std::any_of(group.begin(), group.end(), [&](std::size_t i) { return has_cipher_for(context, all[i].kind); });
    if (!fits) without_cipher.insert(group.front());
    return context;
  };
  for (const std::string& name : names) {
    SSL_CTX* const context = context_for(group_of(all, name));
    if (name.starts_with("*.")) {
      table->below.emplace(name.substr(1), context);
    } else {
      table->exact.emplace(name, context);
    }
  }
  SSL_CTX* const first = context_for(default_group(all));
  if (options.unknown_name == ServerOptions::UnknownName::use_default) table->otherwise = first;
  for (const std::size_t i : without_cipher) {
    if (options.min_version == Version::tls13) break;
    const bool rsa = all[i].kind == EVP_PKEY_RSA || all[i].kind == EVP_PKEY_RSA_PSS;
    notes_.push_back(
        fmt::format("ciphers: none of them is for the kind of key in {}, so it serves no client of TLS "
                    "1.2; add ECDHE-{}-AES128-GCM-SHA256, or leave them out",
                    in_quotes(all[i].identity.file), rsa ? "RSA" : "ECDSA"));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (shown.contains(i)) continue;
    notes_.push_back(fmt::format("{} is never shown: {}", in_quotes(all[i].identity.file),
                                 all[i].names.empty() ? "it names nothing; give it names"
                                                      : "those before it, with the same kind of key, have its names"));
  }
  return table;
}

ServerContexts::~ServerContexts() = default;

SslPtr ServerContexts::make(std::string_view server_name, std::size_t worker) const {
  SSL_CTX* const context = tables_[worker % tables_.size()]->find(server_name);
  if (context == nullptr) return nullptr;
  ::ERR_clear_error();
  SslPtr made(::SSL_new(context));
  if (made) ::SSL_set_accept_state(made.get());
  ::ERR_clear_error();
  return made;
}

bool ServerContexts::knows(std::string_view server_name) const { return tables_.front()->find(server_name) != nullptr; }

}  // namespace weir::tls
