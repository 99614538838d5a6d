#include "client/experiment/process_use.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "common/printable.hpp"

namespace weir::load {

namespace {

/// What a field of ticks counts.
std::chrono::nanoseconds tick() { return std::chrono::nanoseconds(1'000'000'000 / ::sysconf(_SC_CLK_TCK)); }

}  // namespace

std::chrono::nanoseconds cpu_time_of(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) throw std::runtime_error("--pid: there is no process " + std::to_string(pid));
  // The name is the second field, and may have blanks and parentheses; utime and stime are the 14th and 15th.
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::int64_t user = 0;
  std::int64_t system = 0;
  fields >> user >> system;
  return (user + system) * tick();
}

std::chrono::nanoseconds cpu_time_of(std::span<const std::int64_t> pids) {
  std::chrono::nanoseconds sum{0};
  for (const std::int64_t pid : pids) sum += cpu_time_of(pid);
  return sum;
}

std::string process_name(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name.empty() ? "PID " + std::to_string(pid) : terminal_text(name);
}

}  // namespace weir::load
