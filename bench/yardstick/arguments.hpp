#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weir::bench {

/// The value of `--name VALUE` as a number, or the default; throws std::invalid_argument where it is none or below 0.
inline double number_option(int argc, char** argv, std::string_view name, double otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] != name) continue;
    char* end = nullptr;
    const double value = std::strtod(argv[i + 1], &end);
    if (end == argv[i + 1] || *end != '\0' || !(value >= 0)) {
      throw std::invalid_argument(std::string(name) + " needs a number, not '" + argv[i + 1] + "'");
    }
    return value;
  }
  return otherwise;
}

}  // namespace weir::bench
