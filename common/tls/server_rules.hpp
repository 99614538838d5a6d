#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/tls/openssl.hpp"
#include "common/tls/options.hpp"

namespace weir::tls {

class TicketKeys;

/// A listener's contexts by the names that they are for. They all follow the same rules.
struct NameTable {
  using Names = std::map<std::string, SSL_CTX*, std::less<>>;

  std::vector<SslContextPtr> contexts;
  Names exact;
  Names below;                   ///< `.db.example` for `*.db.example`
  SSL_CTX* otherwise = nullptr;  ///< null: unknown names are refused

  /// Exact, then the wildcard of one label, then the default.
  SSL_CTX* find(std::string_view name) const;
};

/// What the callbacks of a listener's contexts follow.
struct ServerRules {
  std::string alpn;                       ///< as on the wire, the one that we like best first
  std::vector<std::string> client_names;  ///< canonical; none = all
  std::shared_ptr<const TicketKeys> tickets;
  OSSL_LIB_CTX* library = nullptr;       ///< of all that is here
  CipherPtr ticket_cipher;               ///< looked up once, for OpenSSL takes locks to look it up
  std::weak_ptr<const NameTable> names;  ///< gone = those of a connection's own context stay
  std::vector<X509Ptr> authorities;      ///< who may sign clients' certificates
  std::vector<CrlPtr> revocations;
  /// Tickets are taken where it is the same: what clients must show, and the names that are served.
  std::string session_context;
};

/// Reads the files of the client certificates.
std::shared_ptr<ServerRules> make_server_rules(const ServerOptions& options, const std::set<std::string>& served,
                                               std::shared_ptr<const TicketKeys> tickets, OSSL_LIB_CTX* library);

/// A context that follows the rules, and has no certificate yet.
SslContextPtr make_server_context(const ServerOptions& options, const std::shared_ptr<const ServerRules>& rules);

}  // namespace weir::tls
