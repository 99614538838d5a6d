#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir {

/// The known name that a mistyped one most likely meant, by the optimal string alignment distance (insert, delete,
/// replace, swap neighbours); empty when none is near: more than a third of the letters would have to change.
std::string_view nearest_name(std::string_view typed, std::span<const std::string_view> known);

/// What to say of an unknown name: `did you mean "idle"?`, or `known are idle, lifetime` when nothing is near.
std::string name_hint(std::string_view typed, std::span<const std::string_view> known);

}  // namespace weir
