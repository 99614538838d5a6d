#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/certificates.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/tls_peer.hpp"

namespace weir::test {

/// An authority that vouches for `site.test`, which the daemon serves, and for `backend.test`, which stands behind it;
/// the files of both, and what the daemon and its clients are told of them.
class TlsSite {
 public:
  TlsSite();

  const TempDir& dir() const { return dir_; }
  const Authority& authority() const { return authority_; }
  const Certificate& certificate() const { return certificate_; }
  /// The path of the authority's certificate.
  const std::string& ca() const { return ca_; }

  /// Writes it and gives its entry of `certificates`. `more` are further keys of it.
  std::string entry(std::string_view stem, const Certificate& certificate, const std::string& more = "") const;
  /// A listener's `tls: {…}` with the certificate of site.test. `more` are further keys.
  std::string listener(const std::string& more = "") const;
  /// … with these `certificates`, which entry() made.
  std::string listener_with(const std::string& entries, const std::string& more = "") const;
  /// An upstream's `tls: {…}` that expects backend.test.
  std::string upstream(const std::string& more = "") const;

  /// A client that verifies site.test. The rest of `options` holds.
  TlsOptions client(TlsOptions options = {}) const;
  /// A backend that is backend.test.
  TlsOptions backend(TlsOptions options = {}) const;
  /// Connects to the daemon's listener and does the handshake.
  TlsPeer connect(const Daemon& daemon, const TlsOptions& options = {}, const std::string& listener = "") const;

 private:
  TempDir dir_;
  Authority authority_;
  Certificate certificate_ = authority_.server({"DNS:site.test"});
  Certificate backend_ = authority_.server({"DNS:backend.test", "IP:127.0.0.1"});
  std::string ca_;
  std::string entry_;
};

/// How a client that must be refused is told so: the alert that it gets in the handshake, or in TLS 1.3 behind it, or
/// `none (…)`.
std::string alert_of_refusal(TlsPeer& client);

/// One end of a connection through the daemon, plain or TLS, with the verbs that both have.
class Side {
 public:
  explicit Side(Peer plain) : plain_(std::move(plain)) {}
  explicit Side(TlsPeer tls) : tls_(std::move(tls)) {}

  bool has_tls() const { return tls_.has_value(); }
  TlsPeer& tls() { return *tls_; }
  Peer& socket() { return tls_ ? tls_->socket() : plain_; }

  void send_all(std::string_view bytes);
  std::string receive_exactly(std::size_t size);
  TlsReceived receive_until_end();
  TlsReceived exchange(std::string_view bytes);
  /// Ends its direction in order: with a FIN, and close_notify before it.
  void finish();
  void reset() { socket().reset(); }

 private:
  Peer plain_;
  std::optional<TlsPeer> tls_;
};

/// Whether a side saw an end in order, as TLS or TCP have it.
bool in_order(Side& side, const TlsReceived& received);

}  // namespace weir::test
