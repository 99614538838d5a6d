#pragma once

#include <string_view>
#include <vector>

#include "server/config/bound_addresses.hpp"
#include "server/config/section_schema.hpp"

namespace weir {

/// What a listener may refer to, and what the listeners before it have taken.
struct ListenerContext {
  const TimeoutsConfig& default_timeouts;
  const std::vector<std::string_view>& upstreams;
  const std::vector<UpstreamConfig>& upstream_configs;
  Definitions names;
  BoundAddresses bound;
};

/// Reads an item of `listeners`.
void read_listener(const Value& value, ListenerConfig& listener, ListenerContext& context);

}  // namespace weir
