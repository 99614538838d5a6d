#pragma once

#include <optional>
#include <string>

#include "server/admin/caller.hpp"
#include "server/admin/daemon.hpp"
#include "server/admin/reply.hpp"

/// What is answered to those who look at faults, set them and take them away. Each is 404 where the configuration
/// allows no faults.
namespace weir::admin {

Reply faults_reply(Daemon& daemon);

/// `body` is one fault as JSON. Throws BadRequest.
Reply set_fault_reply(Daemon& daemon, const Caller& caller, const std::string& listener, const std::string& body);
Reply remove_fault_reply(Daemon& daemon, const Caller& caller, const std::string& listener, const std::string& fault);
/// Of one listener, or of all.
Reply clear_faults_reply(Daemon& daemon, const Caller& caller, const std::optional<std::string>& listener);

}  // namespace weir::admin
