#pragma once

#include "common/address_set.hpp"
#include "server/config/server_config.hpp"

namespace weir {

/// A listener's `allow` and `deny` rules: deny wins, and an allow list refuses everybody else. Immutable.
class AccessRules {
 public:
  /// Reads the files. Throws std::runtime_error or std::invalid_argument that says what is wrong in which line.
  explicit AccessRules(const AccessConfig& config) : restricted_(!config.allow.empty() || !config.allow_file.empty()) {
    for (const std::string& cidr : config.allow) allow_.add(cidr);
    for (const std::string& cidr : config.deny) deny_.add(cidr);
    if (!config.allow_file.empty()) allow_.add_file(config.allow_file);
    if (!config.deny_file.empty()) deny_.add_file(config.deny_file);
    allow_.seal();
    deny_.seal();
  }

  bool allows(const IpAddress& address) const {
    return !deny_.contains(address) && (!restricted_ || allow_.contains(address));
  }

 private:
  bool restricted_;
  AddressSet allow_;
  AddressSet deny_;
};

}  // namespace weir
