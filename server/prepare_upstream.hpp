#pragma once

#include <memory>

#include "server/upstream/prepared_upstream.hpp"

namespace weir {

/// Resolves the addresses of an upstream's backends and binds a socket to each address of its `bind_source`. Blocks
/// while it resolves names. Throws std::runtime_error that says which name or address failed. Any thread.
PreparedUpstream prepare_upstream(std::shared_ptr<const UpstreamConfig> config);

}  // namespace weir
