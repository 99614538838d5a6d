#pragma once

#include <chrono>

#include "client/source_addresses.hpp"
#include "common/endpoint.hpp"

namespace weir::load {

/// The one endpoint that a run talks to. Where a name has several, they are tried in order until one accepts; where
/// none does, the first one is taken, and the run reports why it fails. Throws when the name cannot be resolved.
Endpoint choose_endpoint(const Address& target, std::chrono::microseconds timeout, const SourceAddresses& source);

}  // namespace weir::load
