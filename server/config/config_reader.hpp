#pragma once

#include "server/config/config_problem.hpp"
#include "server/config/server_config.hpp"
#include "server/config/yaml_node.hpp"

namespace weir {

/// Reads the document by the keys of config_keys.hpp and reports everything that is wrong with it. What it returns is
/// of use only when no problem was added.
ServerConfig read_config(const YamlNode& root, Problems& problems);

}  // namespace weir
