#include "common/near_name.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace weir {
namespace {

/// Names longer than this are nobody's typing error.
constexpr std::size_t kLongestTyped = 64;

std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before_last(to.size() + 1);
  std::vector<std::size_t> last(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replace = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[to.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view typed, std::span<const std::string_view> known) {
  if (typed.size() > kLongestTyped) return {};
  std::string_view nearest;
  std::size_t least = kLongestTyped;
  for (const std::string_view name : known) {
    const std::size_t changes = distance(typed, name);
    const bool near = changes <= std::max<std::size_t>(1, std::max(typed.size(), name.size()) / 3);
    if (near && changes < std::max(typed.size(), name.size()) && changes < least) {
      least = changes;
      nearest = name;
    }
  }
  return nearest;
}

std::string name_hint(std::string_view typed, std::span<const std::string_view> known) {
  const std::string_view nearest = nearest_name(typed, known);
  if (!nearest.empty()) return "did you mean \"" + std::string(nearest) + "\"?";
  if (known.empty()) return "none is known";
  std::string hint = known.size() == 1 ? "known is " : "known are ";
  for (const std::string_view name : known) {
    if (name != known.front()) hint += ", ";
    hint += name;
  }
  return hint;
}

}  // namespace weir
