#pragma once

#include <string>
#include <string_view>

#include "common/address.hpp"

namespace weir::admin {

/// Reads an ADMIN: `HOST:PORT`, `http://HOST:PORT`, `unix:/path` or `unix:@name`. Throws std::invalid_argument whose
/// text says what is wrong and what would be right.
Address parse_admin_target(std::string_view text);

/// Where the endpoint is found that listens on a BIND: an address that stands for all of them is reached through
/// loopback. Throws std::invalid_argument where the BIND does not say, as port 0 and `fd:NAME` do not.
Address target_of_bind(const std::string& bind);

/// The endpoint where the command line names none: what WEIR_ADMIN says, else the `admin.bind` of the configuration
/// file, else 127.0.0.1:9900. Throws std::invalid_argument where WEIR_ADMIN is no ADMIN.
Address default_admin_target(const char* environment, const std::string& config_file);

}  // namespace weir::admin
