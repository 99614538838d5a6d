#pragma once

#include <string>
#include <vector>

namespace weir {

/// The lines of a text, without what ends them.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace weir
