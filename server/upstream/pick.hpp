#pragma once

#include <cstdint>

#include "server/upstream/lease.hpp"
#include "server/upstream/tiers.hpp"

namespace weir {

/// What a connection that asked for a place on a backend got, or why it got none.
struct Pick {
  Lease lease;
  std::uint32_t cuts = 0;  ///< the backend's at that moment, see Backend::cuts()
  Tiers::Blocked blocked = Tiers::Blocked::nothing;
};

}  // namespace weir
