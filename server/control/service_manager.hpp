#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "server/listener/handed_over.hpp"

/// What the service manager that started the daemon is told (sd_notify(3)); nothing happens without one.
namespace weir::service_manager {

/// The sockets that it has handed over (sd_listen_fds_with_names(3)). They are this process's from then on, and the
/// environment does not show them any more. Throws std::system_error if the environment is wrong about them. Before
/// there are other threads, once.
std::vector<HandedOverSocket> take_sockets();

void notify_ready(const std::string& status);
/// A reload begins, and one is over, whatever came of it.
void notify_reloading();
void notify_reloaded();
/// Stopping may take so long, and a while more for what remains to be done; the manager waits at least until then.
void notify_stopping(const std::string& status, std::chrono::milliseconds longest);
/// That process is the service's main one from now on, and it is ready. Only the main one may say so.
void notify_main_process(pid_t process);
/// Whatever is under way may take so much longer from now on; what was asked for before is never cut short.
void extend_timeout(std::chrono::microseconds longest);
/// Says nothing from now on, because another process is the main one; or speaks again.
void set_silent(bool now);
void notify_status(const std::string& status);

/// Whether there is one that listens.
bool is_present();
/// How long it waits for feed_watchdog() before it restarts the daemon (WatchdogSec=); nothing if it does not.
std::optional<std::chrono::microseconds> watchdog_interval();
void feed_watchdog();

}  // namespace weir::service_manager
