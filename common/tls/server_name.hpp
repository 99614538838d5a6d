#pragma once

#include <cstddef>
#include <string_view>

namespace weir::tls {

/// Whether a name of the configuration is for that name: itself, or `*.` and a single label before the rest (RFC 6125,
/// 6.4.3). Both in lower case.
inline bool covers(std::string_view pattern, std::string_view name) {
  if (!pattern.starts_with("*.")) return pattern == name;
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot) == pattern.substr(1);
}

}  // namespace weir::tls
