#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "common/faults/fault_words.hpp"  // in their own namespace, where they are found by their argument
#include "common/proxy_protocol.hpp"
#include "common/tls/options.hpp"
#include "server/config/server_config.hpp"

/// The words of the configuration's choices: for each enumeration one table, which reading, the effective configuration
/// and error texts share. An enumerator without a word does not compile.
namespace weir {

constexpr std::string_view word_of(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
    case LogLevel::off:
      return "off";
  }
  return "";
}

constexpr std::string_view word_of(LogFormat format) {
  switch (format) {
    case LogFormat::text:
      return "text";
    case LogFormat::json:
      return "json";
  }
  return "";
}

constexpr std::string_view word_of(AccessLogConfig::Only only) {
  switch (only) {
    case AccessLogConfig::Only::all:
      return "all";
    case AccessLogConfig::Only::failed:
      return "failed";
  }
  return "";
}

constexpr std::string_view word_of(RelayConfig::Splice splice) {
  switch (splice) {
    case RelayConfig::Splice::automatic:
      return "auto";
    case RelayConfig::Splice::always:
      return "always";
    case RelayConfig::Splice::never:
      return "never";
  }
  return "";
}

constexpr std::string_view word_of(EchoConfig::Transform transform) {
  switch (transform) {
    case EchoConfig::Transform::none:
      return "none";
    case EchoConfig::Transform::upper:
      return "upper";
  }
  return "";
}

constexpr std::string_view word_of(ListenerConfig::ProxyHeaders headers) {
  switch (headers) {
    case ListenerConfig::ProxyHeaders::off:
      return "off";
    case ListenerConfig::ProxyHeaders::optional:
      return "optional";
    case ListenerConfig::ProxyHeaders::required:
      return "required";
  }
  return "";
}

constexpr std::string_view word_of(DnsName::Record record) {
  switch (record) {
    case DnsName::Record::a:
      return "a";
    case DnsName::Record::srv:
      return "srv";
  }
  return "";
}

constexpr std::string_view word_of(UpstreamConfig::Balance balance) {
  switch (balance) {
    case UpstreamConfig::Balance::round_robin:
      return "round_robin";
    case UpstreamConfig::Balance::least_connections:
      return "least_connections";
    case UpstreamConfig::Balance::random_two:
      return "random_two";
    case UpstreamConfig::Balance::source_hash:
      return "source_hash";
  }
  return "";
}

constexpr std::string_view word_of(ConnectConfig::AbortOn abort_on) {
  switch (abort_on) {
    case ConnectConfig::AbortOn::reset:
      return "reset";
    case ConnectConfig::AbortOn::close:
      return "close";
  }
  return "";
}

constexpr std::string_view word_of(ProxyVersion version) {
  switch (version) {
    case ProxyVersion::none:
      return "off";
    case ProxyVersion::v1:
      return "v1";
    case ProxyVersion::v2:
      return "v2";
  }
  return "";
}

constexpr std::string_view word_of(UpstreamConfig::OnDown on_down) {
  switch (on_down) {
    case UpstreamConfig::OnDown::keep:
      return "keep";
    case UpstreamConfig::OnDown::reset:
      return "reset";
  }
  return "";
}

constexpr std::string_view word_of(RemovedListener removed) {
  switch (removed) {
    case RemovedListener::drain:
      return "drain";
    case RemovedListener::cut:
      return "cut";
  }
  return "";
}

constexpr std::string_view word_of(tls::Version version) {
  switch (version) {
    case tls::Version::tls12:
      return "1.2";
    case tls::Version::tls13:
      return "1.3";
  }
  return "";
}

constexpr std::string_view word_of(tls::StartTls start) {
  switch (start) {
    case tls::StartTls::none:
      return "none";
    case tls::StartTls::postgres:
      return "postgres";
  }
  return "";
}

constexpr std::string_view word_of(tls::Tlv tlv) {
  switch (tlv) {
    case tls::Tlv::authority:
      return "authority";
    case tls::Tlv::alpn:
      return "alpn";
    case tls::Tlv::ssl:
      return "ssl";
    case tls::Tlv::certificate:
      return "certificate";
  }
  return "";
}

constexpr std::string_view word_of(tls::ServerOptions::UnknownName unknown) {
  switch (unknown) {
    case tls::ServerOptions::UnknownName::use_default:
      return "default";
    case tls::ServerOptions::UnknownName::refuse:
      return "refuse";
  }
  return "";
}

constexpr std::string_view word_of(tls::ServerOptions::Plaintext plaintext) {
  switch (plaintext) {
    case tls::ServerOptions::Plaintext::refuse:
      return "refuse";
    case tls::ServerOptions::Plaintext::allow:
      return "allow";
  }
  return "";
}

constexpr std::string_view word_of(tls::ServerOptions::Truncation truncation) {
  switch (truncation) {
    case tls::ServerOptions::Truncation::end:
      return "end";
    case tls::ServerOptions::Truncation::reset:
      return "reset";
  }
  return "";
}

constexpr std::string_view word_of(tls::ClientCertificateOptions::Verify verify) {
  switch (verify) {
    case tls::ClientCertificateOptions::Verify::off:
      return "off";
    case tls::ClientCertificateOptions::Verify::optional:
      return "optional";
    case tls::ClientCertificateOptions::Verify::required:
      return "required";
  }
  return "";
}

constexpr std::string_view word_of(tls::ClientOptions::Verify verify) {
  switch (verify) {
    case tls::ClientOptions::Verify::full:
      return "full";
    case tls::ClientOptions::Verify::chain:
      return "chain";
    case tls::ClientOptions::Verify::none:
      return "none";
  }
  return "";
}

constexpr std::string_view word_of(RouteConfig::Tls side) {
  switch (side) {
    case RouteConfig::Tls::terminate:
      return "terminate";
    case RouteConfig::Tls::pass:
      return "pass";
  }
  return "";
}

/// How many words an enumeration has, whose enumerators count from 0.
template <typename Enum>
inline constexpr std::size_t kWordCount = [] {
  std::size_t count = 0;
  while (!word_of(static_cast<Enum>(count)).empty()) ++count;
  return count;
}();

/// All words of an enumeration: the word at N is that of the enumerator N.
template <typename Enum>
inline constexpr std::array<std::string_view, kWordCount<Enum>> kWordsOf = [] {
  std::array<std::string_view, kWordCount<Enum>> words;
  for (std::size_t at = 0; at < words.size(); ++at) words[at] = word_of(static_cast<Enum>(at));
  return words;
}();

}  // namespace weir
