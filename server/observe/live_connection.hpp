#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ip_address.hpp"
#include "common/tls/facts.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

/// What a connection is doing.
enum class ConnectionStage : std::uint8_t {
  header,       ///< waits for the PROXY header
  handshake,    ///< TLS on the client's side
  connecting,   ///< looks for a backend, queues for one or connects to it
  carrying,     ///< both directions are open
  half_closed,  ///< one side has sent a FIN
  delivering,   ///< one side failed, and the other gets what it had sent
};
std::string_view to_string(ConnectionStage stage);

/// What is shown of a live connection's TLS on the client's side.
struct LiveTls {
  std::string version;  ///< `TLSv1.3`; empty before the handshake, and where it is passed through
  std::string sni;      ///< fit for any reader; empty where the client asked for no name
};
LiveTls live_tls(const tls::Facts& facts);

/// A connection that lives, as it stood when its worker looked at it. A value.
struct LiveConnection {
  std::uint64_t id = 0;
  std::string listener;
  std::string upstream;                        ///< of a proxy; else empty
  std::shared_ptr<const std::string> backend;  ///< null where it has none yet
  ClientAddress client;
  std::optional<ClientAddress> proxied_client;
  std::optional<LiveTls> tls;                ///< nothing: its client's side has nothing to do with TLS
  std::shared_ptr<const FaultFacts> faults;  ///< null where its listener had none since it looked
  ConnectionStage stage = ConnectionStage::header;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  /// Bytes a second, over the time since it was last looked at; nothing where that is not known yet.
  std::optional<double> rate_in;
  std::optional<double> rate_out;
  std::chrono::milliseconds age{0};
  std::chrono::milliseconds idle{0};  ///< since a byte last moved
  std::optional<std::chrono::duration<std::uint32_t, std::micro>> connect_time;
  std::uint32_t attempts = 0;
  std::optional<std::uint32_t> rtt_us;
  std::optional<std::uint32_t> retransmits;
  /// What has been read for a side and not acknowledged by it: kept by Weir, and in the send queue of its socket.
  std::uint64_t kept_for_client = 0;
  std::uint64_t kept_for_backend = 0;
  std::uint32_t worker = 0;

  /// Who holds the connection up: `client` or `backend`, the side for which Weir itself keeps bytes because its socket
  /// takes no more; empty where neither does.
  std::string_view slow_side;
};

/// Which connections are asked for, in which order.
struct ConnectionQuery {
  enum class Sort : std::uint8_t { id, age, idle, rate, bytes, kept, rtt, retransmits };

  std::string listener{};  ///< empty = any
  std::string upstream{};
  std::string backend{};
  std::string source{};  ///< an address or a CIDR range of the client, proxied or not
  std::chrono::milliseconds min_age{0};
  std::chrono::milliseconds min_idle{0};
  double min_rate = 0;  ///< bytes a second, both ways together
  bool slow = false;    ///< only those with a slow side
  Sort sort = Sort::id;
  bool ascending = false;  ///< false = greatest first
  std::size_t limit = 100;
  std::size_t offset = 0;
};

/// One page of the connections that a query asks for.
struct ConnectionPage {
  std::vector<LiveConnection> connections;
  std::size_t matched = 0;  ///< how many there are on all pages
  std::size_t total = 0;    ///< how many live, whatever the query says
  bool complete = true;     ///< false: a worker did not answer in time or had no memory, and connections are missing
};

/// A source and what it holds. A source is an IPv4 address or an IPv6 /64.
struct SourceSummary {
  std::string source;
  std::size_t connections = 0;
  std::uint64_t bytes_in = 0;  ///< of the connections that live
  std::uint64_t bytes_out = 0;
};

}  // namespace weir
