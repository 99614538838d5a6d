#pragma once

#include <chrono>
#include <string>

/// What the service manager that started the daemon is told (sd_notify(3)); nothing happens without one.
namespace weir::service_manager {

void notify_ready(const std::string& status);
/// A reload begins, and one is over, whatever came of it.
void notify_reloading();
void notify_reloaded();
/// Stopping may take so long, and a while more for what remains to be done; the manager waits at least until then.
void notify_stopping(const std::string& status, std::chrono::milliseconds longest);
/// That process is the service's main one from now on, and it is ready. Only the main one may say so.
void notify_main_process(pid_t process);
void notify_status(const std::string& status);

}  // namespace weir::service_manager
