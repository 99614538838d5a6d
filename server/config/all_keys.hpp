#pragma once

#include <string_view>
#include <vector>

namespace weir {

/// The name of every key that any section of the configuration has, each once.
const std::vector<std::string_view>& all_keys();

}  // namespace weir
