#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "client/measure/failure.hpp"
#include "client/source_addresses.hpp"
#include "common/endpoint.hpp"
#include "common/io/stream.hpp"
#include "common/net.hpp"
#include "common/proxy_protocol.hpp"

namespace weir::load {

/// How the connections of a run are opened. Refers to what the run holds.
struct DialPlan {
  const Endpoint& endpoint;
  const SourceAddresses& source;  ///< local addresses to spread over; none: the kernel's choice
  std::chrono::microseconds timeout;
  std::uint32_t port_range;  ///< for IP_LOCAL_PORT_RANGE; 0: leave it alone
  ProxyVersion proxy_protocol;
  const SourceAddresses& proxy_sources;  ///< whose connections a PROXY header says these are; none: the socket's own
};

/// Opens connection `number` of a run within the plan's timeout, and sends a PROXY header if the plan has one.
/// Afterwards the stream is valid, or the failure says why not, or `running` became false in the meantime (`none`): it
/// is asked each time the slot wakes. Loop's thread.
net::awaitable<Failure> dial(const DialPlan& plan, io::Slot& slot, io::Stream& stream, std::uint64_t number,
                             const std::function<bool()>& running);

}  // namespace weir::load
