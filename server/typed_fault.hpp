#pragma once

#include <string>
#include <vector>

#include "common/faults/fault.hpp"

namespace weir {

/// A fault as it is typed in a shell: `slow latency delay=50ms jitter=10ms --percent 20`. What is empty has its
/// default.
struct TypedFault {
  std::string name{};
  std::string kind{};  ///< `slow-close` is fine, too
  /// `delay=50ms`; a flag such as `fail` may stand alone, and so may a kind's value.
  std::vector<std::string> values{};
  std::string percent{};  ///< `20`, `20%`
  std::string duration{};
  std::string direction{};
  std::string key{};
  std::vector<std::string> sources{};
};

/// Throws std::invalid_argument whose text says what is wrong and what would be right.
faults::Fault parse_fault(const TypedFault& typed);

}  // namespace weir
