#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

#include "common/faults/fault.hpp"

namespace weir::faults {

/// The name of each kind, at its place in Kind.
inline std::array<std::string_view, std::variant_size_v<Kind>> kind_names() {
  return []<std::size_t... At>(std::index_sequence<At...>) {
    return std::array<std::string_view, sizeof...(At)>{kind_name(Kind(std::in_place_index<At>))...};
  }(std::make_index_sequence<std::variant_size_v<Kind>>());
}

}  // namespace weir::faults
