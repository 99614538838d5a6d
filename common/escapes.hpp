#pragma once

#include <string>
#include <string_view>

namespace weir {

/// Bytes of a text in which `\r \n \t \0 \" \' \\` and `\xHH` stand for one byte each. Throws std::invalid_argument
/// that names an escape it does not know.
std::string unescape(std::string_view text);

/// The text that unescape() reads back, in printable ASCII.
std::string escape(std::string_view bytes);

}  // namespace weir
