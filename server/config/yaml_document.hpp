#pragma once

#include <string>
#include <string_view>

#include "server/config/yaml_node.hpp"

namespace weir {

/// Reads one document; an empty text is a null. Throws ConfigError with the one problem that ended the reading.
YamlNode parse_yaml(std::string_view text, const std::string& origin);

/// The same for what dump_config() wrote, which may be as large as it likes.
YamlNode parse_dump(std::string_view text, const std::string& origin);

/// The same for the value of an override: all its positions are `--set PATH` without a line. `[::]:5433` needs no
/// quotes here, because it can only be an address.
YamlNode parse_override_value(std::string_view text, const std::string& origin);

}  // namespace weir
