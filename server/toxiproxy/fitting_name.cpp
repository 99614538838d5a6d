#include "server/toxiproxy/fitting_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "common/name_form.hpp"
#include "common/stable_hash.hpp"

namespace weir::toxiproxy {

std::string fitting_name(std::string_view text) {
  constexpr std::size_t kMostOfIt = 40;  // so that the hash fits in too
  if (problem_of_name(text).empty()) return std::string(text);
  std::string name(text.substr(0, kMostOfIt));
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  std::replace_if(name.begin(), name.end(), [&](char c) { return !is_allowed(c); }, '_');
  return fmt::format("_{}-{:016x}", name, stable_hash(text));
}

}  // namespace weir::toxiproxy
