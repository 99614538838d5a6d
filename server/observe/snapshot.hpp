#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/observe/distribution.hpp"
#include "server/observe/handshake_result.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

using WallTime = std::chrono::system_clock::time_point;

/// What metrics call the versions.
inline constexpr std::array<std::string_view, 2> kTlsVersions{"TLSv1.2", "TLSv1.3"};

/// What a listener's clients did with TLS.
struct ListenerTlsSnapshot {
  /// Handshakes that succeeded, by the version and by whether a session was resumed.
  std::array<std::array<std::uint64_t, 2>, kTlsVersions.size()> done{};
  std::array<std::uint64_t, kHandshakeResults> failed{};  ///< none as `done`
  Distribution handshake_times;                           ///< of those that succeeded
  std::uint64_t in_progress = 0;
  std::uint64_t waiting = 0;  ///< for their handshake to begin
  std::uint64_t key_updates = 0;
  std::uint64_t truncated = 0;  ///< FINs without close_notify
};

/// What an upstream's connections to one backend did with TLS.
struct BackendTlsSnapshot {
  std::array<std::uint64_t, kBackendHandshakeResults> handshakes{};
  std::uint64_t truncated = 0;  ///< FINs without close_notify
};

/// A certificate that is in use.
struct CertificateSnapshot {
  std::string name;  ///< the first that it names
  std::string file;  ///< as the configuration says
  WallTime expires{};
};

/// TLS as far as the whole process shares it.
struct TlsSnapshot {
  std::vector<CertificateSnapshot> certificates;
  std::uint64_t reloads = 0;         ///< of certificates, CAs and CRLs whose files had changed
  std::uint64_t failed_reloads = 0;  ///< the old ones stayed
  std::uint64_t tickets_accepted = 0;
  std::uint64_t tickets_unknown = 0;  ///< whose key is not known, or not any more
};

/// What is done to a listener's connections on purpose.
struct ListenerFaultsSnapshot {
  std::uint64_t active = 0;                         ///< faults that are on
  std::optional<std::chrono::milliseconds> left{};  ///< until the last of them goes; nothing: one stays, or none is on
  std::map<std::string, std::uint64_t> met{};       ///< how often connections met one, by its kind; every kind
};

/// A listener's state and counts at one moment. A value: whoever renders it needs nothing of the running daemon.
struct ListenerSnapshot {
  std::string name;
  std::string service;             ///< echo, discard, proxy
  std::string upstream;            ///< of a proxy; else empty
  std::vector<std::string> bound;  ///< the addresses that it listens on; none once its sockets are closed
  bool drained = false;            ///< its sockets are closed, by an operator's wish
  std::uint64_t accepted = 0;      ///< connections, refused ones included
  std::uint64_t active = 0;        ///< of these, the ones that have not ended
  std::array<std::uint64_t, kSessionEnds> ended{};
  std::uint64_t bytes_in = 0;                          ///< read from clients
  std::uint64_t bytes_out = 0;                         ///< written to clients
  Distribution durations;                              ///< of the connections that ended
  std::map<std::string, std::uint64_t> accept_errors;  ///< by the name of the errno, such as EMFILE
  /// By the limit, those that refused nobody too: process_connections, process_rate, listener_connections,
  /// listener_rate, source_connections, source_rate, rules, trusted.
  std::map<std::string, std::uint64_t> refusals;
  std::optional<ListenerTlsSnapshot> tls;        ///< nothing: it terminates none
  std::optional<ListenerFaultsSnapshot> faults;  ///< nothing: the configuration allows none

  std::uint64_t ended_as(SessionEnd end) const { return ended[static_cast<std::size_t>(end)]; }
};

enum class BackendState : std::uint8_t {
  up,        ///< gets new connections
  down,      ///< its checks fail
  checking,  ///< its first check is still to come
  ejected,   ///< left out for a while, because connects failed
  drained,   ///< gets no new connections, by an operator's wish
  left,      ///< its name stands for it no more; it still has connections
};
inline constexpr std::size_t kBackendStates = static_cast<std::size_t>(BackendState::left) + 1;
std::string_view to_string(BackendState state);

/// A backend's state and counts at one moment.
struct BackendSnapshot {
  std::string name;   ///< its address: what records, metrics and the API call it
  std::string entry;  ///< what the configuration says: its address, or the name that stands for it
  BackendState state = BackendState::up;
  WallTime since{};     ///< when it came into that state
  std::string why;      ///< for people: how it came into that state
  bool healthy = true;  ///< what its checks say, whatever `state` is
  bool backup = false;
  double share = 0;          ///< of the weights of all backends that get new connections now, 0 to 1
  std::uint32_t weight = 1;  ///< configured
  std::uint32_t active = 0;
  std::uint32_t max_connections = 0;                      ///< 0 = no limit
  std::uint64_t connects = 0;                             ///< that succeeded
  std::map<std::string, std::uint64_t> connect_failures;  ///< by the name of the errno, such as ECONNREFUSED
  std::uint64_t bytes_to = 0;                             ///< written to the backend
  std::uint64_t bytes_from = 0;                           ///< read from it
  std::uint64_t checks_passed = 0;
  std::uint64_t checks_failed = 0;
  std::uint64_t ejections = 0;
  Distribution connect_times;
  std::optional<BackendTlsSnapshot> tls;  ///< nothing: it is spoken to in the clear
};

struct UpstreamSnapshot {
  std::string name;
  std::string balance;
  std::uint64_t waiting = 0;     ///< connections that wait for a backend
  std::uint32_t queue_size = 0;  ///< how many may
  Distribution queue_waits;      ///< of those that waited
  std::vector<BackendSnapshot> backends;
};

struct WorkerSnapshot {
  double busy_ratio = 0;  ///< CPU time of both its threads by wall time, 1 at most, since it was last asked
  std::uint64_t connections = 0;
  double loop_lag = 0;      ///< seconds that the last probe waited for its turn
  std::uint64_t pipes = 0;  ///< that streams borrow now
};

struct ProcessSnapshot {
  std::uint64_t pid = 0;
  WallTime started{};
  WallTime config_loaded{};
  std::string config_file;  ///< empty where there is none
  std::string config_hash;  ///< of the effective configuration, 16 hex digits
  double cpu_seconds = 0;   ///< of user and system
  std::uint64_t descriptors = 0;
  std::uint64_t descriptor_limit = 0;
  std::uint64_t connection_limit = 0;  ///< if all further ones are of the kind that takes most; 0 = none
  std::uint64_t resident_bytes = 0;
  std::uint64_t lost_log_lines = 0;
  std::uint64_t lost_records = 0;
};

/// The daemon's state at one moment.
struct ServerSnapshot {
  WallTime time{};
  bool ready = false;  ///< every listener accepts that is not drained, and no drain of the daemon has begun
  bool draining = false;
  std::uint64_t active = 0;          ///< connections
  std::uint64_t ended_in_drain = 0;  ///< by themselves
  std::uint64_t cut_in_drain = 0;
  ProcessSnapshot process;
  std::optional<TlsSnapshot> tls;  ///< nothing: no listener and no upstream speaks it
  std::vector<WorkerSnapshot> workers;
  std::vector<ListenerSnapshot> listeners;  ///< in the order of the configuration
  std::vector<UpstreamSnapshot> upstreams;  ///< likewise
};

/// `listener echo: 12 connections: client_closed=11 idle_timeout=1`.
std::string describe_ends(const ListenerSnapshot& listener);

}  // namespace weir
