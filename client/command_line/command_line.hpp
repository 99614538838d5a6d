#pragma once

#include <span>
#include <stdexcept>
#include <string>

#include "client/command_line/command.hpp"
#include "common/command_syntax.hpp"

namespace weir::load {

/// A command line that can't be understood; the text is for stderr and may have several lines.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses the arguments that follow the program's name. Throws UsageError.
Command parse_command_line(std::span<const std::string> arguments);

/// Every verb with its options, as parse_command_line() knows them.
ProgramSyntax program_syntax();

}  // namespace weir::load
