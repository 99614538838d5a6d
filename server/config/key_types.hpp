#pragma once

#include <string>
#include <vector>

namespace weir {

/// A key of the configuration as its table describes it, for those who describe it to people.
struct KeyType {
  std::string path;                  ///< `listeners.N.timeouts.idle`; N stands for a list's index
  std::string type{};                ///< "duration", "number, 1 to 1000"
  std::vector<std::string> words{};  ///< what may be written where that can be counted up
  bool section = false;              ///< its value holds keys
  /// What holds where it is left out. Of several keys that stand for each other, one is needed; nothing of the sort is
  /// there where it has no default.
  enum class Missing { has_default, is_error, leaves_others, is_nothing } missing = Missing::has_default;
};

/// Every key, in the order of the tables that the daemon reads with. A kind of value without a description here does
/// not compile.
std::vector<KeyType> key_types();

}  // namespace weir
