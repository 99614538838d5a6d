#pragma once

#include <string>
#include <string_view>

#include "common/io/descriptor.hpp"

namespace weir::load {

/// A file for a report. That it can be written is looked at before the run, so that a bad place is known before an
/// hour's work; but nothing is made and nothing lost until write() has all of it: a run that fails leaves what was
/// there. `-`, and what /dev calls so, is stdout; an empty name is no file.
class OutputFile {
 public:
  /// Throws std::runtime_error that names the file and says why it can't be written.
  explicit OutputFile(const std::string& name);

  bool is_stdout() const { return name_ == "-"; }
  bool is_wanted() const { return !name_.empty(); }

  /// Replaces what the file held: the text is written beside it and takes its name when it is whole, with the mode and
  /// group of the one before. What can't be replaced so is written where it is: pipes, devices, mounted files, those in
  /// a folder that takes no other, and those of another owner, several names or attributes that a new one lacks.
  /// Throws std::runtime_error that names the file.
  void write(std::string_view text);

 private:
  /// False: nothing has changed, and the file is to be written where it is.
  bool replace(std::string_view text) const;

  std::string name_;
  std::string place_;    ///< where a file with that name is to lie, beyond links; empty: stdout or `open_`
  io::Descriptor open_;  ///< what can't be replaced
};

}  // namespace weir::load
