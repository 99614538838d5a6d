#pragma once

#include <span>
#include <stdexcept>
#include <string>

#include "client/load_options.hpp"

namespace weir::load {

/// What a command line asks for.
struct Command {
  enum class Verb { load, chat, print };

  Verb verb = Verb::print;
  LoadOptions options;  ///< load; chat takes its target and timeout
  std::string text;     ///< print: help or version, for stdout
};

/// A command line that can't be understood; the text is for stderr and may have several lines.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses the arguments that follow the program's name. Throws UsageError.
Command parse_command_line(std::span<const std::string> arguments);

}  // namespace weir::load
