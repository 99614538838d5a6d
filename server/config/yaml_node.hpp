#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/config/config_problem.hpp"

namespace weir {

struct YamlEntry;

/// A YAML document as plain values that remember where they were written. Where a key stands twice, both are kept.
struct YamlNode {
  enum class Kind { null, scalar, sequence, map };

  Kind kind = Kind::null;
  Position position;
  std::string scalar;
  bool plain = false;  ///< a scalar without quotes, so that `true` is a boolean and `"true"` is text
  bool flow = false;   ///< a list that yaml_text() writes in one line; parsing does not say
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;

  /// "a map", "a list", "text", "nothing".
  const char* kind_name() const;
  YamlEntry* find(std::string_view key);
};

struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

}  // namespace weir
