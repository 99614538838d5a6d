#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/endpoint.hpp"
#include "common/ip_address.hpp"
#include "common/tls/facts.hpp"

namespace weir {

/// How a connection ended: the one list that records, metrics and documents share. The first cause wins.
enum class SessionEnd : std::uint8_t {
  client_closed,          ///< both directions ended in order, the client's FIN first; or its FIN came before a backend
  server_closed,          ///< both directions ended in order, the backend's FIN first
  client_truncated,       ///< the client's FIN came without close_notify; `tls.truncation` says what became of it
  server_truncated,       ///< the backend's did
  client_reset,           ///< RST from the client
  server_reset,           ///< RST from the backend, or cut because it went down (`on_down: reset`)
  client_timeout,         ///< the client's TCP gave up (ETIMEDOUT: keepalive, retransmission)
  server_timeout,         ///< the backend's TCP gave up
  idle_timeout,           ///< no byte either way for `timeouts.idle`
  half_close_timeout,     ///< no byte either way for `timeouts.half_close` after one FIN
  lifetime,               ///< `timeouts.lifetime` passed
  tls_error,              ///< a broken record or an alert after the handshake, of either side
  connect_failed,         ///< no backend took the connection within `connect.attempts`
  server_tls_failed,      ///< no TLS handshake with a backend succeeded within `connect.attempts`
  server_tls_untrusted,   ///< the backend's certificate could not be trusted
  server_tls_refused,     ///< the backend says that it speaks no TLS (STARTTLS)
  no_backend,             ///< no backend was up for `queue.timeout`
  queue_timeout,          ///< all backends were full for `queue.timeout`
  queue_full,             ///< all backends were full, and `queue.size` connections waited already
  no_route,               ///< none of the routes is the client's, and there is no `upstream` for the rest
  refused_limit,          ///< a limit on connections was reached, of the process, the listener or the source
  refused_rate,           ///< new connections came faster than a limit allows
  refused_handshakes,     ///< no TLS handshake could begin within `timeouts.handshake`, for `tls.handshakes` were under
                          ///< way
  denied,                 ///< by the listener's `allow` and `deny`
  refused_resources,      ///< this machine had no descriptor, memory or port left
  header_timeout,         ///< the PROXY header had not come within `timeouts.header`
  bad_proxy_header,       ///< what came was not a PROXY header
  tls_not_tls,            ///< what came first was no TLS, where it must be
  tls_handshake_failed,   ///< the client's TLS and ours found nothing in common, or it sent an alert
  tls_handshake_timeout,  ///< the TLS handshake had not ended within `timeouts.handshake`
  tls_unknown_name,       ///< no certificate is for the name that the client asked for (`unknown_name: refuse`)
  tls_client_rejected,    ///< the client's certificate was refused, or it showed none
  fault_reset,            ///< a fault that was set on purpose reset both sides
  fault_end,              ///< such a fault ended both sides with a FIN
  fault_refused,          ///< such a fault reset the client as soon as it had connected
  fault_connect_failed,   ///< such a fault had no service begin
  drained,                ///< ended in order while draining, by itself or because it was idle
  shutdown,               ///< cut by a drain's end or a second signal
  killed,                 ///< cut by an operator, through the admin endpoint
  internal_error,         ///< Weir's own fault; the log says more
};
inline constexpr std::size_t kSessionEnds = static_cast<std::size_t>(SessionEnd::internal_error) + 1;

/// The name that logs and metrics use: the enumerator's.
std::string_view to_string(SessionEnd end);

/// Whether a connection that ended so did not end in order, by itself: everything but client_closed, server_closed and
/// drained; and a FIN without close_notify, which many programs send for an end.
bool is_failure(SessionEnd end);

/// A client's address in 28 bytes, because each live session keeps one. A unix client has no address to keep.
class ClientAddress {
 public:
  ClientAddress() = default;
  explicit ClientAddress(const Endpoint& endpoint);

  bool is_inet() const { return storage_.any.sa_family != AF_UNIX; }
  /// Of size 0 for a unix socket.
  Endpoint endpoint() const;
  /// Nothing for a unix socket.
  std::optional<IpAddress> ip() const { return IpAddress::of(&storage_.any); }

  /// A hash of the address without its port, the same in every process. For a unix socket it is a constant.
  std::uint64_t source_hash() const;

  /// `192.0.2.1:4711`, `[2001:db8::1]:4711`, `unix:`. An IPv4 client of a dual-stack socket (`::ffff:192.0.2.1`)
  /// reads as IPv4.
  std::string to_string() const;

 private:
  union Storage {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };

  Storage storage_{.v6 = {}};
};

/// So much is shown of what a peer wrote, which may be longer than any name; no name of DNS is.
inline constexpr std::size_t kLongestForeignText = 255;

/// What is known of the faults that a connection met.
struct FaultFacts {
  std::uint64_t number = 0;        ///< the connection's among those of its listener; its lot was drawn by it
  std::vector<std::string> names;  ///< of the faults, in the order in which it met them
};

/// The record of one connection, put together and written when it ends.
struct SessionRecord {
  std::chrono::system_clock::time_point ended_at{};
  std::chrono::microseconds duration{0};
  std::uint64_t id = 0;
  std::shared_ptr<const std::string> listener;  ///< its name
  std::shared_ptr<const std::string> backend;   ///< the last one tried; null if none was
  std::uint64_t bytes_in = 0;                   ///< read from the client, or lost before there was a backend
  std::uint64_t bytes_out = 0;                  ///< written to the client
  std::uint64_t bytes_lost = 0;                 ///< sent by either side and undeliverable
  std::optional<std::chrono::duration<std::uint32_t, std::micro>> connect_time;
  std::optional<std::uint32_t> rtt_us;       ///< tcpi_rtt of the client's side
  std::optional<std::uint32_t> retransmits;  ///< tcpi_total_retrans of the client's side
  std::uint32_t attempts = 0;
  ClientAddress client;
  std::optional<ClientAddress> proxied_client;  ///< from a PROXY header
  boost::intrusive_ptr<const tls::Facts> tls;   ///< null where the client's side had nothing to do with TLS
  std::shared_ptr<const FaultFacts> faults;     ///< null where the listener had none
  SessionEnd end = SessionEnd::internal_error;
  bool logged = true;  ///< false: kept for the admin endpoint alone; not part of the record
};

/// The record as one line without a newline, in the key order of the documentation: a JSON object, or `key=value`s.
std::string to_json(const SessionRecord& record);
std::string to_text(const SessionRecord& record);

}  // namespace weir
