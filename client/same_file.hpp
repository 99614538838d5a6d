#pragma once

#include <string>

namespace weir::load {

/// Whether both names lead to one regular file, whatever they are called: by links, by other ways through the folders,
/// or because the shell gave a standard stream to it (`-` is stdin for what is read). Names that lead nowhere are the
/// same when they are equal. Pipes and devices are never: what comes out of them is not what went in.
bool is_same_file(const std::string& read, const std::string& written);

/// Whether what is written to both names ends up in one place: the same file, also one that neither finds yet, or
/// stdout, whatever it is called. Devices are never: what they take is not lost to each other.
bool is_same_output(const std::string& a, const std::string& b);

/// Whether a file that is written is stdout: `-`, or what /dev and /proc call so.
bool is_stdout_name(const std::string& name);

}  // namespace weir::load
