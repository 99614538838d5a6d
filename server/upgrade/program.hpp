#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/io/descriptor.hpp"

namespace weir::upgrade {

/// The program that this process was started as, and with what arguments.
struct Program {
  /// The path is made absolute at once, and names are not followed: whatever stands there later is what is started
  /// then, behind a symbolic link too. A name without a slash is looked up in PATH (execvp(3)).
  static Program of(int argc, char** argv);

  /// Starts it anew, with the same arguments, environment and working directory; all signals are as a shell leaves
  /// them. The new process gets `channel` and no other descriptor beyond its standard ones. Returns its id. Throws
  /// std::system_error that names the path. Any thread.
  pid_t start(int channel) const;

  /// The end of a channel that this process was started with by start(), or none. Whoever is started later does not get
  /// it. Before there are threads.
  static io::Descriptor take_channel();

  std::string path;                      ///< absolute
  std::vector<std::string> arguments{};  ///< the first is the program's name
};

}  // namespace weir::upgrade
