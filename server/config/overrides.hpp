#pragma once

#include <string>
#include <vector>

#include "server/config/config_problem.hpp"
#include "server/config/yaml_node.hpp"

namespace weir {

/// `--set path.to.key=value`. Items of a list are addressed by their index or their `name`:
/// `listeners.db.timeouts.idle`, `listeners.0.bind`. The value is YAML.
///
/// Or `WEIR_SET_path_to_key=value` of the environment, whose path is only known beside the configuration: keys and
/// names hold underscores themselves.
struct Override {
  std::string path;
  std::string value;
  std::string variable{};  ///< of the environment, its whole name; then there is no path

  bool operator==(const Override&) const = default;
};

/// What the environment sets, in the order of the variables' names: `environment` is as environ(7) is.
std::vector<Override> environment_overrides(const char* const* environment);

/// Puts the override's value where its path says. Missing maps on the way are created; items of lists must exist.
void apply_override(YamlNode& root, const Override& override, Problems& problems);

}  // namespace weir
