#pragma once

#include <string>

#include "server/config/config_problem.hpp"
#include "server/config/yaml_node.hpp"

namespace weir {

/// `--set path.to.key=value`. Items of a list are addressed by their index or their `name`:
/// `listeners.db.timeouts.idle`, `listeners.0.bind`. The value is YAML.
struct Override {
  std::string path;
  std::string value;

  bool operator==(const Override&) const = default;
};

/// Puts the override's value where its path says. Missing maps on the way are created; items of lists must exist.
void apply_override(YamlNode& root, const Override& override, Problems& problems);

}  // namespace weir
