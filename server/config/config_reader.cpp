#include "server/config/config_reader.hpp"

#include "server/config/config_keys.hpp"

namespace weir {

ServerConfig read_config(const YamlNode& root, const std::filesystem::path& folder, Problems& problems) {
  ServerConfig config;
  Reading reading{config, folder};
  MapReader map(Value(root, root.position, "", problems));
  read_keys(kKeys<ServerConfig>, map, config, reading);
  map.finish();
  return config;
}

}  // namespace weir
