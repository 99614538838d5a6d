#pragma once

#include <string>

#include "common/io/descriptor.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {

/// What a service manager hears: give path() to a daemon as NOTIFY_SOCKET (sd_notify(3)).
class Notifications {
 public:
  Notifications();

  const std::string& path() const { return path_; }
  /// All that came since the last look, each message followed by a line's end.
  std::string all() const;

 private:
  TempDir dir_;
  std::string path_;
  io::Descriptor socket_;
};

}  // namespace weir::test
