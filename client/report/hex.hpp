#pragma once

#include <string>
#include <string_view>

namespace weir::load {

/// Two digits a byte: `574c00`.
std::string to_hex(std::string_view bytes);
/// What to_hex() was made from; other characters are left out.
std::string from_hex(std::string_view digits);

}  // namespace weir::load
