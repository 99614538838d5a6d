#pragma once

#include <string>
#include <vector>

#include "common/tls/options.hpp"

namespace weir::load {

/// How the connections of a run speak TLS.
struct TlsOptions {
  std::string ca_file;            ///< PEM, of those who may sign the target's certificate; empty: the system's
  bool insecure = false;          ///< the certificate is not looked at
  std::string name;               ///< to ask for (SNI) and to be certified; empty: the target's host
  std::vector<std::string> alpn;  ///< protocols to offer, preferred ones first
  bool resume = false;            ///< each connection resumes a session of one before it, where the target lets it
  std::string certificate;        ///< PEM, to show to a target that asks for one; empty: none
  std::string key;                ///< PEM, of that certificate

  tls::ClientOptions to_client_options() const {
    tls::ClientOptions options;
    options.verify = insecure ? tls::ClientOptions::Verify::none : tls::ClientOptions::Verify::full;
    if (!ca_file.empty()) options.ca = ca_file;
    options.name = name;
    options.certificate = certificate;
    options.key = key;
    options.alpn = alpn;
    return options;
  }

  bool operator==(const TlsOptions&) const = default;
};

}  // namespace weir::load
