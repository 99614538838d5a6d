#pragma once

#include <string>
#include <string_view>

namespace weir::load {

/// Whether a locale's name says that its texts are UTF-8.
bool is_utf8_locale(std::string_view name);

/// The name of the locale that the environment asks for (setlocale(3)).
std::string locale_of_environment();

/// A text for people in which what we draw with is ASCII: blocks of bars and curves, and the mark where something was
/// cut off. It takes as many columns as before.
std::string drawn_in_ascii(std::string_view text);

/// The text as the locale of the environment can show it.
std::string for_locale(std::string text);

}  // namespace weir::load
