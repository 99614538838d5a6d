#pragma once

#include <cstddef>
#include <string>

namespace weir {

inline constexpr std::size_t kLargestConfigFile = 1u << 20;

/// The bytes of a configuration file. Pipes (`/dev/stdin`, process substitution) are read for five seconds at most.
/// Throws ConfigError that says why the file can't be read, is no file, or is larger than kLargestConfigFile.
std::string read_config_file(const std::string& path);

}  // namespace weir
