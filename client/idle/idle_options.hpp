#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "client/source_addresses.hpp"
#include "client/tls/tls_options.hpp"
#include "common/address.hpp"
#include "common/proxy_protocol.hpp"

namespace weir::load {

/// What a run of `weir-load idle` does, as the command line said it.
struct IdleOptions {
  using Duration = std::chrono::microseconds;

  Address target;
  std::uint32_t connections = 64;
  std::optional<Duration> duration;               ///< none: until all have ended, or a signal
  std::uint64_t connect_rate = 0;                 ///< a second; 0: a bounded number at once
  Duration timeout = std::chrono::seconds(5);     ///< of a connect, and of a handshake
  std::optional<std::chrono::seconds> keepalive;  ///< of silence until the first probe; none: no probes
  SourceAddresses source;
  ProxyVersion proxy_protocol = ProxyVersion::none;
  SourceAddresses proxy_sources;
  std::optional<TlsOptions> tls;           ///< none: plain TCP
  std::uint64_t max_errors = 0;            ///< connects that may fail
  std::optional<std::uint64_t> max_ended;  ///< connections that the other side may end; none: any number
  bool quiet = false;
  std::string json_file;  ///< empty: none; "-": stdout
};

}  // namespace weir::load
