#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/endpoint.hpp"
#include "common/faults/fault.hpp"
#include "common/io/tcp_options.hpp"
#include "common/proxy_protocol.hpp"
#include "common/tls/options.hpp"
#include "common/units.hpp"

/// The daemon's configuration as plain structs whose initialisers are the defaults. It is loaded and validated once
/// (config_loader.hpp), then only read. config_keys.hpp gives each field its key; `config/reference.yaml` shows every
/// key, and tests hold the three together. A duration or a count of zero means "no limit" everywhere.
namespace weir {

using std::chrono::milliseconds;

enum class LogLevel { trace, debug, info, warning, error, off };
enum class LogFormat { text, json };

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::string file = "-";  ///< "-" is stderr

  bool operator==(const LogConfig&) const = default;
};

struct AccessLogConfig {
  enum class Only { all, failed };

  bool enabled = true;
  LogFormat format = LogFormat::text;
  std::string file = "-";    ///< "-" is stderr
  std::uint32_t sample = 1;  ///< every n-th connection of a worker gets its record written
  Only only = Only::all;     ///< `failed`: each that failed; of the others every n-th, and none where n is 1

  bool operator==(const AccessLogConfig&) const = default;
};

/// How a relay's bytes move. `automatic` splices streams and copies the rest; the others are for tests and for the
/// curious.
struct RelayConfig {
  enum class Splice { automatic, always, never };
  Splice splice = Splice::automatic;

  bool operator==(const RelayConfig&) const = default;
};

/// Bytes a second that may come from clients and go to them.
struct ByteRates {
  std::uint64_t in = 0;   ///< from the client
  std::uint64_t out = 0;  ///< to the client

  bool operator==(const ByteRates&) const = default;
};

/// How fast bytes may pass through a listener.
struct BandwidthConfig {
  ByteRates all;                    ///< of all its connections together
  std::uint64_t burst = 64 * 1024;  ///< bytes that may pass at once after a pause, of each of these rates
  ByteRates per_connection;
  ByteRates per_source;

  bool operator==(const BandwidthConfig&) const = default;
};

/// Limits of a listener. A source is an IPv4 address or an IPv6 /64.
struct ScopeLimits {
  std::uint32_t connections = 0;  ///< at once
  std::uint32_t per_source = 0;   ///< connections of one source at once
  Rate rate;                      ///< of new connections
  Rate rate_per_source;
  BandwidthConfig bandwidth;

  bool operator==(const ScopeLimits&) const = default;
};

/// Who may connect: CIDR ranges, and files with one a line. Deny wins; an allow list refuses the rest.
struct AccessConfig {
  std::vector<std::string> allow;
  std::vector<std::string> deny;
  std::string allow_file;
  std::string deny_file;

  bool operator==(const AccessConfig&) const = default;
};

struct LimitsConfig {
  std::optional<std::uint64_t> connections;  ///< at once, whole process; nothing = auto, 0 = no limit
  std::uint32_t per_source = 0;              ///< connections of one source at once
  Rate rate;                                 ///< of new connections
  Rate rate_per_source;
  std::uint32_t backlog = 4096;  ///< of each listening socket; the kernel caps it at net.core.somaxconn

  bool operator==(const LimitsConfig&) const = default;
};

/// How the names of `dns` backends are looked up.
struct DnsConfig {
  std::vector<Endpoint> servers;  ///< none = the system's (resolv.conf)
  milliseconds min_ttl{std::chrono::seconds{1}};
  milliseconds max_ttl{std::chrono::minutes{5}};

  bool operator==(const DnsConfig&) const = default;
};

struct TimeoutsConfig {
  milliseconds idle{std::chrono::minutes{10}};        ///< no byte either way
  milliseconds half_close{std::chrono::seconds{30}};  ///< no byte either way after one side's FIN
  milliseconds lifetime{0};                           ///< from accept to end, whatever moves
  milliseconds header{std::chrono::seconds{5}};       ///< for a PROXY header that is due
  milliseconds handshake{std::chrono::seconds{5}};    ///< of TLS, from accept or the PROXY header to its end

  bool operator==(const TimeoutsConfig&) const = default;
};

using KeepaliveConfig = io::KeepaliveOptions;  // `keepalive: off` is enabled = false
using TcpConfig = io::TcpOptions;

struct EchoConfig {
  enum class Transform { none, upper };
  Transform transform = Transform::none;

  bool operator==(const EchoConfig&) const = default;
};

struct DiscardConfig {
  bool operator==(const DiscardConfig&) const = default;
};

