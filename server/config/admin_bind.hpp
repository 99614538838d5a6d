#pragma once

#include <optional>
#include <string>

namespace weir {

/// The first `admin.bind` of a configuration file, as it is written. Nothing where the file cannot be read, is no YAML
/// or has none: the rest of the file does not matter.
std::optional<std::string> admin_bind_of(const std::string& file);

}  // namespace weir
