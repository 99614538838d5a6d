#pragma once

#include <functional>
#include <string>

#include "common/io/descriptor.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {

/// A destination for a log that is full from the start, because nobody reads it until a test does.
class UnreadLog {
 public:
  enum class Kind { pipe, fifo, unix_socket, terminal };

  explicit UnreadLog(Kind kind);

  /// The writing end, in blocking mode, as a shell or a service manager hands it over.
  int writer() const { return writer_.get(); }
  /// Its path in the file system; empty if it has no name.
  const std::string& path() const { return path_; }

  /// Reads until `enough` is true of all that was read so far, and returns that, without what filled it. Throws if that
  /// never happens.
  std::string read_until(const std::function<bool(const std::string&)>& enough);
  /// Reads what is there now, without what filled it.
  std::string read_now();

 private:
  void fill();
  bool read_once(int wait_ms);

  TempDir dir_;
  std::string path_;
  io::Descriptor reader_;
  io::Descriptor writer_;
  std::string read_;
};

std::string to_string(UnreadLog::Kind kind);

}  // namespace weir::test