/// Connections whose ClientHello asks for one of the names, and offers one of the protocols, go to that upstream.
struct RouteConfig {
  enum class Tls { terminate, pass };

  std::vector<std::string> names;  ///< exact, or `*.` for one label; none = any, also no name
  std::vector<std::string> alpn;   ///< none = any
  Tls tls = Tls::terminate;        ///< `pass` where the listener has no `tls`
  std::string upstream;            ///< the name of an UpstreamConfig

  bool operator==(const RouteConfig&) const = default;
};

struct ProxyConfig {
  std::vector<RouteConfig> routes;  ///< the first that matches
  std::string upstream;             ///< the name of an UpstreamConfig, of the rest; empty = they are refused

  /// Whether connections may go to the upstream of that name.
  bool uses(std::string_view name) const {
    return name == upstream || std::any_of(routes.begin(), routes.end(),
                                           [name](const RouteConfig& route) { return route.upstream == name; });
  }

  bool operator==(const ProxyConfig&) const = default;
};

using ServiceConfig = std::variant<EchoConfig, DiscardConfig, ProxyConfig>;

/// Who may connect to a unix socket: the permissions of its file, which are set before anybody can connect.
struct UnixConfig {
  std::uint32_t mode = 0660;
  std::string owner;  ///< a name or a number; empty = the daemon's
  std::string group;

  bool operator==(const UnixConfig&) const = default;
};

/// What makes a listener one that was made while the daemon runs, and that no file has: a proxy of Toxiproxy's API.
struct MadeListener {
  std::string name;      ///< its client's for it; the listener's is made of it
  std::string listen;    ///< where its client wants it to listen
  std::string upstream;  ///< where its connections go, in the words of its client
  bool enabled = true;   ///< else it has no sockets

  bool operator==(const MadeListener&) const = default;
};

struct ListenerConfig {
  enum class ProxyHeaders { off, optional, required };

  std::string name;
  std::vector<Address> bind;
  ServiceConfig service;
  ProxyHeaders accept_proxy_protocol = ProxyHeaders::off;
  std::vector<std::string> trusted;  ///< CIDR ranges whose PROXY header is believed; none = everybody's
  ScopeLimits limits;
  AccessConfig access;
  UnixConfig unix_socket;  ///< of the binds that are paths
  TimeoutsConfig timeouts;
  TcpConfig tcp;
  std::optional<tls::ServerOptions> tls;  ///< nothing = the client's side is plain
  std::vector<faults::Fault> faults;      ///< what is done to its connections on purpose
  std::optional<MadeListener> made;       ///< nothing = it is the configuration file's

  /// Whether it is to have sockets.
  bool is_open() const { return !made || made->enabled; }

  bool has_socket_file() const {
    return std::any_of(bind.begin(), bind.end(),
                       [](const Address& address) { return address.kind == Address::Kind::unix_path; });
  }

  bool operator==(const ListenerConfig&) const = default;
};

/// A name that is looked up again and again; each of its addresses is a backend.
struct DnsName {
  enum class Record { a, srv };
  Record record = Record::a;  ///< `a` is A and AAAA
  std::string name;
  std::uint16_t port = 0;  ///< of `a`; SRV records have their own

  bool operator==(const DnsName&) const = default;
};

struct BackendConfig {
  Address address{};  ///< where there is no name to look up
  std::optional<DnsName> dns{};
  std::uint32_t weight = 1;           ///< its share compared with the others'
  std::uint32_t max_connections = 0;  ///< at once
  bool backup = false;                ///< serves only when no other is up

  bool operator==(const BackendConfig&) const = default;
};

struct ConnectConfig {
  enum class AbortOn { reset, close };

  milliseconds timeout{std::chrono::seconds{5}};  ///< of one attempt
  std::uint32_t attempts = 3;                     ///< attempts in all, distinct backends first
  milliseconds delay{500};                        ///< before each further attempt once every backend had one
  AbortOn abort_on = AbortOn::reset;              ///< what its client does to end one that has no backend yet

  bool operator==(const ConnectConfig&) const = default;
};

/// Connections that wait while every backend is full or none is up.
struct QueueConfig {
  std::uint32_t size = 1024;  ///< 0 = nobody waits
  milliseconds timeout{std::chrono::seconds{5}};

  bool operator==(const QueueConfig&) const = default;
};

/// A backend to which connects fail is left out for a while.
struct EjectConfig {
  std::uint32_t failures = 5;  ///< in a row; 0 = never
  milliseconds duration{std::chrono::seconds{10}};

  bool operator==(const EjectConfig&) const = default;
};

