#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/command_syntax.hpp"
#include "server/admin/command.hpp"
#include "server/config/overrides.hpp"
#include "server/control/healthcheck.hpp"

namespace weir {

inline constexpr const char* kDefaultConfigFile = "/etc/weir/weir.yaml";

/// What a command line asks for. `weir echo`, `discard` and `proxy` are `run` with a configuration made from their
/// arguments, so that `--set` works in the same way.
struct Command {
  enum class Verb { run, check, config, healthcheck, admin, print, version };

  Verb verb = Verb::print;
  std::string config_file;             ///< run, check, config: the file's name, or what error messages show instead
  std::string config_text;             ///< the configuration itself if there is no file
  std::vector<Override> overrides;     ///< run, check, config
  std::optional<HealthTarget> target;  ///< healthcheck; nothing = the daemon that runs here
  bool watch = false;                  ///< run: reload when the file changes
  bool diff = false;                   ///< check: compare with what a daemon runs, which `admin` says how to ask
  admin::Command admin;                ///< admin: what to ask a running daemon
  std::string text;  ///< print: help or version, for stdout; version: its first line, the rest is the build's

  bool operator==(const Command&) const = default;
};

/// A command line that can't be understood; the text is for stderr and may have several lines.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses the arguments that follow the program's name. Throws UsageError.
Command parse_command_line(std::span<const std::string> arguments);

/// Every verb with its options, as parse_command_line() knows them, in the order of the overview.
ProgramSyntax program_syntax();

}  // namespace weir
