#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace weir {

/// The user or group of that name, or of that number where the text is one; nothing where there is none of that name.
/// May ask the network (nsswitch.conf(5)); throws std::system_error when that fails.
std::optional<uid_t> find_user(const std::string& name);
std::optional<gid_t> find_group(const std::string& name);

}  // namespace weir
