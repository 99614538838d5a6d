#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "server/config/bound_addresses.hpp"
#include "server/config/config_problem.hpp"
#include "server/config/server_config.hpp"

namespace weir {

/// Where each name was defined.
using Definitions = std::map<std::string, Position>;

/// What one load has read so far and later keys refer to.
struct Reading {
  ServerConfig& config;
  std::filesystem::path folder{};  ///< the configuration file's; empty where there is no such file
  Definitions listeners{};
  Definitions upstreams{};
  Definitions faults{};  ///< of the listener that is being read
  BoundAddresses bound{};

  /// An absolute path: what a file says is relative to the file's folder, what the command line says to the working
  /// directory.
  std::string absolute(const std::string& path, const Position& written) const {
    const bool in_file = written.line > 0;
    return std::filesystem::absolute(in_file ? folder / path : std::filesystem::path(path)).string();
  }
};

}  // namespace weir