/// Active checks of every backend.
struct HealthConfig {
  milliseconds interval{std::chrono::seconds{2}};
  milliseconds timeout{std::chrono::seconds{1}};  ///< of one check
  std::uint32_t fall = 3;                         ///< failures in a row that take a backend down
  std::uint32_t rise = 2;                         ///< successes in a row that bring it back
  std::string send;                               ///< the bytes themselves, unescaped
  std::string expect;                             ///< must come in the answer; empty = no answer is needed

  bool operator==(const HealthConfig&) const = default;
};

struct UpstreamConfig {
  enum class OnDown { keep, reset };
  enum class Balance { round_robin, least_connections, random_two, source_hash };

  std::string name;
  Balance balance = Balance::round_robin;
  std::vector<BackendConfig> servers;
  ConnectConfig connect;
  QueueConfig queue;
  std::optional<HealthConfig> health;  ///< nothing = backends are not checked
  EjectConfig eject;
  milliseconds slow_start{0};  ///< how long a backend that comes back takes to reach its full share
  ProxyVersion send_proxy_protocol = ProxyVersion::none;
  std::vector<tls::Tlv> proxy_tlvs;       ///< what version 2 says of the client's TLS
  std::optional<tls::ClientOptions> tls;  ///< nothing = backends are spoken to in the clear
  std::vector<std::string> bind_source;   ///< local IP addresses of connections, in turn; none = the kernel's choice
  TcpConfig tcp;
  OnDown on_down = OnDown::keep;  ///< what happens to the connections of a backend that goes down

  bool operator==(const UpstreamConfig&) const = default;
};

/// TLS as far as the whole process shares it.
struct TlsConfig {
  tls::TicketKeyOptions ticket_keys;
  std::uint32_t handshakes = 16;  ///< at once, on each worker; others wait unread

  bool operator==(const TlsConfig&) const = default;
};

/// The HTTP endpoint for operators and Prometheus.
struct AdminConfig {
  Address bind{.host = "127.0.0.1", .port = 9900};
  std::string token_file;          ///< what acting from elsewhere needs (common/secret_file.hpp); empty = nobody may
  bool read_token = false;         ///< whether reading from elsewhere needs it too
  std::vector<std::string> hosts;  ///< names by which requests may call the endpoint, without a port
  UnixConfig unix_socket;          ///< where `bind` is a path

  bool operator==(const AdminConfig&) const = default;
};

/// Toxiproxy's HTTP API (docs/from-toxiproxy.md).
struct ToxiproxyConfig {
  Address bind{.host = "127.0.0.1", .port = 8474};
  bool create = false;  ///< whether its clients may make and remove listeners

  bool operator==(const ToxiproxyConfig&) const = default;
};

/// What may be done to connections on purpose.
struct FaultsConfig {
  std::optional<ToxiproxyConfig> api;           ///< nothing = it is not served
  std::uint64_t seed = 0;                       ///< 0 = drawn at the start, and logged
  milliseconds max_for{std::chrono::hours{1}};  ///< of faults that are set while the daemon runs; 0 = no limit
  double max_percent = 100;                     ///< of each fault

  bool operator==(const FaultsConfig&) const = default;
};

/// What happens to the connections of a listener that a reload removes.
enum class RemovedListener {
  drain,  ///< they go on until they end
  cut,    ///< those that are left after `drain_timeout` are closed
};

struct ServerConfig {
  std::optional<std::uint32_t> workers;  ///< threads of the data plane; nothing = auto
  milliseconds drain_timeout{std::chrono::seconds{30}};
  milliseconds drain_announce{0};  ///< how long /readyz says 503 before accepting stops
  milliseconds drain_spread{0};    ///< idle connections are closed evenly over this last part of the drain
  milliseconds upgrade_timeout{std::chrono::seconds{30}};  ///< how long a new program may take until it is ready
  RemovedListener removed_listener = RemovedListener::drain;
  LogConfig log;
  AccessLogConfig access_log;
  std::optional<AdminConfig> admin;  ///< nothing = there is no endpoint
  RelayConfig relay;
  DnsConfig dns;
  TlsConfig tls;
  LimitsConfig limits;
  std::optional<FaultsConfig> faults;  ///< nothing = there are none, and none can be set
  TimeoutsConfig default_timeouts;     ///< `defaults: {timeouts: …}`, what a listener's timeouts start from
  std::vector<ListenerConfig> listeners;
  std::vector<UpstreamConfig> upstreams;

  bool operator==(const ServerConfig&) const = default;
};

}  // namespace weir
