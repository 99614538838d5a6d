#include "server/control/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <ctime>

namespace weir::service_manager {

void notify_ready(const std::string& status) { ::sd_notify(0, ("READY=1\nSTATUS=" + status).c_str()); }

void notify_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto at = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(at).count();
  ::sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str());
}

void notify_reloaded() { ::sd_notify(0, "READY=1"); }

void notify_stopping(const std::string& status, std::chrono::milliseconds longest) {
  // The last handshakes, the cut and the flush of the logs are bounded by some 15 s together.
  const std::chrono::microseconds extension = longest + std::chrono::seconds(15);
  const std::string text = "STOPPING=1\nSTATUS=" + status;
  ::sd_notify(0, (text + "\nEXTEND_TIMEOUT_USEC=" + std::to_string(extension.count())).c_str());
}

void notify_main_process(pid_t process) { ::sd_notify(0, ("READY=1\nMAINPID=" + std::to_string(process)).c_str()); }

void notify_status(const std::string& status) { ::sd_notify(0, ("STATUS=" + status).c_str()); }

}  // namespace weir::service_manager
