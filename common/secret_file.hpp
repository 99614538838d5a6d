#pragma once

#include <string>

namespace weir {

/// The secret that a file holds: its one line, without the newline at its end. Throws std::runtime_error that says what
/// is wrong with the file, and what would be right: it cannot be read, is no regular file, can be read by its group or
/// by others, is empty or larger than 4 KiB, or has several lines or control characters. Never waits for a writer.
std::string read_secret_file(const std::string& path);

}  // namespace weir
