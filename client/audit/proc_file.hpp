#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::load {

/// A file of /proc or /sys; empty where it cannot be read.
std::string read_proc_file(const std::string& path);

/// Takes the first line off the text, without its end.
std::string_view take_line(std::string_view& text);

/// Takes the first word off the line; empty where there is none.
std::string_view take_word(std::string_view& line);

/// The number that the text begins with; 0 where it is none.
std::uint64_t leading_number(std::string_view text);

}  // namespace weir::load
