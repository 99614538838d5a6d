#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/tls/certificate_facts.hpp"
#include "common/tls/openssl.hpp"
#include "common/tls/options.hpp"

namespace weir::tls {

struct NameTable;
class TicketKeys;

/// What a listener terminates TLS with, made of its options and of what the files held at one moment. Does not change;
/// those that were made from it live on without it. Any thread.
///
/// There is one of everything for each of libraries(), as they were when it was made, and a worker is best served by
/// its own.
class ServerContexts {
 public:
  /// Reads the files. Throws std::runtime_error, whose text names the file, what is wrong and the remedy. Null
  /// `tickets` = nobody is resumed.
  ServerContexts(const ServerOptions& options, const std::shared_ptr<const TicketKeys>& tickets);
  ServerContexts(const ServerContexts&) = delete;
  ServerContexts& operator=(const ServerContexts&) = delete;
  ~ServerContexts();

  /// A server's end of a connection with the certificate for that name (lower case, without a trailing dot; "" for
  /// none). Null where no certificate is for it and the options refuse unknown names, and where there is no memory.
  /// OpenSSL looks the name of the ClientHello up once more, and what it finds counts.
  SslPtr make(std::string_view server_name, std::size_t worker = 0) const;
  /// Whether a certificate is for the name, or the default one may be shown to who asks for it. "" never is known where
  /// unknown names are refused: who names nothing sees no certificate.
  bool knows(std::string_view server_name) const;

  /// Of the certificates in the order of the options, then of the lists of revoked ones.
  const std::vector<CertificateFacts>& certificates() const { return facts_; }
  /// What works otherwise than somebody may expect: a certificate that is never shown.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::shared_ptr<const NameTable> make_table(const ServerOptions& options,
                                              const std::shared_ptr<const TicketKeys>& tickets, OSSL_LIB_CTX* library);

  std::vector<std::shared_ptr<const NameTable>> tables_;  ///< one for each library
  std::vector<CertificateFacts> facts_;
  std::vector<std::string> notes_;
};

/// What an upstream is spoken to with. As ServerContexts.
class ClientContext {
 public:
  explicit ClientContext(const ClientOptions& options);
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;
  ~ClientContext();

  /// A client's end of a connection to a backend that is called `host`, a name or an address without a port. Null where
  /// there is no memory, or OpenSSL does not take the host.
  SslPtr make(std::string_view host, std::size_t worker = 0) const;

  /// Of its own certificate, if it has one.
  const std::vector<CertificateFacts>& certificates() const { return facts_; }
  /// What works otherwise than somebody may expect: nobody is trusted.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  SslContextPtr make_one(OSSL_LIB_CTX* library);

  const ClientOptions options_;
  std::vector<SslContextPtr> contexts_;  ///< one for each library
  std::vector<CertificateFacts> facts_;
  std::vector<std::string> notes_;
};

}  // namespace weir::tls
