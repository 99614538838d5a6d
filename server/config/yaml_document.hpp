#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/config/config_problem.hpp"

namespace weir {

struct YamlEntry;

/// A YAML document as plain values that remember where they were written. Keys that stand twice are both kept.
struct YamlNode {
  enum class Kind { null, scalar, sequence, map };

  Kind kind = Kind::null;
  Position position;
  std::string scalar;
  bool plain = false;  ///< a scalar without quotes, so that `true` is a boolean and `"true"` is text
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

/// What a document may cost once its aliases are expanded; checked while it is read, before anything is copied.
inline constexpr std::size_t kMostYamlNodes = 100'000;
inline constexpr std::size_t kMostYamlBytes = 8u << 20;
inline constexpr std::size_t kMostYamlDepth = 32;

/// Reads one document; an empty text is a null. Throws ConfigError with the one problem that ended the reading.
YamlNode parse_yaml(std::string_view text, const std::string& origin);

/// The same for the value of an override, all of which is at `--set PATH`, without lines. `[::]:5433` needs no quotes
/// here, because it is an address and nothing else.
YamlNode parse_override_value(std::string_view text, const std::string& origin);

}  // namespace weir
