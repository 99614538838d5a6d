#pragma once

#include <string>

#include "common/tls/openssl.hpp"

namespace weir::test {

/// How the handshake of two ends ended that only have memory between them.
struct MemoryHandshake {
  bool client_done = false;
  bool server_done = false;
  std::string client_error;  ///< OpenSSL's reason
  std::string server_error;

  bool done() const { return client_done && server_done; }
};

/// Until neither gets any further. The ends keep the memory between them, for what they say afterwards.
MemoryHandshake shake_hands(SSL* client, SSL* server);

/// Lets the client read what came behind the handshake: tickets, and alerts about its certificate. OpenSSL's reason, if
/// that was an error.
std::string read_tickets(SSL* client);

/// A client's context that trusts the PEM file alone, or nobody and checks nothing where it is empty.
tls::SslContextPtr bare_client(const std::string& ca_file = {});
/// A server's with the two files.
tls::SslContextPtr bare_server(const std::string& certificate, const std::string& key);
/// An end of the context that asks for this name.
tls::SslPtr client_end(SSL_CTX* context, std::string name);

}  // namespace weir::test
