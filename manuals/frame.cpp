#include "manuals/frame.hpp"

#include <fmt/format.h>

#include <set>
#include <stdexcept>

#include "common/version.hpp"

namespace weir::manuals {

std::string fill_frame(std::string_view frame, const Parts& parts) {
  std::string text;
  std::set<std::string_view> used;
  while (!frame.empty()) {
    const std::size_t begin = frame.find('@');
    text += frame.substr(0, begin);
    if (begin == std::string_view::npos) break;
    frame.remove_prefix(begin + 1);
    const std::size_t end = frame.find('@');
    const std::string_view name = frame.substr(0, end);
    const auto part = parts.find(name);
    if (end == std::string_view::npos || part == parts.end()) {
      throw std::invalid_argument(fmt::format("a manual has no part @{}@", name.substr(0, 20)));
    }
    used.insert(part->first);
    text += part->second;
    frame.remove_prefix(end + 1);
    // A part that is lines brings its line's end.
    if (part->second.ends_with('\n') && frame.starts_with('\n')) frame.remove_prefix(1);
  }
  for (const auto& [name, part] : parts) {
    if (!used.contains(name)) throw std::invalid_argument(fmt::format("no place in a manual for @{}@", name));
  }
  return text;
}

Parts common_parts() { return {{"VERSION", kVersion}}; }

}  // namespace weir::manuals
