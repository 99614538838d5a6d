#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/config_problem.hpp"
#include "server/config/overrides.hpp"
#include "server/config/server_config.hpp"

namespace weir {

/// Reads, overrides and validates a configuration. Throws ConfigError with every problem that was found. Reading is
/// bounded whatever the file holds: one mebibyte, no device, no endless pipe, and a limit on what aliases expand to.
/// `named`, where there is one, gets the files that the configuration names, also where it has problems; those of TLS
/// only then, because whoever uses them looks after them.
ServerConfig load_config_file(const std::string& path, std::span<const Override> overrides = {},
                              std::vector<std::string>* named = nullptr);

/// The same for a text; problems name `origin` in place of a file. Relative paths of files that are read are relative
/// to `folder`, or to the working directory where it is empty.
ServerConfig load_config_text(std::string_view text, const std::string& origin,
                              std::span<const Override> overrides = {}, const std::filesystem::path& folder = {},
                              std::vector<std::string>* named = nullptr);

/// The effective configuration as YAML with every default filled in; loading it gives an equal ServerConfig.
std::string dump_config(const ServerConfig& config);
/// A hash of it: 16 hexadecimal digits, the same wherever the effective configuration is.
std::string hash_of_config(const ServerConfig& config);

}  // namespace weir
