#pragma once

#include <string>

#include "common/address_set.hpp"
#include "server/config/access_words.hpp"
#include "server/config/server_config.hpp"

namespace weir {

/// A listener's `allow` and `deny` rules: deny wins, and an allow list refuses every other address. Clients of unix
/// sockets have no address, so only `deny: unix` refuses them. Immutable.
class AccessRules {
 public:
  /// Reads the files. Throws std::runtime_error or std::invalid_argument that says what is wrong in which line.
  explicit AccessRules(const AccessConfig& config) : restricted_(!config.allow.empty() || !config.allow_file.empty()) {
    for (const std::string& rule : config.allow) {
      if (rule != kUnixClients) allow_.add(rule);
    }
    for (const std::string& rule : config.deny) {
      if (rule == kUnixClients) {
        denies_unix_ = true;
      } else {
        deny_.add(rule);
      }
    }
    if (!config.allow_file.empty()) allow_.add_file(config.allow_file);
    if (!config.deny_file.empty()) deny_.add_file(config.deny_file);
    allow_.seal();
    deny_.seal();
  }

  bool allows(const IpAddress& address) const {
    return !deny_.contains(address) && (!restricted_ || allow_.contains(address));
  }

  bool allows_unix() const { return !denies_unix_; }

 private:
  bool restricted_;
  bool denies_unix_ = false;
  AddressSet allow_;
  AddressSet deny_;
};

}  // namespace weir
