#pragma once

#include <chrono>
#include <functional>
#include <string_view>
#include <tuple>

#include "common/tls/check_words.hpp"
#include "server/config/admin_kinds.hpp"
#include "server/config/daemon_kinds.hpp"
#include "server/config/fault_kinds.hpp"
#include "server/config/key.hpp"
#include "server/config/listener_kinds.hpp"
#include "server/config/section_kinds.hpp"
#include "server/config/server_config.hpp"
#include "server/config/tls_kinds.hpp"
#include "server/config/upstream_kinds.hpp"
#include "server/config/value_kinds.hpp"

/// Every key of the configuration, once: its name, its field and what its value is. Reading, the effective
/// configuration and hints walk these tables, each from top to bottom; sections stand before those that hold them.
namespace weir {

template <>
inline constexpr auto kKeys<TimeoutsConfig> = std::tuple{
    key("idle", &TimeoutsConfig::idle, Duration{}),
    key("half_close", &TimeoutsConfig::half_close, Duration{}),
    key("lifetime", &TimeoutsConfig::lifetime, Duration{}),
    key("header", &TimeoutsConfig::header, Duration{}),
    key("handshake", &TimeoutsConfig::handshake, Duration{}),
};

// The kernel's bounds: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT of include/net/tcp.h.
template <>
inline constexpr auto kKeys<KeepaliveConfig> = std::tuple{
    key("idle", &KeepaliveConfig::idle, WholeSeconds{std::chrono::seconds(1), std::chrono::seconds(32767)}),
    key("interval", &KeepaliveConfig::interval, WholeSeconds{std::chrono::seconds(1), std::chrono::seconds(32767)}),
    key("count", &KeepaliveConfig::count, WholeNumber{1, 127}),
};

template <>
inline constexpr auto kKeys<TcpConfig> = std::tuple{
    key("nodelay", &TcpConfig::nodelay, Flag{}),
    key("keepalive", &TcpConfig::keepalive, SectionOrOff{}),
    key("user_timeout", &TcpConfig::user_timeout, UserTimeout{}),
    key("fast_open", &TcpConfig::fast_open, WholeNumber{0, 65535}),
};

// A service of a listener: what it has to say for itself, and its options.

template <>
struct ServiceKey<EchoConfig> {
  static constexpr std::string_view kName = "echo";
  static constexpr std::string_view kExample = "echo: {}";
};

template <>
inline constexpr auto kKeys<EchoConfig> = std::tuple{
    key("transform", &EchoConfig::transform, Word{}),
};

template <>
struct ServiceKey<DiscardConfig> {
  static constexpr std::string_view kName = "discard";
  static constexpr std::string_view kExample = "discard: {}";
};

template <>
inline constexpr auto kKeys<DiscardConfig> = std::tuple{};

template <>
struct ServiceKey<ProxyConfig> {
  static constexpr std::string_view kName = "proxy";
  static constexpr std::string_view kExample = "proxy: {upstream: NAME}";
};

template <>
inline constexpr auto kKeys<RouteConfig> = std::tuple{
    key("names", &RouteConfig::names, ServerNames{}),
    key("alpn", &RouteConfig::alpn, Protocols{}),
    key("tls", &RouteConfig::tls, Word{}),
    key("upstream", &RouteConfig::upstream, UpstreamName{}).required("the name of an upstream"),
};

template <>
inline constexpr auto kKeys<ProxyConfig> = std::tuple{
    key("routes", &ProxyConfig::routes, SectionList{"routes", "[{names: [db.example], upstream: NAME}]"}),
    key("upstream", &ProxyConfig::upstream, UpstreamName{})
        .required("the name of an upstream")
        .unless("routes")
        .shown_if([](const ProxyConfig& proxy) { return !proxy.upstream.empty(); }),
};

// TLS of listeners.

template <>
inline constexpr auto kKeys<tls::CertificateOptions> = std::tuple{
    key("certificate", &tls::CertificateOptions::certificate, PemFile{PemFile::Holds::certificates, true})
        .required("the path of a PEM file"),
    key("key", &tls::CertificateOptions::key, PemFile{PemFile::Holds::key}),
    rule(check_server_key),
    key("names", &tls::CertificateOptions::names, ServerNames{}),
};

template <>
inline constexpr auto kKeys<tls::ClientCertificateOptions> = std::tuple{
    key("verify", &tls::ClientCertificateOptions::verify, Word{}),
    key("ca", &tls::ClientCertificateOptions::ca, PemFile{PemFile::Holds::certificates}),
    key("crl", &tls::ClientCertificateOptions::crl, PemFile{PemFile::Holds::revocations}),
    key("names", &tls::ClientCertificateOptions::names, ClientNames{}),
    rule(check_client_certificates),
};

inline constexpr std::string_view kCertificateExample =
    "[{certificate: /etc/weir/tls/tls.crt, key: /etc/weir/tls/tls.key}]";

template <>
inline constexpr auto kKeys<tls::ServerOptions> = std::tuple{
    key("certificates", &tls::ServerOptions::certificates, SectionList{"certificates", kCertificateExample, false})
        .required(kCertificateExample),
    key("unknown_name", &tls::ServerOptions::unknown_name, Word{}),
    key("starttls", &tls::ServerOptions::starttls, Word{}),
    key("plaintext", &tls::ServerOptions::plaintext, Word{}),
    key("min_version", &tls::ServerOptions::min_version, Word{}),
    key("ciphers", &tls::ServerOptions::ciphers, OpenSslWords{tls::problem_of_ciphers}),
    key("ciphersuites", &tls::ServerOptions::ciphersuites, OpenSslWords{tls::problem_of_ciphersuites}),
    key("groups", &tls::ServerOptions::groups, OpenSslWords{tls::problem_of_groups}),
    key("alpn", &tls::ServerOptions::alpn, Protocols{}),
    key("client_certificates", &tls::ServerOptions::client_certificates, Section{}),
    rule(check_plaintext),
    key("truncation", &tls::ServerOptions::truncation, Word{}),
};

// Faults. A kind of fault: the least to write of it, and what its value is.

template <>
inline constexpr auto kKeys<faults::Latency> = std::tuple{
    key("delay", &faults::Latency::delay, FineDuration{}).required("a duration such as 50ms"),
    key("jitter", &faults::Latency::jitter, FineDuration{}),
    key("distribution", &faults::Latency::distribution, Word{}),
};

template <>
struct FaultForm<faults::Latency> {
  static constexpr std::string_view kExample = "latency: {delay: 50ms}";
  static constexpr FaultSection kValue{};
};

template <>
struct FaultForm<faults::Bandwidth> {
  static constexpr std::string_view kExample = "bandwidth: 100KB/s";
  static constexpr auto kValue = one_field(&faults::Bandwidth::rate, ByteRate{});
};

template <>
inline constexpr auto kKeys<faults::Slice> = std::tuple{
    key("size", &faults::Slice::size, Size{1, faults::kMostBytes}).required("a number of bytes such as 100"),
    key("variation", &faults::Slice::variation, Size{0, faults::kMostBytes}),
    key("delay", &faults::Slice::delay, FineDuration{}),
};

template <>
struct FaultForm<faults::Slice> {
  static constexpr std::string_view kExample = "slice: {size: 100}";
  static constexpr FaultSection kValue{};
};

template <>
inline constexpr auto kKeys<faults::Stall> = std::tuple{
    key("after", &faults::Stall::after, Size{0, faults::kMostBytes}),
    key("for", &faults::Stall::duration, FineDuration{}),
    key("every", &faults::Stall::every, Size{0, faults::kMostBytes}),
    key("probability", &faults::Stall::probability, Decimal{1}),
};

template <>
struct FaultForm<faults::Stall> {
  static constexpr std::string_view kExample = "stall: {after: 64KiB, for: 200ms}";
  static constexpr FaultSection kValue{};
};

/// Of a reset and an end.
template <typename Cut>
inline constexpr auto kKeysOfCut = std::tuple{
    key("after_bytes", &Cut::after_bytes, maybe(Size{0, faults::kMostBytes})).shown_if([](const Cut& cut) {
      return cut.after_bytes.has_value();
    }),
    key("after", &Cut::after, maybe(FineDuration{})).shown_if([](const Cut& cut) { return cut.after.has_value(); }),
};

template <>
inline constexpr auto kKeys<faults::Reset> = kKeysOfCut<faults::Reset>;

template <>
struct FaultForm<faults::Reset> {
  static constexpr std::string_view kExample = "reset: {after_bytes: 64KiB}";
  static constexpr FaultSection kValue{};
};

template <>
inline constexpr auto kKeys<faults::End> = kKeysOfCut<faults::End>;

template <>
struct FaultForm<faults::End> {
  static constexpr std::string_view kExample = "end: {after: 1s}";
  static constexpr FaultSection kValue{};
};

template <>
struct FaultForm<faults::SlowClose> {
  static constexpr std::string_view kExample = "slow_close: 1s";
  static constexpr auto kValue = one_field(&faults::SlowClose::delay, FineDuration{});
};

template <>
inline constexpr auto kKeys<faults::Refuse> = std::tuple{};

template <>
struct FaultForm<faults::Refuse> {
  static constexpr std::string_view kExample = "refuse: {}";
  static constexpr FaultSection kValue{};
};

template <>
inline constexpr auto kKeys<faults::Connect> = std::tuple{
    key("delay", &faults::Connect::delay, FineDuration{})
        .required("a duration such as 1s, or fail: true")
        .unless("fail"),
    key("fail", &faults::Connect::fail, Flag{}),
};

template <>
struct FaultForm<faults::Connect> {
  static constexpr std::string_view kExample = "connect: {delay: 1s}";
  static constexpr FaultSection kValue{};
};

template <>
inline constexpr auto kKeys<faults::HalfOpen> = std::tuple{};

template <>
struct FaultForm<faults::HalfOpen> {
  static constexpr std::string_view kExample = "half_open: {}";
  static constexpr FaultSection kValue{};
};

template <>
inline constexpr auto kKeys<faults::Corrupt> = std::tuple{
    key("per_bytes", &faults::Corrupt::per_bytes, Size{1, faults::kMostBytes}),
};

template <>
struct FaultForm<faults::Corrupt> {
  static constexpr std::string_view kExample = "corrupt: {per_bytes: 1MiB}";
  static constexpr FaultSection kValue{};
};

template <>
inline constexpr auto kKeys<faults::Fault> = std::tuple{
    key("name", &faults::Fault::name, Name{"fault", &Reading::faults}).required("a name for this fault"),
    key("direction", &faults::Fault::way, Word{}),
    key("percent", &faults::Fault::percent, Decimal{100}),
    rule(check_percent),
    key("key", &faults::Fault::key, Word{}),
    key("sources", &faults::Fault::sources, Ranges{}),
    key("for", &faults::Fault::duration, Duration{}),
    FaultKinds{},
};

template <>
inline constexpr auto kKeys<ToxiproxyConfig> = std::tuple{
    key("bind", &ToxiproxyConfig::bind, AdminBind{}),
    rule(check_default_api_bind),
    key("create", &ToxiproxyConfig::create, Flag{}),
};

template <>
inline constexpr auto kKeys<FaultsConfig> = std::tuple{
    key("api", &FaultsConfig::api, OptionalSection{}).shown_if([](const FaultsConfig& faults) {
      return faults.api.has_value();
    }),
    key("seed", &FaultsConfig::seed, Seed{}),
    key("max_for", &FaultsConfig::max_for, Duration{}),
    key("max_percent", &FaultsConfig::max_percent, Decimal{100}),
};

// Listeners.

template <>
inline constexpr auto kKeys<ByteRates> = std::tuple{
    key("in", &ByteRates::in, ByteRate{}),
    key("out", &ByteRates::out, ByteRate{}),
};

/// A rate of all connections together, whose key stands in the section itself.
constexpr auto of_all(std::uint64_t ByteRates::* way) {
  return [way](auto& bandwidth) -> auto& { return bandwidth.all.*way; };
}

template <>
inline constexpr auto kKeys<BandwidthConfig> = std::tuple{
    key("in", of_all(&ByteRates::in), ByteRate{}),
    key("out", of_all(&ByteRates::out), ByteRate{}),
    key("burst", &BandwidthConfig::burst, Size{0, faults::kMostBytes}),
    key("per_connection", &BandwidthConfig::per_connection, Section{}),
    key("per_source", &BandwidthConfig::per_source, Section{}),
};

template <>
inline constexpr auto kKeys<ScopeLimits> = std::tuple{
    key("connections", &ScopeLimits::connections, kConnections),
    key("per_source", &ScopeLimits::per_source, kConnections),
    key("rate", &ScopeLimits::rate, RateLimit{}),
    key("rate_per_source", &ScopeLimits::rate_per_source, RateLimit{}),
    key("bandwidth", &ScopeLimits::bandwidth, Section{}),
};

template <>
inline constexpr auto kKeys<UnixConfig> = std::tuple{
    key("mode", &UnixConfig::mode, FileMode{}),
    key("owner", &UnixConfig::owner, Account{Account::Of::user}),
    key("group", &UnixConfig::group, Account{Account::Of::group}),
};

/// A field of a listener's `access`, whose keys stand in the listener itself.
template <typename Field>
constexpr auto access(Field AccessConfig::* field) {
  return [field](auto& listener) -> auto& { return listener.access.*field; };
}

template <>
inline constexpr auto kKeys<ListenerConfig> = std::tuple{
    key("name", &ListenerConfig::name, Name{"listener", &Reading::listeners}).required("a name for this listener"),
    key("bind", &ListenerConfig::bind, BoundList{}).required("an address such as 127.0.0.1:7000"),
    key("tls", &ListenerConfig::tls, TriedSection{problem_of_server}).shown_if([](const ListenerConfig& listener) {
      return listener.tls.has_value();
    }),
    ServiceKeys{},
    rule(check_port_ranges),
    rule(check_routes),
    key("timeouts", &ListenerConfig::timeouts, Section{}).in_turn(2),
    key("tcp", &ListenerConfig::tcp, Section{}).in_turn(2),
    key("limits", &ListenerConfig::limits, Section{}).in_turn(1),
    key("allow", access(&AccessConfig::allow), RangesOrUnix{}).in_turn(1),
    key("deny", access(&AccessConfig::deny), RangesOrUnix{}).in_turn(1),
    key("allow_file", access(&AccessConfig::allow_file), RangesFile{}).in_turn(1),
    key("deny_file", access(&AccessConfig::deny_file), RangesFile{}).in_turn(1),
    key("accept_proxy_protocol", &ListenerConfig::accept_proxy_protocol, Word{}),
    key("trusted", &ListenerConfig::trusted, Ranges{}),
    rule(check_trusted),
    key("unix", &ListenerConfig::unix_socket, Section{}).in_turn(1).shown_if(&ListenerConfig::has_socket_file),
    rule(check_unix),
    key("faults", &ListenerConfig::faults, FaultList{}).in_turn(3).shown_if([](const ListenerConfig& listener) {
      return !listener.faults.empty();
    }),
};

// Upstreams.

template <>
inline constexpr auto kKeys<BackendConfig> = std::tuple{
    BackendPlace{},
    key("weight", &BackendConfig::weight, WholeNumber{1, 1000}).shown_if(has_own_weight),
    rule(check_weight),
    key("max_connections", &BackendConfig::max_connections, kConnections),
    key("backup", &BackendConfig::backup, Flag{}),
    rule(check_record),
};

template <>
inline constexpr auto kKeys<ConnectConfig> = std::tuple{
    key("timeout", &ConnectConfig::timeout, ConnectTimeout{}),
    key("attempts", &ConnectConfig::attempts, WholeNumber{1, 1000}),
    key("delay", &ConnectConfig::delay, Duration{}),
    key("abort_on", &ConnectConfig::abort_on, Word{}),
};

template <>
inline constexpr auto kKeys<QueueConfig> = std::tuple{
    key("size", &QueueConfig::size, kConnections),
    key("timeout", &QueueConfig::timeout, Duration{}),
};

template <>
inline constexpr auto kKeys<HealthConfig> = std::tuple{
    key("interval", &HealthConfig::interval, Duration{milliseconds(1)}),
    key("timeout", &HealthConfig::timeout, Duration{milliseconds(1)}),
    key("fall", &HealthConfig::fall, WholeNumber{1, 1000}),
    key("rise", &HealthConfig::rise, WholeNumber{1, 1000}),
    key("send", &HealthConfig::send, Bytes{}),
    key("expect", &HealthConfig::expect, Bytes{}),
};

template <>
inline constexpr auto kKeys<EjectConfig> = std::tuple{
    key("failures", &EjectConfig::failures, WholeNumber{0, 1'000'000}),
    key("for", &EjectConfig::duration, Duration{milliseconds(1)}),
};

template <>
inline constexpr auto kKeys<tls::ClientOptions> = std::tuple{
    key("verify", &tls::ClientOptions::verify, Word{}),
    key("ca", &tls::ClientOptions::ca, Authorities{}),
    key("name", &tls::ClientOptions::name, BackendName{}),
    key("certificate", &tls::ClientOptions::certificate, PemFile{PemFile::Holds::certificates}),
    key("key", &tls::ClientOptions::key, PemFile{PemFile::Holds::key}),
    rule(check_client_key),
    key("starttls", &tls::ClientOptions::starttls, Word{}),
    key("alpn", &tls::ClientOptions::alpn, Protocols{}),
    key("min_version", &tls::ClientOptions::min_version, Word{}),
};

template <>
inline constexpr auto kKeys<UpstreamConfig> = std::tuple{
    key("name", &UpstreamConfig::name, Name{"upstream", &Reading::upstreams}).required("a name for this upstream"),
    key("balance", &UpstreamConfig::balance, Word{}),
    key("servers", &UpstreamConfig::servers, BackendList{}).required("[{address: \"127.0.0.1:5432\"}]"),
    key("connect", &UpstreamConfig::connect, Section{}),
    key("queue", &UpstreamConfig::queue, Section{}),
    key("health", &UpstreamConfig::health, OptionalSection{}).shown_if([](const UpstreamConfig& upstream) {
      return upstream.health.has_value();
    }),
    key("eject", &UpstreamConfig::eject, Section{}),
    key("slow_start", &UpstreamConfig::slow_start, Duration{}),
    key("tcp", &UpstreamConfig::tcp, Section{}).in_turn(1),
    rule(check_fast_open),
    key("on_down", &UpstreamConfig::on_down, Word{}).in_turn(3),
    key("tls", &UpstreamConfig::tls, TriedSection{problem_of_client}).shown_if([](const UpstreamConfig& upstream) {
      return upstream.tls.has_value();
    }),
    rule(check_backend_name),
    key("send_proxy_protocol", &UpstreamConfig::send_proxy_protocol, Word{}).in_turn(2),
    key("proxy_tlvs", &UpstreamConfig::proxy_tlvs, Words{}).in_turn(2),
    rule(check_tlvs),
    key("bind_source", std::identity{}, Sources{}),
};

// The daemon.

template <>
inline constexpr auto kKeys<LogConfig> = std::tuple{
    key("level", &LogConfig::level, Word{}),
    key("format", &LogConfig::format, Word{}),
    key("file", &LogConfig::file, LogFile{}),
};

template <>
inline constexpr auto kKeys<AccessLogConfig> = std::tuple{
    key("enabled", &AccessLogConfig::enabled, Flag{}),
    key("format", &AccessLogConfig::format, Word{}),
    key("file", &AccessLogConfig::file, LogFile{}),
    key("sample", &AccessLogConfig::sample, WholeNumber{1, 1'000'000'000}),
    key("only", &AccessLogConfig::only, Word{}),
};

template <>
inline constexpr auto kKeys<AdminConfig> = std::tuple{
    key("bind", &AdminConfig::bind, AdminBind{}),
    rule(check_default_bind),
    key("token_file", &AdminConfig::token_file, TokenFilePath{}),
    key("read_token", &AdminConfig::read_token, Flag{}),
    rule(check_read_token),
    key("hosts", &AdminConfig::hosts, HostNames{}),
    key("unix", &AdminConfig::unix_socket, Section{}),
};

template <>
inline constexpr auto kKeys<RelayConfig> = std::tuple{
    key("splice", &RelayConfig::splice, Word{}),
};

template <>
inline constexpr auto kKeys<DnsConfig> = std::tuple{
    key("servers", &DnsConfig::servers, Resolvers{}),
    key("min_ttl", &DnsConfig::min_ttl, Duration{milliseconds(10)}),
    key("max_ttl", &DnsConfig::max_ttl, Duration{milliseconds(10)}),
    rule(check_ttls),
};

template <>
inline constexpr auto kKeys<tls::TicketKeyOptions> = std::tuple{
    key("file", &tls::TicketKeyOptions::file, TicketKeyFile{}),
    key("rotate", &tls::TicketKeyOptions::rotate, Duration{std::chrono::minutes(1)}),
};

template <>
inline constexpr auto kKeys<TlsConfig> = std::tuple{
    key("ticket_keys", &TlsConfig::ticket_keys, Section{}),
    key("handshakes", &TlsConfig::handshakes, WholeNumber{1, 100'000}),
};

template <>
inline constexpr auto kKeys<LimitsConfig> = std::tuple{
    key("connections", &LimitsConfig::connections, ConnectionsOrAuto{}),
    key("backlog", &LimitsConfig::backlog, WholeNumber{1, 1'000'000}).in_turn(1),
    key("per_source", &LimitsConfig::per_source, kConnections),
    key("rate", &LimitsConfig::rate, RateLimit{}),
    key("rate_per_source", &LimitsConfig::rate_per_source, RateLimit{}),
};

template <>
inline constexpr auto kKeys<ServerConfig> = std::tuple{
    key("workers", &ServerConfig::workers, Workers{}),
    key("drain_timeout", &ServerConfig::drain_timeout, Duration{}),
    key("drain_announce", &ServerConfig::drain_announce, Duration{}),
    key("drain_spread", &ServerConfig::drain_spread, Duration{}),
    rule(check_drain_spread),
    key("upgrade_timeout", &ServerConfig::upgrade_timeout, Duration{milliseconds(1)}),
    key("removed_listener", &ServerConfig::removed_listener, Word{}),
    key("log", &ServerConfig::log, Section{}),
    key("access_log", &ServerConfig::access_log, Section{}),
    key("admin", &ServerConfig::admin, OptionalSection{}).shown_if([](const ServerConfig& config) {
      return config.admin.has_value();
    }),
    key("relay", &ServerConfig::relay, Section{}),
    key("dns", &ServerConfig::dns, Section{}),
    key("tls", &ServerConfig::tls, Section{}),
    key("limits", &ServerConfig::limits, Section{}),
    key("faults", &ServerConfig::faults, OptionalSection{}).shown_if([](const ServerConfig& config) {
      return config.faults.has_value();
    }),
    key("defaults", std::identity{}, folder(key("timeouts", &ServerConfig::default_timeouts, Section{}))),
    HintedHere{"listeners"},
    key("upstreams", &ServerConfig::upstreams, UpstreamList{}).in_turn(1),  // before listeners, which name them
    key("listeners", &ServerConfig::listeners, ListenerList{}),
    rule(check_listeners),
};

}  // namespace weir
