#include "server/config/admin_bind.hpp"

#include "server/config/config_file.hpp"
#include "server/config/yaml_document.hpp"

namespace weir {

std::optional<std::string> admin_bind_of(const std::string& file) {
  try {
    YamlNode root = parse_yaml(read_config_file(file), file);
    YamlEntry* const admin = root.find("admin");
    YamlEntry* const bind = admin == nullptr ? nullptr : admin->value.find("bind");
    if (bind == nullptr) return std::nullopt;
    const YamlNode& value = bind->value.items.empty() ? bind->value : bind->value.items.front();
    if (value.kind != YamlNode::Kind::scalar || value.scalar.empty()) return std::nullopt;
    return value.scalar;
  } catch (const ConfigError&) {
    return std::nullopt;
  }
}

}  // namespace weir
