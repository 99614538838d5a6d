#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/config/map_reader.hpp"
#include "server/config/reading.hpp"
#include "server/config/tree_writer.hpp"

/// Kinds of values that TLS has, on either side, and the rules between its keys.
namespace weir {

/// A PEM file, as an absolute path; empty = none, where it may be left out. It is read here as well, so that its
/// mistakes are found with all others; a key is read with its certificate.
struct PemFile {
  enum class Holds { certificates, key, revocations };
  Holds holds;
  bool needed = false;

  void read(const Value& value, std::string& path, Reading& reading) const;
  void dump(TreeWriter& out, const std::string& path) const;
};

/// `ca` of an upstream: `system`, or a PEM file.
struct Authorities {
  static constexpr const char* kSystem = "system";

  void read(const Value& value, std::string& path, Reading& reading) const;
  void dump(TreeWriter& out, const std::string& path) const;
};

/// `ticket_keys.file`: a file that not everybody may read (common/tls/ticket_keys.hpp).
struct TicketKeyFile {
  void read(const Value& value, std::string& path, Reading& reading) const;
  void dump(TreeWriter& out, const std::string& path) const;
};

/// Names of servers as clients ask for them, one or a list: exact, or `*.` for one label. In lower case.
struct ServerNames {
  void read(const Value& value, std::vector<std::string>& names, Reading&) const;
  void dump(TreeWriter& out, const std::vector<std::string>& names) const;
};

/// `name` of an upstream: a name or an address that its certificate has to name; empty = the backend's own.
struct BackendName {
  void read(const Value& value, std::string& name, Reading&) const;
  void dump(TreeWriter& out, const std::string& name) const;
};

/// Common names or DNS names of clients, one or a list.
struct ClientNames {
  void read(const Value& value, std::vector<std::string>& names, Reading&) const;
  void dump(TreeWriter& out, const std::vector<std::string>& names) const;
};

/// Names of protocols (RFC 7301, 3.1), one or a list.
struct Protocols {
  static constexpr std::size_t kLongest = 255;

  void read(const Value& value, std::vector<std::string>& protocols, Reading&) const;
  void dump(TreeWriter& out, const std::vector<std::string>& protocols) const;
};

/// What OpenSSL is configured by, which says itself whether it takes it; empty = what Weir has by default.
struct OpenSslWords {
  std::string (*problem)(const std::string& words);

  void read(const Value& value, std::string& words, Reading&) const;
  void dump(TreeWriter& out, const std::string& words) const;
};

/// A certificate has its own key, in a file of its own or in that of the certificate.
void check_server_key(MapReader& map, const tls::CertificateOptions& options, Reading&);
void check_client_key(MapReader& map, const tls::ClientOptions& options, Reading&);

/// Clients' certificates need somebody who signs them, and all else needs that they are asked for.
void check_client_certificates(MapReader& map, const tls::ClientCertificateOptions& options, Reading&);

/// Who must show a certificate cannot come without TLS.
void check_plaintext(MapReader& map, const tls::ServerOptions& options, Reading&);

/// No certificate is for the path of a unix socket.
void check_backend_name(MapReader& map, const UpstreamConfig& upstream, Reading&);

/// Only version 2 of the PROXY header says anything of TLS.
void check_tlvs(MapReader& map, const UpstreamConfig& upstream, Reading&);

/// Each route can be reached, and terminates TLS only where the listener has what that needs. Routes of other listeners
/// pass it through where they say nothing.
void check_routes(MapReader& map, ListenerConfig& listener, Reading&);

/// What OpenSSL says of a section in which nothing is wrong by itself: of a certificate that is too weak, say. ""
/// where it takes it.
std::string problem_of_server(const tls::ServerOptions& options);
std::string problem_of_client(const tls::ClientOptions& options);

}  // namespace weir
