#include "server/admin/shell_client.hpp"

#include <cstdlib>

#include "server/admin/admin_target.hpp"
#include "server/admin/ask.hpp"

namespace weir::admin {
namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Client shell_client(const std::optional<Address>& endpoint, const std::string& token_file,
                    const std::string& config_file, std::chrono::milliseconds patience) {
  const std::string said = token_file.empty() ? environment("WEIR_ADMIN_TOKEN_FILE") : token_file;
  return {endpoint ? *endpoint : default_admin_target(environment("WEIR_ADMIN").c_str(), config_file),
          said.empty() ? "" : read_token(said), patience};
}

}  // namespace weir::admin
