#include "server/control/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <ctime>
#include <system_error>

namespace weir::service_manager {

namespace {

bool silent = false;  // the control thread's

void tell(const std::string& state) {
  if (!silent) ::sd_notify(0, state.c_str());
}

}  // namespace

void set_silent(bool now) { silent = now; }

std::vector<HandedOverSocket> take_sockets() {
  char** names = nullptr;
  const int count = ::sd_listen_fds_with_names(1, &names);
  if (count < 0) {
    throw std::system_error(-count, std::generic_category(),
                            "cannot take the sockets that LISTEN_FDS and LISTEN_FDNAMES speak of");
  }
  std::vector<HandedOverSocket> sockets;
  for (int i = 0; i < count; ++i) {
    sockets.push_back({names[i], io::Descriptor(SD_LISTEN_FDS_START + i)});
    std::free(names[i]);
  }
  std::free(static_cast<void*>(names));
  return sockets;
}

void notify_ready(const std::string& status) { tell("READY=1\nSTATUS=" + status); }

void notify_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto at = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(at).count();
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void notify_reloaded() { tell("READY=1"); }

void notify_stopping(const std::string& status, std::chrono::milliseconds longest) {
  // The last handshakes, the cut and the flush of the logs are bounded by some 15 s together.
  const std::chrono::microseconds extension = longest + std::chrono::seconds(15);
  const std::string text = "STOPPING=1\nSTATUS=" + status;
  tell(text + "\nEXTEND_TIMEOUT_USEC=" + std::to_string(extension.count()));
}

void notify_main_process(pid_t process) { tell("READY=1\nMAINPID=" + std::to_string(process)); }
void extend_timeout(std::chrono::microseconds longest) {
  tell("EXTEND_TIMEOUT_USEC=" + std::to_string(longest.count()));
}

bool is_present() { return std::getenv("NOTIFY_SOCKET") != nullptr; }

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

void feed_watchdog() { tell("WATCHDOG=1"); }

void notify_status(const std::string& status) { tell("STATUS=" + status); }

}  // namespace weir::service_manager
