#pragma once

#include <string>

namespace weir::load {

/// Whether both names lead to one regular file, whatever they are called: by links, by other ways through the folders,
/// or because the shell gave a standard stream to it (`-` is stdin for what is read). Names that lead nowhere are the
/// same when they are equal. Pipes and devices are never: what comes out of them is not what went in.
bool is_same_file(const std::string& read, const std::string& written);

}  // namespace weir::load
