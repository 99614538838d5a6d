#pragma once

#include <string>
#include <string_view>

#include "common/command_syntax.hpp"

namespace weir::manuals {

/// The manual of a program, from its help texts. Throws std::invalid_argument where the help of a verb does not name
/// the options that the verb has.
std::string command_manual(std::string_view frame, const ProgramSyntax& program);

}  // namespace weir::manuals
