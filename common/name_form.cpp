#include "common/name_form.hpp"

#include <algorithm>
#include <cstddef>

#include "common/printable.hpp"

namespace weir {

std::string problem_of_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  const bool number = name.find_first_not_of("0123456789") == std::string_view::npos;
  const bool right = !number && name.size() <= kLongest && std::all_of(name.begin(), name.end(), allowed) &&
                     name.front() != '.' && name.front() != '-';
  if (right) return "";
  return in_quotes(name) + " is not a name; use up to " + std::to_string(kLongest) +
         " letters, digits, - _ and ., not digits alone, and begin with a letter, a digit or _";
}

}  // namespace weir
