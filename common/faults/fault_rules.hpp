#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/faults/fault.hpp"

/// What cannot be, however a fault is written.
namespace weir::faults {

/// No size of a fault is larger, so that sums of them cannot overflow: 1 PiB.
inline constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 50;

/// What is wrong with one key of a kind, and what would be right.
struct Problem {
  std::string_view key;  ///< `jitter`; empty = the kind as a whole, or the value that it is
  std::string message;

  bool operator==(const Problem&) const = default;
};

/// None where all is well.
std::vector<Problem> problems_of(const Kind& kind);

/// The same of a whole fault, with `latency.jitter` before the message; empty where all is well. What a configuration
/// allows is not looked at.
std::string problem_of(const Fault& fault);

}  // namespace weir::faults
