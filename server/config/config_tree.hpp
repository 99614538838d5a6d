#pragma once

#include "server/config/server_config.hpp"
#include "server/config/yaml_node.hpp"

namespace weir {

/// The effective configuration as the tree that parse_dump() reads from its dump_config(), but for positions. Making it
/// takes a small part of the time that writing and reading the text takes.
YamlNode config_tree(const ServerConfig& config);

}  // namespace weir
