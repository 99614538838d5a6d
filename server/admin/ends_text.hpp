#pragma once

#include <string>

#include "server/admin/end_words.hpp"
#include "server/admin/recent.hpp"
#include "server/admin/terminal_style.hpp"

namespace weir::admin {

double count_of_ends(const Recent::Listener& listener, EndKind kind);

/// Why connections failed or were refused in the last minutes, the commonest first. Empty where nothing is known.
std::string ends_text(const Recent& recent, const TextStyle& style);

}  // namespace weir::admin
