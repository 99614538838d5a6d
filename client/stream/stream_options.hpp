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

/// Which way a stream's bytes go, seen from the client.
enum class Direction : std::uint8_t { up, down, both };

constexpr bool goes_up(Direction direction) { return direction != Direction::down; }
constexpr bool goes_down(Direction direction) { return direction != Direction::up; }

/// What a run of `weir-load stream` does, as the command line said it.
struct StreamOptions {
  using Duration = std::chrono::microseconds;

  Address target;
  Direction direction = Direction::up;
  std::uint32_t streams = 1;
  unsigned threads = 0;    ///< 0: one for each CPU, never more than streams
  std::uint64_t pace = 0;  ///< bytes a second of each stream, each way; 0: as fast as it goes
  Duration duration = std::chrono::seconds(10);
  Duration warmup{0};
  Duration timeout = std::chrono::seconds(5);  ///< of a connect, of the first answer, and of an end without progress
  SourceAddresses source;
  ProxyVersion proxy_protocol = ProxyVersion::none;
  SourceAddresses proxy_sources;
  std::optional<TlsOptions> tls;  ///< none: plain TCP
  std::uint64_t max_errors = 0;
  Duration interval = std::chrono::seconds(1);
  bool quiet = false;
  std::string json_file;  ///< empty: none; "-": stdout
};

/// What `weir-load stream --serve` was told.
struct StreamServeOptions {
  Address bind;
  unsigned threads = 1;
  std::chrono::microseconds timeout = std::chrono::seconds(5);  ///< of a preamble, and of an end without progress
};

}  // namespace weir::load
