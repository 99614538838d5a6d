#include "server/config/config_loader.hpp"

#include <iterator>
#include <system_error>

#include "server/config/config_file.hpp"
#include "server/config/config_reader.hpp"
#include "server/config/yaml_document.hpp"

namespace weir {

namespace {

/// Pipes and descriptors (`/dev/stdin`, `/proc/self/fd/3`) are in no folder of the configuration's.
std::filesystem::path folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  std::error_code unknown;
  const bool file = std::filesystem::is_regular_file(path, unknown);
  return file && *std::next(folder.begin()) != "dev" && *std::next(folder.begin()) != "proc" ? folder : "";
}

}  // namespace

ServerConfig load_config_file(const std::string& path, std::span<const Override> overrides) {
  return load_config_text(read_config_file(path), path, overrides, folder_of(path));
}

ServerConfig load_config_text(std::string_view text, const std::string& origin, std::span<const Override> overrides,
                              const std::filesystem::path& folder) {
  if (text.size() > kLargestConfigFile) {
    throw ConfigError({{origin, 0, 0, "", "is larger than 1 MiB, which no configuration needs"}});
  }
  YamlNode root = parse_yaml(text, origin);
  Problems problems;
  for (const Override& override : overrides) apply_override(root, override, problems);
  ServerConfig config = read_config(root, folder, problems);
  problems.throw_if_any();
  return config;
}

}  // namespace weir
