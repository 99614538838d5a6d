#pragma once

#include <string>
#include <string_view>

#include "common/endpoint.hpp"

namespace weir {

/// A TARGET of `weir healthcheck`: an address that must accept, or `http://HOST:PORT[/path]` that must answer 200.
struct HealthTarget {
  Address address;
  std::string http_path;  ///< empty: accepting is enough

  bool operator==(const HealthTarget&) const = default;
};

/// Throws std::invalid_argument whose text says what is wrong and what would be right. The path defaults to /readyz.
HealthTarget parse_health_target(std::string_view text);

/// Asks the target once, every address of its name, two seconds in all; blocks. Empty when it is well, else the reason.
std::string check_health(const HealthTarget& target);

}  // namespace weir
