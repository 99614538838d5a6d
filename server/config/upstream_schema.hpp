#pragma once

#include "server/config/section_schema.hpp"

namespace weir {

/// Reads an item of `upstreams`; `names` are those of the upstreams before it.
void read_upstream(const Value& value, UpstreamConfig& upstream, Definitions& names);

}  // namespace weir
