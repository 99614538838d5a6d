#include <array>
#include <cinttypes>
#include <cstdio>
#include <string>

#include "common/stable_hash.hpp"
#include "server/config/config_keys.hpp"
#include "server/config/config_loader.hpp"
#include "server/config/config_tree.hpp"
#include "server/config/tree_writer.hpp"
#include "server/config/yaml_text.hpp"

namespace weir {

YamlNode config_tree(const ServerConfig& config) {
  TreeWriter out;
  Section{}.dump(out, config);
  return out.take_root();
}

std::string dump_config(const ServerConfig& config) { return yaml_text(config_tree(config)); }

std::string hash_of_config(const ServerConfig& config) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016" PRIx64, stable_hash(dump_config(config)));
  return digits.data();
}

}  // namespace weir
