#pragma once

#include <map>
#include <optional>
#include <string>

namespace weir::load {

/// The extended attributes of a file by name, its access control list and what its security module calls it among them
/// (xattr(7)). None where its file system has none; nothing where they can't be read.
std::optional<std::map<std::string, std::string>> attributes_of(const std::string& file);

}  // namespace weir::load
