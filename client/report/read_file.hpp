#pragma once

#include <string>

namespace weir::load {

/// What a file holds, or stdin for `-`. Throws std::runtime_error that names it.
std::string read_file(const std::string& file);

/// What errors call a file that is read.
std::string name_of_input(const std::string& file);

}  // namespace weir::load
