#pragma once

#include <string>

/// What the service manager that started the daemon is told (sd_notify(3)); nothing happens without one.
namespace weir::service_manager {

void notify_ready(const std::string& status);
void notify_stopping(const std::string& status);
void notify_status(const std::string& status);

}  // namespace weir::service_manager
