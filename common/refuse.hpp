#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "common/printable.hpp"

namespace weir {

/// Throws std::invalid_argument: the text in quotes, and what is wrong with it.
[[noreturn]] inline void refuse(std::string_view text, const std::string& why) {
  throw std::invalid_argument(in_quotes(text) + " " + why);
}

}  // namespace weir
