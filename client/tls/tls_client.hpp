#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "client/measure/failure.hpp"
#include "client/tls/tls_options.hpp"
#include "client/tls/transport.hpp"
#include "common/address.hpp"
#include "common/net.hpp"
#include "common/tls/contexts.hpp"
#include "common/tls/resumption.hpp"

namespace weir::load {

/// What became of a handshake: done, failed, or given up because the run ended (neither).
struct TlsHandshake {
  bool done = false;
  bool resumed = false;
  io::Clock::duration took{0};
  Failure failure = Failure::none;
  std::string detail;  ///< of the failure
};

/// What the connections of one thread have in common that speak TLS with one target. One for each thread, for threads
/// that share OpenSSL's objects wait for each other. Its loop's thread, after it was made.
class TlsClient {
 public:
  /// Keeps so many sessions, if any are to be resumed. Throws std::runtime_error where a file cannot be used; the text
  /// names it.
  TlsClient(const TlsOptions& options, const Address& target, std::size_t sessions);

  /// Makes a handshake over a transport whose socket stands; `number` says which session it may resume. When it did not
  /// succeed, the transport is closed. `running` is asked each time the slot wakes.
  net::awaitable<TlsHandshake> shake_hands(Transport& transport, io::Slot& slot, std::uint64_t number,
                                           std::chrono::microseconds timeout, const std::function<bool()>& running);

 private:
  const std::string host_;
  const tls::ClientContext context_;
  std::vector<tls::ResumableSession> sessions_;
  tls::Buffers buffers_;
};

/// `TLSv1.3, TLS_AES_128_GCM_SHA256`, and with the protocol that was chosen: `…, ALPN h2`.
std::string agreed_on(const tls::Stream& stream);
/// Without TLS nothing is agreed on.
inline std::string agreed_on(const io::Stream& /*stream*/) { return {}; }

}  // namespace weir::load
