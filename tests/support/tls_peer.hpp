#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/certificate.hpp"
#include "tests/support/peer.hpp"

namespace weir::test {

/// The serving side of TLS over a connection, with blocking calls that throw std::runtime_error where the other side
/// fails.
class TlsPeer {
 public:
  /// Does the handshake. The connection must outlive it. The calling thread holds SIGPIPE from then on.
  TlsPeer(Peer& client, const Certificate& certificate);
  ~TlsPeer();

  /// Everything up to and with the text.
  std::string receive_until(std::string_view end);
  void send_all(std::string_view bytes);
  /// Sends close_notify. Without it, the end of the connection looks like a truncation.
  void close_notify();

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace weir::test
