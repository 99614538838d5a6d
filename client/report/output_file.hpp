#pragma once

#include <string>
#include <string_view>

#include "common/io/descriptor.hpp"

namespace weir::load {

/// A file for a report, opened before the run, so that a place that can't be written is known before an hour's work.
/// What it held stays until write(). `-` is stdout; an empty name is no file.
class OutputFile {
 public:
  /// Throws std::runtime_error that names the file and says why it can't be written.
  explicit OutputFile(const std::string& name);

  bool is_stdout() const { return name_ == "-"; }
  bool is_wanted() const { return !name_.empty(); }

  /// Replaces what the file held. Throws std::runtime_error that names the file.
  void write(std::string_view text);

 private:
  std::string name_;
  io::Descriptor file_;
};

}  // namespace weir::load
