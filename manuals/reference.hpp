#pragma once

#include <string>
#include <vector>

namespace weir::manuals {

/// A key of config/reference.yaml.
struct ReferenceKey {
  std::string path;   ///< `listeners.N.bind`; N stands for a list's index
  std::string value;  ///< as it is written; empty for a section
  std::string text;   ///< the comment above it as one line; may be empty
};

struct Reference {
  std::vector<std::string> preamble;  ///< lines of the comment that the file begins with
  std::vector<ReferenceKey> keys;     ///< each once, where it first stands
};

/// Throws ConfigError where it is no YAML.
Reference read_reference(const std::string& text);

}  // namespace weir::manuals
