#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "server/config/value.hpp"

namespace weir {

/// The keys of a map, asked for one by one; finish() then reports those that nobody asked for. A null is an empty map,
/// so that a section may have all its keys commented out.
class MapReader {
 public:
  /// Reports a value that is no map.
  explicit MapReader(const Value& map);

  const Value& map() const { return map_; }

  std::optional<Value> find(std::string_view key);
  /// Reports when the key is missing; `right` says what to write.
  std::optional<Value> require(std::string_view key, std::string_view right);

  /// Reports unknown keys and keys that stand twice.
  void finish();

 private:
  Value map_;
  bool usable_ = true;
  std::vector<std::string_view> known_;
};

}  // namespace weir
