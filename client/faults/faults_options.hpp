#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "client/source_addresses.hpp"
#include "common/address.hpp"
#include "common/proxy_protocol.hpp"

namespace weir::load {

/// What the listener does with the bytes, as far as faults are concerned.
enum class FaultPath : std::uint8_t {
  echo,   ///< it sends them back itself: one way, on which the faults of both act, once
  proxy,  ///< it stands before an echo: two ways, and a fault of both acts on each
};

/// What `weir-load echo --expect-faults` does, as the command line said it.
struct FaultsOptions {
  using Duration = std::chrono::microseconds;

  Address target;
  std::string file;      ///< what `weir faults --json` printed; "-": stdin
  std::string listener;  ///< empty: the only one that has faults
  std::uint64_t first_number = 1;
  FaultPath path = FaultPath::echo;
  std::uint32_t connections = 64;
  Duration timeout = std::chrono::seconds(5);  ///< of a connect, and of every wait for what is due
  SourceAddresses source;
  ProxyVersion proxy_protocol = ProxyVersion::none;
  SourceAddresses proxy_sources;
  bool quiet = false;
  std::string json_file;  ///< empty: none; "-": stdout
};

}  // namespace weir::load
