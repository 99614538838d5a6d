#pragma once

#include <filesystem>

#include "server/config/config_problem.hpp"
#include "server/config/server_config.hpp"
#include "server/config/yaml_node.hpp"

namespace weir {

/// Reads the document by the keys of config_keys.hpp and reports everything that is wrong with it. What it returns is
/// of use only when no problem was added. Files that it names are relative to `folder`.
ServerConfig read_config(const YamlNode& root, const std::filesystem::path& folder, Problems& problems);

}  // namespace weir
