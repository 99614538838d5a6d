#pragma once

#include <cstddef>
#include <string>

namespace weir {

inline constexpr std::size_t kLargestConfigFile = 1u << 20;

/// The bytes of a configuration file. Pipes (`/dev/stdin`, process substitution) are read for five seconds at most.
/// Throws ConfigError where the path is no file, can't be read, or holds more than kLargestConfigFile.
std::string read_config_file(const std::string& path);

}  // namespace weir
