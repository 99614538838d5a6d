#pragma once

#include <string>

#include "server/config/yaml_node.hpp"

namespace weir {

/// A tree as YAML, which parse_yaml() reads as the same tree: maps and lists in lines of their own, but for lists that
/// say `flow`. Bytes that are no UTF-8 become U+FFFD.
std::string yaml_text(const YamlNode& root);

}  // namespace weir
