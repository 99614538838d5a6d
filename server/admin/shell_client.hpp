#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/address.hpp"
#include "server/admin/client.hpp"

namespace weir::admin {

/// Who asks for the shell: the endpoint that is named, else the one of the environment (WEIR_ADMIN), else the one of
/// `config_file`; the token's file likewise (WEIR_ADMIN_TOKEN_FILE), of which an empty name is none. Throws
/// std::invalid_argument where the environment is wrong, and std::runtime_error where the token cannot be read.
Client shell_client(const std::optional<Address>& endpoint, const std::string& token_file,
                    const std::string& config_file, std::chrono::milliseconds patience = Client::kPatience);

}  // namespace weir::admin
