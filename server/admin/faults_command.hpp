#pragma once

#include <string>

#include "server/admin/client.hpp"

/// What `weir faults set` and `weir faults clear` do and then say. They throw as ask() does.
namespace weir::admin {

/// `body` is the fault as JSON.
std::string set_fault(const Client& client, const std::string& listener, const std::string& body);

/// An empty fault means all of the listener, and an empty listener all that there are.
std::string clear_faults(const Client& client, const std::string& listener, const std::string& fault);

}  // namespace weir::admin
