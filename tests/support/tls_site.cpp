#include "tests/support/tls_site.hpp"

#include "tests/support/configs.hpp"

namespace weir::test {

TlsSite::TlsSite() : ca_(dir_.write("ca.pem", authority_.certificate())), entry_(entry("site", certificate_)) {}

std::string TlsSite::entry(std::string_view stem, const Certificate& certificate, const std::string& more) const {
  const CertificateFiles files = write_files(dir_, stem, certificate);
  return "{certificate: " + files.certificate + ", key: " + files.key + with(more) + "}";
}

std::string TlsSite::listener(const std::string& more) const { return listener_with(entry_, more); }

std::string TlsSite::listener_with(const std::string& entries, const std::string& more) const {
  return "tls: {certificates: [" + entries + "]" + with(more) + "}";
}

std::string TlsSite::upstream(const std::string& more) const {
  return "tls: {ca: " + ca_ + ", name: backend.test" + with(more) + "}";
}

TlsOptions TlsSite::client(TlsOptions options) const {
  options.trusted = authority_.certificate();
  if (options.name.empty()) options.name = "site.test";
  return options;
}

TlsOptions TlsSite::backend(TlsOptions options) const {
  if (options.certificate.certificate.empty()) options.certificate = backend_;
  return options;
}

TlsPeer TlsSite::connect(const Daemon& daemon, const TlsOptions& options, const std::string& listener) const {
  return {daemon.connect(listener), TlsRole::client, client(options)};
}

std::string alert_of_refusal(TlsPeer& client) {
  if (client.try_handshake()) client.receive_until_end();
  return client.alert().empty() ? "none (" + client.problem() + ")" : client.alert();
}

void Side::send_all(std::string_view bytes) { tls_ ? tls_->send_all(bytes) : plain_.send_all(bytes); }

std::string Side::receive_exactly(std::size_t size) {
  return tls_ ? tls_->receive_exactly(size) : plain_.receive_exactly(size);
}

TlsReceived Side::receive_until_end() {
  if (tls_) return tls_->receive_until_end();
  const Received received = plain_.receive_until_end();
  return {.bytes = received.bytes, .ending = received.ending};
}

TlsReceived Side::exchange(std::string_view bytes) {
  if (tls_) return tls_->exchange(bytes);
  const Received received = plain_.exchange(bytes);
  return {.bytes = received.bytes, .ending = received.ending};
}

void Side::finish() { tls_ ? tls_->finish() : plain_.shutdown_write(); }

bool in_order(Side& side, const TlsReceived& received) {
  return received.ending == Ending::fin && received.problem.empty() && received.close_notify == side.has_tls();
}

}  // namespace weir::test
