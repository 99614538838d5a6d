#pragma once

#include "server/config/config_problem.hpp"
#include "server/config/server_config.hpp"
#include "server/config/yaml_document.hpp"

namespace weir {

/// Walks the document along the tree of ServerConfig and reports everything that is wrong with it. What it returns is
/// of use only when no problem was added.
ServerConfig read_config(const YamlNode& root, Problems& problems);

}  // namespace weir
