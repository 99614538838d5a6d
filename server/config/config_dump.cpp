#include <yaml-cpp/emitter.h>

#include <string>

#include "server/config/config_keys.hpp"
#include "server/config/config_loader.hpp"

namespace weir {

std::string dump_config(const ServerConfig& config) {
  YAML::Emitter out;
  Section{}.dump(out, config);
  return std::string(out.c_str()) + "\n";
}

}  // namespace weir
