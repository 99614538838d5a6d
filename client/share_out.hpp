#pragma once

#include <cstdint>

namespace weir::load {

/// How much of `total` the first `parts` of `whole` equal parts have: what a part gets is the difference to the one
/// before, so that nothing is lost to rounding. `whole` is not 0.
constexpr std::uint64_t share_up_to(std::uint64_t total, std::uint64_t parts, std::uint64_t whole) {
  return static_cast<std::uint64_t>(static_cast<long double>(total) * static_cast<long double>(parts) /
                                    static_cast<long double>(whole));
}

}  // namespace weir::load
