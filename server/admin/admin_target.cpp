#include "server/admin/admin_target.hpp"

#include <optional>
#include <stdexcept>

#include "server/config/admin_bind.hpp"

namespace weir::admin {

namespace {

constexpr const char* kDefault = "127.0.0.1:9900";

}  // namespace

Address parse_admin_target(std::string_view text) {
  if (text.starts_with("https://")) {
    throw std::invalid_argument("https is not supported; write HOST:PORT, http://HOST:PORT or unix:/path");
  }
  if (text.starts_with("http://")) {
    text.remove_prefix(7);
    if (text.ends_with('/')) text.remove_suffix(1);
    if (text.find('/') != std::string_view::npos) {
      throw std::invalid_argument("a path does not belong here; write http://HOST:PORT");
    }
  }
  return parse_address(text, AddressUse::target);
}

Address target_of_bind(const std::string& bind) {
  Address address = parse_address(bind, AddressUse::bind);
  if (address.is_unix()) return address;
  if (address.is_descriptor()) throw std::invalid_argument("the service manager's socket units say where it is");
  if (address.port == 0) throw std::invalid_argument("port 0 is any port");
  if (address.host.empty() || address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return address;
}

Address default_admin_target(const char* environment, const std::string& config_file) {
  if (environment != nullptr && *environment != '\0') {
    try {
      return parse_admin_target(environment);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(std::string("WEIR_ADMIN ") + error.what());
    }
  }
  if (const std::optional<std::string> bind = admin_bind_of(config_file)) {
    try {
      return target_of_bind(*bind);
    } catch (const std::invalid_argument&) {
      return parse_admin_target(kDefault);  // it does not say where the endpoint is
    }
  }
  return parse_admin_target(kDefault);
}

}  // namespace weir::admin
