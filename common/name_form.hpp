#pragma once

#include <string>
#include <string_view>

namespace weir {

/// What is wrong with the name of a listener, an upstream or a fault, and what would be right; empty where nothing is.
/// Names stand in logs, metrics and the paths of `--set`.
std::string problem_of_name(std::string_view name);

}  // namespace weir
