#pragma once

#include <chrono>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "client/load_options.hpp"

namespace weir::load {

/// Help or the version, for stdout.
struct PrintText {
  std::string text;
};

/// What `weir-load chat` was told.
struct ChatOptions {
  Address target;
  std::chrono::microseconds timeout = std::chrono::seconds(5);  ///< of the connect
};

/// What `weir-load merge` was told.
struct MergeOptions {
  std::vector<std::string> files;
  std::string json_file;  ///< empty: none; "-": stdout
};

/// What a command line asks for.
using Command = std::variant<PrintText, LoadOptions, ChatOptions, MergeOptions>;

/// A command line that can't be understood; the text is for stderr and may have several lines.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses the arguments that follow the program's name. Throws UsageError.
Command parse_command_line(std::span<const std::string> arguments);

}  // namespace weir::load
