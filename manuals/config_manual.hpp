#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "manuals/reference.hpp"
#include "server/config/key_types.hpp"

namespace weir::manuals {

/// weir.yaml(5): every key with its type, its default and what the reference says of it. Throws std::invalid_argument
/// where the reference and the tables do not have the same keys, or nothing says what a key is for.
std::string config_manual(std::string_view frame, const Reference& reference, const std::vector<KeyType>& types);

}  // namespace weir::manuals
