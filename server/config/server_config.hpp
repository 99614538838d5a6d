#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/endpoint.hpp"
#include "common/io/tcp_options.hpp"

/// The daemon's configuration as plain structs whose initialisers are the defaults. Loaded and validated once
/// (config_loader.hpp), then only read. `config/reference.yaml` shows every key; a test holds the two together.
/// Everywhere a duration of zero and a count of zero mean "no limit".
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
  bool enabled = true;
  LogFormat format = LogFormat::text;
  std::string file = "-";    ///< "-" is stderr
  std::uint32_t sample = 1;  ///< every n-th connection of a worker gets its record written

  bool operator==(const AccessLogConfig&) const = default;
};

/// How a relay's bytes move. `automatic` splices what streams and copies the rest; the others are for tests and for the
/// curious.
struct RelayConfig {
  enum class Splice { automatic, always, never };
  Splice splice = Splice::automatic;

  bool operator==(const RelayConfig&) const = default;
};

struct LimitsConfig {
  std::optional<std::uint64_t> connections;  ///< at once, whole process; nothing = auto, 0 = no limit
  std::uint32_t backlog = 4096;              ///< of each listening socket; the kernel caps it at net.core.somaxconn

  bool operator==(const LimitsConfig&) const = default;
};

struct TimeoutsConfig {
  milliseconds idle{std::chrono::minutes{10}};        ///< no byte either way
  milliseconds half_close{std::chrono::seconds{30}};  ///< no byte either way after one side's FIN
  milliseconds lifetime{0};                           ///< from accept to end, whatever moves

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

struct ProxyConfig {
  std::string upstream;  ///< the name of an UpstreamConfig

  bool operator==(const ProxyConfig&) const = default;
};

using ServiceConfig = std::variant<EchoConfig, DiscardConfig, ProxyConfig>;

struct ListenerConfig {
  std::string name;
  std::vector<Address> bind;
  ServiceConfig service;
  TimeoutsConfig timeouts;
  TcpConfig tcp;

  bool operator==(const ListenerConfig&) const = default;
};

struct BackendConfig {
  Address address;

  bool operator==(const BackendConfig&) const = default;
};

struct ConnectConfig {
  milliseconds timeout{std::chrono::seconds{5}};  ///< of one attempt
  std::uint32_t attempts = 3;                     ///< tries in all, distinct servers first
  milliseconds delay{500};                        ///< before each try once every server had one

  bool operator==(const ConnectConfig&) const = default;
};

struct UpstreamConfig {
  enum class Balance { round_robin };

  std::string name;
  Balance balance = Balance::round_robin;
  std::vector<BackendConfig> servers;
  ConnectConfig connect;
  TcpConfig tcp;

  bool operator==(const UpstreamConfig&) const = default;
};

struct ServerConfig {
  std::optional<std::uint32_t> workers;  ///< threads of the data plane; nothing = auto
  milliseconds drain_timeout{std::chrono::seconds{30}};
  LogConfig log;
  AccessLogConfig access_log;
  RelayConfig relay;
  LimitsConfig limits;
  TimeoutsConfig default_timeouts;  ///< `defaults: {timeouts: …}`, what a listener's timeouts start from
  std::vector<ListenerConfig> listeners;
  std::vector<UpstreamConfig> upstreams;

  bool operator==(const ServerConfig&) const = default;
};

}  // namespace weir
