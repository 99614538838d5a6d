#include <yaml-cpp/emitter.h>

#include <array>
#include <cinttypes>
#include <cstdio>
#include <string>

#include "common/stable_hash.hpp"
#include "server/config/config_keys.hpp"
#include "server/config/config_loader.hpp"

namespace weir {

std::string dump_config(const ServerConfig& config) {
  YAML::Emitter out;
  Section{}.dump(out, config);
  return std::string(out.c_str()) + "\n";
}

std::string hash_of_config(const ServerConfig& config) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016" PRIx64, stable_hash(dump_config(config)));
  return digits.data();
}

}  // namespace weir
