#pragma once

#include <map>
#include <string>

#include "server/config/bound_addresses.hpp"
#include "server/config/config_problem.hpp"
#include "server/config/server_config.hpp"

namespace weir {

/// Where each name was defined.
using Definitions = std::map<std::string, Position>;

/// What one load has read so far and later keys refer to.
struct Reading {
  ServerConfig& config;
  Definitions listeners{};
  Definitions upstreams{};
  BoundAddresses bound{};
};

}  // namespace weir
