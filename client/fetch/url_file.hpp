#pragma once

#include <string>
#include <vector>

#include "client/fetch/url.hpp"

namespace weir::load {

/// The URLs of a file (`-`: stdin), one a line; blank lines and lines that begin with `#` are passed over. Throws
/// std::invalid_argument that names the file and line of what is no URL, and std::runtime_error when it cannot be read.
std::vector<Url> read_url_file(const std::string& path);

}  // namespace weir::load
