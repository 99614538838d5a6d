#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/tls/openssl.hpp"
#include "common/tls/options.hpp"

namespace weir::tls {

class TicketKeys;

/// What a listener terminates TLS with, made of its options and of what the files held at one moment. Does not change;
/// those that were made from it live on without it. Any thread.
class ServerContexts {
 public:
  /// Reads the files. Throws std::runtime_error, whose text names the file, what is wrong and the remedy.
  ServerContexts(const ServerOptions& options, std::shared_ptr<const TicketKeys> tickets);
  ~ServerContexts();

  /// A server's end of a connection with the certificate for that name (lower case, without a trailing dot; "" for
  /// none). Null where no certificate is for it and the options refuse unknown names, and where there is no memory.
  SslPtr make(std::string_view server_name) const;
  /// Whether make() would find a certificate.
  bool knows(std::string_view server_name) const;
};

/// What an upstream is spoken to with. As ServerContexts.
class ClientContext {
 public:
  explicit ClientContext(const ClientOptions& options);
  ~ClientContext();

  /// A client's end of a connection to a backend that is called `host`, a name or an address without a port.
  SslPtr make(std::string_view host) const;
};

}  // namespace weir::tls
