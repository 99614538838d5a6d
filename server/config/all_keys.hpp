#pragma once

#include <string>
#include <vector>

namespace weir {

/// The name of every key that any section of the configuration has, each once; of key_types().
const std::vector<std::string>& all_keys();

}  // namespace weir
