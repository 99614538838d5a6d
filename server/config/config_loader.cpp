#include "server/config/config_loader.hpp"

#include "server/config/config_file.hpp"
#include "server/config/config_reader.hpp"
#include "server/config/yaml_document.hpp"

namespace weir {

ServerConfig load_config_file(const std::string& path, std::span<const Override> overrides) {
  return load_config_text(read_config_file(path), path, overrides);
}

ServerConfig load_config_text(std::string_view text, const std::string& origin, std::span<const Override> overrides) {
  if (text.size() > kLargestConfigFile) {
    throw ConfigError({{origin, 0, 0, "", "is larger than 1 MiB, which no configuration needs"}});
  }
  YamlNode root = parse_yaml(text, origin);
  Problems problems;
  for (const Override& override : overrides) apply_override(root, override, problems);
  ServerConfig config = read_config(root, problems);
  problems.throw_if_any();
  return config;
}

}  // namespace weir
