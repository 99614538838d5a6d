#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// What TLS is configured by, on either side, as plain structs whose initialisers are the defaults. The daemon's
/// configuration has them as they are.
namespace weir::tls {

/// The oldest version that is spoken.
enum class Version : std::uint8_t { tls12, tls13 };

/// A protocol that begins in the clear and then asks for TLS.
enum class StartTls : std::uint8_t { none, postgres };

/// A certificate with its chain and its key, in two PEM files, which may be the same one.
struct CertificateOptions {
  std::string certificate;
  std::string key;
  std::vector<std::string> names;  ///< for which SNI names it is shown; none = those that it names itself

  bool operator==(const CertificateOptions&) const = default;
};

/// Whether clients must show a certificate.
struct ClientCertificateOptions {
  enum class Verify : std::uint8_t { off, optional, required };

  Verify verify = Verify::off;     ///< `optional` serves who shows none, and refuses one that is not trusted
  std::string ca;                  ///< a PEM file of those who may sign them
  std::string crl;                 ///< a PEM file of those that were revoked; empty = none
  std::vector<std::string> names;  ///< common names or DNS names that may come in; none = all that are trusted

  bool operator==(const ClientCertificateOptions&) const = default;
};

/// How a listener speaks TLS.
struct ServerOptions {
  enum class UnknownName : std::uint8_t { use_default, refuse };
  enum class Plaintext : std::uint8_t { refuse, allow };
  enum class Truncation : std::uint8_t { end, reset };

  std::vector<CertificateOptions> certificates;  ///< the first is the default
  UnknownName unknown_name = UnknownName::use_default;
  StartTls starttls = StartTls::none;
  Plaintext plaintext = Plaintext::refuse;
  Version min_version = Version::tls12;
  std::string ciphers;       ///< of TLS 1.2, in OpenSSL's words; empty = Mozilla's intermediate ones
  std::string ciphersuites;  ///< of TLS 1.3
  std::string groups;        ///< for the key exchange
  std::vector<std::string> alpn;
  ClientCertificateOptions client_certificates;
  Truncation truncation = Truncation::end;  ///< what a FIN without close_notify means, of either side

  bool operator==(const ServerOptions&) const = default;
};

/// How an upstream is spoken to.
struct ClientOptions {
  enum class Verify : std::uint8_t { full, chain, none };

  Verify verify = Verify::full;  ///< `full` is chain and name
  std::string ca = "system";     ///< a PEM file, or the certificates of the system
  std::string name;              ///< what the certificate must name, and the SNI; empty = the backend's host
  std::string certificate;       ///< a PEM file of ours, if the backend asks for one
  std::string key;
  StartTls starttls = StartTls::none;
  std::vector<std::string> alpn;
  Version min_version = Version::tls12;

  bool operator==(const ClientOptions&) const = default;
};

/// What a PROXY header of version 2 may say of the client's TLS.
enum class Tlv : std::uint8_t { authority, alpn, ssl, certificate };

/// The keys of session tickets.
struct TicketKeyOptions {
  std::string file;  ///< of 80-byte keys, for a fleet; empty = random ones
  std::chrono::milliseconds rotate{std::chrono::hours{12}};

  bool operator==(const TicketKeyOptions&) const = default;
};

}  // namespace weir::tls
