#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "client/fetch/url.hpp"

namespace weir::load {

/// Certificates are checked against the PEM file, or the system's where it is empty. Throws std::runtime_error when the
/// file cannot be used.
boost::asio::ssl::context make_tls_context(const std::string& ca_file, bool insecure);

/// Prepares a connection to the URL's host: the name to ask for (SNI), and the one that the certificate must be for.
/// Throws std::runtime_error when OpenSSL has no memory for it.
void expect_host(SSL* tls, const Url& url);

/// Why the handshake failed: what is wrong with the certificate, or OpenSSL's reason for the error.
std::string handshake_failure(const SSL* tls, const boost::system::error_code& error);

}  // namespace weir::load
